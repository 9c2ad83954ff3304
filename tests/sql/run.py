#!/usr/bin/env python3
"""Runs the text tests of this folder (text_test.py says how they look, README.md of tests/ how to write them).

Every file runs in configurations: parallelism 1 and 3, batches of 1, 7 and 1024 rows, plain, with serialised job
graphs, and over a savepoint at a random point. An everyday run takes nine of them that cover every pair, chosen by a
seed that changes with the day and is printed; --full takes all; --batch runs them as batch jobs instead, with memory
for everything and for next to nothing. Options: --penstock PATH, --filter TEXT, --seed N, --full, --batch, --jobs N, --update (rewrites the expected rows), --verbose (names the skips).
"""
import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import text_test
from configurations import BACKENDS, BATCH_MODES, Configuration, covering, in_batch, product

HERE = pathlib.Path(__file__).resolve().parent


class Run:
    """One file in one configuration, in a folder of its own."""

    def __init__(self, penstock, test, configuration, seed, directory):
        self.penstock, self.test, self.configuration = penstock, test, configuration
        self.directory = pathlib.Path(directory)
        self.random = random.Random(f"{seed} {test.path.name}")
        self.statements, self.numbers, self.sinks = [], {}, {}

    def table(self, block, phase):
        """CREATE TABLE over the block's rows; in phase 'before', over a random first part of them, without an end."""
        name = block.header.split("(")[0].strip()
        events = [text_test.row_event(row) for row in block.body]
        options = {"connector": "values", "path": str(self.directory / f"{name}.jsonl")}
        if {event["kind"] for event in events} - {"+I"}:
            options["changelog-mode"] = "I,UB,UA,D"
        header = block.header
        if match := re.search(r"\bWITH\s*\((.*)\)\s*$", header, re.I):
            options |= dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", match[1]))
            header = header[: match.start()].strip()
        if block.kind == "sink":
            self.sinks[name] = pathlib.Path(options["path"])
        else:
            kept = self.random.randint(0, len(events)) if phase == "before" else len(events)
            if phase == "before":
                options["bounded"] = "false"
            lines = (json.dumps(event) + "\n" for event in events[:kept])
            pathlib.Path(options["path"]).write_text("".join(lines))
        listed = ", ".join(f"'{k}' = '{v}'" for k, v in options.items())
        return f"CREATE TABLE {header} WITH ({listed})"

    def script(self, phase):
        self.statements, self.numbers = [], {}
        for index, block in enumerate(self.test.blocks):
            sqls = []
            if block.kind in ("table", "sink"):
                sqls = [self.table(block, phase)]
            elif block.kind == "set":
                key, _, value = block.header.partition(" ")
                sqls = [f"SET '{key}' = '{value}'"]
            elif block.kind == "file":
                (self.directory / block.header).write_text("".join(line + "\n" for line in block.body))
            elif block.kind in ("query", "error", "statement"):
                sql, _, equivalent = block.parts()
                sqls = [sql] if equivalent is None else [sql, equivalent]
                sqls = [sql.replace("{directory}", str(self.directory)) for sql in sqls]
            elif block.kind != "rows":
                raise ValueError(f"{self.test.path}:{block.line}: unknown block '{block.kind}'")
            first = len(self.statements) + 1
            self.statements += sqls
            self.numbers[index] = range(first, first + len(sqls))
        path = self.directory / "test.sql"
        path.write_text(";\n".join(self.statements) + ";\n")
        return path

    def execute(self, phase, *options):
        command = [self.penstock, "run", str(self.script(phase)), "--format", "json", "--continue-on-error",
                   "-D", "table.dml-sync=true", *self.configuration.options(), *options]
        if "-p" not in options:
            command += ["-p", str(self.configuration.parallelism)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
        results, current = {}, None
        for line in done.stdout.splitlines():
            event = json.loads(line)
            if "statement" in event:
                current = results.setdefault(event["statement"], {"rows": [], "error": None})
                if event.get("status") == "error":
                    current["error"] = event["message"]
            else:
                current["rows"].append(text_test.row_text(event))
        return results

    def outcome(self):
        if self.configuration.mode != "savepoint":
            return self.execute("whole")
        savepoint = str(self.directory / "savepoint")
        first = str(self.configuration.parallelism if self.configuration.parallelism == 1 else self.random.randint(1, 3))
        before = self.execute("before", "-p", first, "--stop-when-idle", "--savepoint", savepoint,
                              "-D", "penstock.idle-time=0 ms")
        after = self.execute("whole", "--from-savepoint", savepoint)
        for number, result in after.items():
            result["rows"] = before[number]["rows"] + result["rows"]
            result["error"] = before[number]["error"] or result["error"]
        return after

    def sink_rows(self):
        return {name: [text_test.row_text(json.loads(line)) for line in path.read_text().splitlines()]
                if path.exists() else [] for name, path in self.sinks.items()}


def run_file(arguments, test, configuration, seed):
    """(number of checks, failures) of one file in one configuration."""
    with tempfile.TemporaryDirectory(prefix="penstock-text-") as directory:
        run = Run(arguments.penstock, test, configuration, seed, directory)
        where = test.path.relative_to(HERE)
        try:
            results, sinks = run.outcome(), {}
            sinks = run.sink_rows()
        except (RuntimeError, ValueError, KeyError, subprocess.TimeoutExpired) as problem:
            return 1, [f"{where} ({configuration}): {problem}"]
        if arguments.update:
            update(test, results, run.numbers, sinks)
            return 0, []
        failures, checks = [], 0
        for index, block in enumerate(test.blocks):
            if block.kind in ("table", "sink", "set", "file"):
                continue
            checks += 1
            problem = text_test.check(block, results, run.numbers[index], sinks, configuration)
            if problem:
                failures.append(f"{where}:{block.line} ({configuration}): {problem}")
        return checks, failures


def update(test, results, numbers, sinks):
    """Rewrites the rows of queries and sinks with what came out."""
    lines = test.path.read_text().splitlines()
    for index in sorted(numbers, reverse=True):
        block = test.blocks[index]
        if block.kind == "rows":
            lines[block.line : block.line + len(block.body)] = sinks[block.header.split()[0]]
        if block.kind != "query" or "====" in block.body:
            continue
        sql_lines = block.body.index("----") if "----" in block.body else len(block.body)
        rows = results[numbers[index][0]]["rows"]
        lines[block.line + sql_lines : block.line + len(block.body)] = ["----", *rows]
    test.path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", default="build/penstock")
    parser.add_argument("--filter", default="")
    parser.add_argument("--seed", type=int, default=int(time.time() // 86400))
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    tests = [text_test.parse(path) for path in sorted(HERE.rglob("*.test")) if arguments.filter in str(path)]
    chosen = product() if arguments.full else covering(arguments.seed) + in_batch(arguments.seed)
    if arguments.batch:
        chosen = [Configuration(p, rows, mode) for p in (1, 3) for rows in (7, 1024) for mode in BATCH_MODES]
    if arguments.update:
        chosen = [Configuration(1, 1, "plain", BACKENDS[0])]
    units, skips = [], []
    for test in tests:
        for configuration in chosen:
            reasons = [test.skips[word] for word in configuration.words() if word in test.skips]
            if reasons:
                skips.append(f"skip {test.path.relative_to(HERE)} ({configuration}): {reasons[0]}")
            else:
                units.append((test, configuration))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(lambda unit: run_file(arguments, *unit, arguments.seed), units))
    failures = [failure for _, failed in outcomes for failure in failed]
    print("\n".join(failures + (skips if arguments.verbose else [])))
    print(f"text tests: seed {arguments.seed}, {len(tests)} files, {len(chosen)} configurations, "
          f"{sum(count for count, _ in outcomes)} checks, {len(skips)} skips, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
