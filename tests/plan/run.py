#!/usr/bin/env python3
"""Planner goldens: explains every NAME.sql of this folder over tables.sql and compares with NAME.txt.

With --update the texts are written anew (tools/regenerate_plans.sh does that); read the difference before
committing it: a plan may change, its meaning may not.
"""
import argparse
import difflib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def explain(penstock, script):
    command = [penstock, "explain", str(script), "-i", str(HERE / "tables.sql"), "--format", "json",
               "--continue-on-error"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=HERE)
    lines = []
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if "row" in answer:
            lines.append(answer["row"][0])
        elif answer.get("status") == "error":
            lines += ["-- " + answer["message"], ""]
    return "\n".join(lines) + "\n" + done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", required=True)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    penstock = str(pathlib.Path(arguments.penstock).resolve())
    failures = 0
    for script in sorted(HERE.glob("*.sql")):
        if script.name == "tables.sql":
            continue
        golden = script.with_suffix(".txt")
        actual = explain(penstock, script)
        if arguments.update:
            golden.write_text(actual)
            continue
        expected = golden.read_text() if golden.exists() else ""
        if actual != expected:
            failures += 1
            sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True),
                                                       golden.name, "actual"))
    if not arguments.update:
        print(f"{failures} plans differ")
    return 1 if failures else 0


sys.exit(main())
