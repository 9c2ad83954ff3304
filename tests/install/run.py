#!/usr/bin/env python3
"""Installs a build folder into a temporary prefix, builds examples/embed against it, out of the tree and knowing
nothing but the prefix, runs it and compares what it prints with examples/embed/expected.txt.

Also checks that the shared library shows nothing but penstock::v1, and that the installed command line starts.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EMBED = ROOT / "examples" / "embed"


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build"))
    build = pathlib.Path(parser.parse_args().build)
    with tempfile.TemporaryDirectory() as folder:
        prefix, embed = pathlib.Path(folder) / "prefix", pathlib.Path(folder) / "embed"
        run("cmake", "--install", build, "--prefix", prefix)
        run(prefix / "bin" / "penstock", "--version")
        library = next(prefix.glob("lib*/**/libpenstock.so"))
        shown = run("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()
        foreign = [line for line in shown if "penstock::v1::" not in line]
        if foreign or not shown:
            sys.exit("libpenstock.so shows what is not public:\n" + "\n".join(foreign[:20]))
        run("cmake", "-S", EMBED, "-B", embed, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        run("cmake", "--build", embed)
        printed = run(embed / "embed")
    expected = (EMBED / "expected.txt").read_text()
    if printed != expected:
        sys.exit(f"examples/embed printed\n{printed}\ninstead of\n{expected}")
    print(f"install: {len(shown)} public symbols; examples/embed printed what it should")


main()
