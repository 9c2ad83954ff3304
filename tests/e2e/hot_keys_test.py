#!/usr/bin/env python3
"""A key gets a subtask of its own while its job runs ('penstock.hot-keys' = 'dedicated'), in real time at parallelism 2: every
row is there once, with the number that it has among the rows of its key, and each file has the rows of a key in their order.

Needs no server. Prints one line a test.
"""
import argparse
import csv
import pathlib
import re
import subprocess
import sys
import tempfile

from peers import ROOT, run_tests

ROWS, HOT = 50_000, 7
SCRIPT = """
SET 'parallelism.default' = '2';
SET 'penstock.hot-keys' = '{hot_keys}';
SET 'penstock.hot-keys.after' = '500';
SET 'execution.checkpointing.dir' = 'checkpoints-{hot_keys}';
SET 'execution.checkpointing.interval' = '50 ms';
CREATE TABLE numbers (id BIGINT, at AS PROCTIME()) WITH ('connector' = 'datagen', 'rows-per-second' = '20000',
  'scan.parallelism' = '1', 'number-of-rows' = '{rows}', 'fields.id.kind' = 'sequence', 'fields.id.start' = '0',
  'fields.id.end' = '{last}');
CREATE TABLE counted (k BIGINT, id BIGINT, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out-{hot_keys}',
  'format' = 'csv');
INSERT INTO counted SELECT k, id,
  COUNT(*) OVER (PARTITION BY k ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
FROM (SELECT *, CASE WHEN MOD(id, 10) < 8 THEN 7 ELSE MOD(id, 101) + 1000 END AS k FROM numbers);
"""


def expected():
    numbers, rows = {}, []
    for number in range(ROWS):
        key = HOT if number % 10 < 8 else number % 101 + 1000
        numbers[key] = numbers.get(key, 0) + 1
        rows.append((key, number, numbers[key]))
    return sorted(rows)


class Test:
    def __init__(self, penstock, folder):
        self.penstock, self.folder = penstock, folder

    def run(self, hot_keys):
        """(standard error, rows by part file)."""
        script = self.folder / f"{hot_keys}.sql"
        script.write_text(SCRIPT.format(hot_keys=hot_keys, rows=ROWS, last=ROWS - 1))
        done = subprocess.run([str(self.penstock), "run", script.name, "--progress"], cwd=self.folder, text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr[-2000:]
        parts = {}
        for path in (self.folder / f"out-{hot_keys}").glob("part-*"):
            with path.open() as file:
                parts[path.name] = [tuple(map(int, row)) for row in csv.reader(file)]
        return done.stderr, parts

    def a_key_that_moves_keeps_its_order_and_every_row(self):
        told, parts = self.run("dedicated")
        assert re.search(r"\(7\) .* on subtask 1 of its own", told), told[-600:]
        # Attempt and subtask are in the name: both subtasks wrote before the move and behind it.
        assert len({name.rsplit("-", 1)[0] for name in parts}) >= 4, sorted(parts)
        self.check(parts)

    def without_the_option_nothing_moves(self):
        told, parts = self.run("none")
        assert "of its own" not in told, told[-600:]
        assert len({name.rsplit("-", 1)[0] for name in parts}) == 2, sorted(parts)
        self.check(parts)

    def check(self, parts):
        for name, rows in parts.items():
            last = {}
            for key, _, number in rows:
                assert last.get(key, 0) < number, f"{name}: row {number} of key {key} behind row {last[key]}"
                last[key] = number
        come = sorted(row for rows in parts.values() for row in rows)
        assert come == expected(), f"{len(come)} rows, {len(set(come) ^ set(expected()))} are not those expected"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", type=pathlib.Path, default=ROOT / "build" / "penstock")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        test = Test(arguments.penstock.resolve(), pathlib.Path(folder))
        return run_tests("hot_keys", [(name, getattr(test, name)) for name in
                                      ("a_key_that_moves_keeps_its_order_and_every_row",
                                       "without_the_option_nothing_moves")])


sys.exit(main())
