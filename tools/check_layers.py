#!/usr/bin/env python3
"""Fails when a file of src/ includes a module that tools/layers.txt does not allow it.

Also checks that each allow-list names only modules declared above it (a lower layer), and that third-party
headers with a home stay in it (RocksDB only in state/rocksdb, librdkafka only in connectors/kafka, ...). The public
headers of include/penstock stand alone: they include the standard library and each other, and only src/api
implements them.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOMES = {
    r"rocksdb/": ("src/state/rocksdb/",),
    r"librdkafka/": ("src/connectors/kafka/",),
    r"boost/(asio|beast)": ("src/service/", "src/env/"),
    r"(arrow|parquet)/": ("src/formats/parquet/",),
    r"curl/": ("src/env/",),
    r"simdjson": ("src/formats/json/", "src/formats/avro/", "src/expr/json/", "src/engine/control/"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def allowed_edges():
    """Module -> allowed modules, checking that the file is ordered by layer."""
    edges, layer_of, layer = {}, {}, -1
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        if match := re.match(r"# layer (\d+)", line):
            layer = int(match[1])
        elif match := re.match(r"([a-z_]+):(.*)", line):
            layer_of[match[1]] = layer
            edges[match[1]] = set(match[2].split())
    for module, targets in edges.items():
        for target in targets:
            if layer_of.get(target, 99) >= layer_of[module]:
                sys.exit(f"tools/layers.txt: {module} may not use {target}: not a lower layer")
    return edges


def main():
    edges, bad, files = allowed_edges(), [], 0
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        files += 1
        name = path.relative_to(ROOT).as_posix()
        module = name.split("/")[1]
        for bracket, target in INCLUDE.findall(path.read_text()):
            if bracket == '"':
                other = target.split("/")[0]
                if other != module and other in edges and other not in edges.get(module, ()):
                    bad.append(f"{name}: includes {target}, but {module} may not use {other}")
            for pattern, homes in HOMES.items():
                if bracket == "<" and re.match(pattern, target) and not name.startswith(homes):
                    bad.append(f"{name}: includes <{target}>, whose home is {' '.join(homes)}")
            if target.startswith("penstock/") and module != "api":
                bad.append(f"{name}: includes {target}; the public interface is for applications and src/api")
    for path in sorted((ROOT / "include" / "penstock").glob("*.h")):
        for bracket, target in INCLUDE.findall(path.read_text()):
            if not (target.startswith("penstock/") if bracket == '"' else re.fullmatch(r"[a-z_]+", target)):
                bad.append(f"include/penstock/{path.name}: includes {target}: only the standard library and itself")
    print("\n".join(bad + [f"layers: {files} files, {len(bad)} forbidden edges"]))
    return 1 if bad else 0


sys.exit(main())
