#!/usr/bin/env python3
"""Kills a running job at random times until it has finished, and checks what it wrote with readers of its own.

The job: a file of events -> windows of ten seconds per key -> JSON files, with a checkpoint every 100 ms. Each attempt
resumes what the one before left behind, every other one with another parallelism. The first round is left alone and tells
how long the job takes. Verdict: every event is counted once, no window is there twice. Options: --kills N (rounds go on
until N processes were killed), --seed, --keys (with thousands of them checkpoints have large bases and many deltas).
"""
import argparse
import collections
import datetime
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

WINDOW_MS = 10_000
SCRIPT = """
SET 'execution.checkpointing.interval' = '100 ms';
SET 'execution.checkpointing.dir' = '{folder}/checkpoints';
CREATE TABLE events (id BIGINT, k INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
  WITH ('connector' = 'filesystem', 'path' = '{events}', 'format' = 'json');
CREATE TABLE windows (w TIMESTAMP(3), k INT, n BIGINT, s BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '{folder}/windows', 'format' = 'json');
INSERT INTO windows SELECT window_start, k, COUNT(*), SUM(id)
  FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;
"""


def write_events(folder, count, keys):
    """One event a millisecond; returns what the windows must say."""
    start = datetime.datetime(2026, 1, 1)
    expected = collections.defaultdict(lambda: [0, 0])
    with open(folder / "events.json", "w") as out:
        for i in range(count):
            time = (start + datetime.timedelta(milliseconds=i)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
            out.write(f'{{"id":{i},"k":{i % keys},"ts":"{time}"}}\n')
            window = (start + datetime.timedelta(milliseconds=i - i % WINDOW_MS)).strftime("%Y-%m-%d %H:%M:%S")
            entry = expected[(window, i % keys)]
            entry[0] += 1
            entry[1] += i
    return {key: tuple(value) for key, value in expected.items()}


def has_finished(folder):
    """A run is finished once its record is gone: executing the script again would start a new one."""
    root = folder / "checkpoints" / "job"
    return any(root.glob("jobs/*/manifest-*")) and not (root / "run").exists()


def run_until_finished(penstock, folder, budget, longest, rng):
    """Kills while the budget lasts; returns the number of kills."""
    kills, parallelism = 0, rng.randint(1, 2)
    while not has_finished(folder):
        command = [penstock, "run", "-p", str(parallelism), str(folder / "job.sql")]
        parallelism = rng.choice([parallelism, rng.randint(1, 4)])
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            _, errors = process.communicate(timeout=rng.uniform(0, longest) if kills < budget else 300)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            continue
        if process.returncode != 0:
            sys.exit(f"the job failed after {kills} kills: {errors}")
    return kills


def check(folder, expected):
    found = {}
    for path in sorted((folder / "windows").iterdir()):
        if path.name.startswith("."):
            continue
        for line in open(path):
            row = json.loads(line)
            key = (row["w"].replace("T", " ")[:19], row["k"])
            if key in found:
                sys.exit(f"doubled: {key} {found[key]} and {row}")
            found[key] = (row["n"], row["s"])
    for key, value in expected.items():
        if found.get(key) != value:
            sys.exit(f"lost or wrong: {key} is {found.get(key)}, not {value}")
    if len(found) != len(expected):
        sys.exit("windows that no event is in: " + str(sorted(set(found) - set(expected))[:3]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", required=True)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--events", type=int, default=600_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keys", type=int, default=7)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    kills = rounds = 0
    longest = None  # how long an attempt lives at most, in seconds
    with tempfile.TemporaryDirectory() as events:
        expected = write_events(pathlib.Path(events), options.events, options.keys)
        while kills < options.kills:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                (folder / "job.sql").write_text(SCRIPT.format(folder=folder, events=events))
                start = time.monotonic()
                budget = options.kills - kills if rounds else 0
                kills += run_until_finished(options.penstock, folder, budget, longest, rng)
                longest = longest or time.monotonic() - start
                check(folder, expected)
                rounds += 1
    print(f"{kills} kills in {rounds} rounds, seed {options.seed}: nothing lost, nothing doubled")


if __name__ == "__main__":
    main()
