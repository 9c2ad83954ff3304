#!/usr/bin/env python3
"""Nexmark on Penstock, and on Apache Flink beside it: events per core second, memory, the same results.

Queries are in bench/nexmark. Sources: `binary` replays batches that were made in memory before the clock starts;
`ndjson` reads JSON files that are in the page cache: one file at parallelism 1, two interleaved ones at parallelism 2.
Sinks are blackholes. Core seconds are user and system time of the whole process (of Flink: of the TaskManager, warmed
up by a run that does not count); figures are medians of runs that alternate between the engines. Runs over files take
exactly-once checkpoints; no mini-batch. Flink comes from the script `flink` in $PENSTOCK_PEERS (default ../shared/peers); without it, or with
--without-flink, only Penstock is measured.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys

sys.dont_write_bytecode = True
from engines import Failed, Flink, Penstock, fill, key_of, query_parts, tables, SQL  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUERIES = ["q0", "q1", "q2", "q3", "q4", "q5", "q5_count", "q7", "q8", "q9", "q11", "q12", "q12_event", "q15", "q16", "q17",
           "q18", "q19", "q20", "q22", "q23"]
# Events per core second that design asks for: (binary, NDJSON).
SIMPLE, AGGREGATION, RANKED, JOIN, NONE = (2e6, 1.5e6), (1e6, None), (2e5, None), (1.5e5, None), (None, None)
FLOORS = {"q0": SIMPLE, "q1": SIMPLE, "q2": SIMPLE, "q22": SIMPLE, "q5": AGGREGATION, "q5_count": AGGREGATION,
          "q12": AGGREGATION, "q12_event": AGGREGATION, "q15": AGGREGATION, "q17": AGGREGATION, "q16": RANKED, "q18": RANKED,
          "q19": RANKED, "q4": JOIN, "q9": JOIN, "q20": JOIN, "q23": JOIN}
# Events whose results are compared: 20,000, but more where so few give none.
CONTENT_EVENTS = {"q23": 80_000}
CLOCK_DEPENDENT = {"q12"}  # of processing time: no two runs are alike


def write_events(penstock, work, events, parts, rate=100_000):
    """JSON files of the generator's events; those of an earlier run are taken again."""
    folder = work / f"events-{events}-at-{rate}-in-{parts}"
    if not (folder / "_complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        generator = tables("generator", events=events, preload="false", rate=rate)
        penstock.run(generator + fill((SQL / "write-files.sql").read_text(), data=folder), parts)
        (folder / "_complete").touch()
    files = sorted(p for p in folder.iterdir() if not p.name.startswith("_"))
    assert len(files) == parts, files
    for file in files:  # into the page cache
        with open(file, "rb") as data:
            while data.read(1 << 22):
                pass
    return folder, files


def medians(costs, events):
    core = statistics.median(c.core_s for c in costs)
    wall = statistics.median(c.wall_s for c in costs)
    spread = (max(c.core_s for c in costs) - min(c.core_s for c in costs)) / core
    return {"runs": len(costs), "wall_s": round(wall, 3), "core_s": round(core, 3), "events_per_s": round(events / wall),
            "events_per_core_s": round(events / core), "peak_mib": round(max(c.peak_mib for c in costs)),
            "core_spread": round(spread, 2)}


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.data)
        self.work.mkdir(parents=True, exist_ok=True)
        self.penstock = Penstock(options.build, self.work, options.checkpoint_interval)
        self.flink = None
        self.results = {"events": options.events, "rows": [], "content": {}}

    def compare_contents(self):
        """Both engines' final rows, over a slow stream, so that windows close."""
        for query in self.options.queries:
            if query in CLOCK_DEPENDENT:
                continue
            folder, _ = write_events(self.penstock, self.work, CONTENT_EVENTS.get(query, 20_000), 1, rate=400)
            setup = tables("files", data=folder)
            create, _, select = query_parts(query)
            ours = self.penstock.content(setup, select, key_of(create))
            theirs = self.flink.content(setup, select, key_of(create))
            same = ours == theirs
            self.results["content"][query] = {"rows": sum(ours.values()), "same": same}
            print(f"content {query}: {sum(ours.values())} rows, {'the same' if same else 'DIFFERENT'}", flush=True)
            if not same:
                print(f"  only ours: {list((ours - theirs).items())[:3]}\n  only theirs: {list((theirs - ours).items())[:3]}")

    def add(self, engine, mode, query, parallelism, costs):
        row = {"engine": engine, "mode": mode, "query": query, "parallelism": parallelism,
               **medians(costs, self.options.events)}
        self.results["rows"].append(row)
        print(f"{engine:8} {mode:6} {query:9} p{parallelism}: {row['events_per_core_s']:>9,} events per core second, "
              f"{row['events_per_s']:>9,} per second, {row['core_s']} core s, {row['peak_mib']} MiB, "
              f"spread {row['core_spread']:.0%}", flush=True)

    def binary(self, query, parallelism):
        create, insert, _ = query_parts(query)
        setup = tables("generator", events=self.options.events, preload="true", rate=100_000) + create
        self.add("penstock", "binary", query, parallelism,
                 self.penstock.repeat(setup, insert, parallelism, self.options.runs))

    def ndjson(self, query, parallelism, folder):
        create, insert, _ = query_parts(query)
        text = tables("files", data=folder) + create + insert
        ours, theirs = [], []
        if self.flink:
            self.flink.run(text, parallelism, self.options.timeout)
        for _ in range(self.options.runs):
            ours.append(self.penstock.run(text, parallelism))
            if self.flink:
                theirs.append(self.flink.run(text, parallelism, self.options.timeout))
        self.add("penstock", "ndjson", query, parallelism, ours)
        if theirs:
            self.add("flink", "ndjson", query, parallelism, theirs)

    def run(self):
        options = self.options
        folders = {}
        if "ndjson" in options.modes:
            folders = {p: write_events(self.penstock, self.work, options.events, p) for p in options.parallelism}
            self.results["parse_only"] = self.penstock.parse_only(folders[options.parallelism[0]][1], 3)
            for loop, rate in self.results["parse_only"].items():
                print(f"parse only, {loop}: {rate:,.0f} events per core second", flush=True)
        if self.flink and not options.without_content:
            self.compare_contents()
        for query in options.queries:
            for parallelism in options.parallelism:
                if "binary" in options.modes:
                    self.binary(query, parallelism)
                if "ndjson" in options.modes:
                    self.ndjson(query, parallelism, folders[parallelism][0])

    def report(self):
        """The figures as a table in Markdown."""
        rows = {(r["engine"], r["mode"], r["query"], r["parallelism"]): r for r in self.results["rows"]}
        ceiling = self.results.get("parse_only", {}).get("fields")
        lines = ["| query | p | binary K/core·s | floor | NDJSON K/core·s | floor | of parse-only | Flink K/core·s | ratio "
                 "| MiB ours, Flink's |", "|---|---|---|---|---|---|---|---|---|---|"]
        for query in self.options.queries:
            for parallelism in self.options.parallelism:
                figures = [rows.get((e, m, query, parallelism)) for e, m in
                           (("penstock", "binary"), ("penstock", "ndjson"), ("flink", "ndjson"))]
                binary, ndjson, flink = (f["events_per_core_s"] if f else None for f in figures)
                cells = [query, str(parallelism), thousands(binary), floor(binary, FLOORS.get(query, NONE)[0]), thousands(ndjson),
                         floor(ndjson, FLOORS.get(query, NONE)[1]), f"{ndjson / ceiling:.0%}" if ndjson and ceiling else "",
                         thousands(flink), f"{ndjson / flink:.1f}×" if ndjson and flink else "",
                         ", ".join(str(f["peak_mib"]) for f in figures[1:] if f)]
                lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)


def thousands(rate):
    return f"{rate / 1000:,.0f}" if rate else ""


def floor(rate, bar):
    return f"{bar / 1000:,.0f} {'holds' if rate >= bar else 'missed'}" if rate and bar else ""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = lambda text: text.split(",")  # noqa: E731
    cache = os.environ.get("PENSTOCK_CACHE", str(pathlib.Path.home() / ".cache/penstock"))
    parser.add_argument("--build", default=str(ROOT / "build"), help="the build folder (default: build)")
    parser.add_argument("--events", type=int, default=2_000_000, help="330 bytes each as JSON (default: 2,000,000)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--queries", type=names, default=QUERIES)
    parser.add_argument("--modes", type=names, default=["binary", "ndjson"])
    parser.add_argument("--parallelism", type=lambda text: [int(p) for p in names(text)], default=[1, 2])
    parser.add_argument("--without-flink", action="store_true")
    parser.add_argument("--without-content", action="store_true", help="do not compare the engines' results")
    parser.add_argument("--checkpoint-interval", default="10 s", help="of both engines, over files (default: 10 s)")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one run of Flink")
    parser.add_argument("--data", default=cache + "/bench", help="where event files are kept")
    parser.add_argument("--json", help="write all figures to this file")
    return parser.parse_args()


def main():
    options = arguments()
    bench = Bench(options)
    flink = pathlib.Path(os.environ.get("PENSTOCK_PEERS", ROOT.parent / "shared/peers")) / "flink"
    if not options.without_flink and "ndjson" in options.modes:
        if flink.exists():
            bench.flink = Flink(flink, bench.work, options.checkpoint_interval)
            bench.flink.start()
        else:
            print(f"no {flink}: measuring Penstock alone", file=sys.stderr)
    try:
        bench.run()
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    finally:
        if bench.flink:
            bench.flink.stop()
        if options.json:
            pathlib.Path(options.json).write_text(json.dumps(bench.results, indent=1))
    print("\n" + bench.report())
    same = all(c["same"] for c in bench.results["content"].values())
    sys.exit(0 if same else "bench: the engines' results differ")


if __name__ == "__main__":
    main()
