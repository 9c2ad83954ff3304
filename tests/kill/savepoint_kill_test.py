#!/usr/bin/env python3
"""Kills a job at random times while savepoints of it are taken, and checks the job and every savepoint.

The job and its checks are those of kill_test.py. Beside each attempt `penstock savepoint` is called again and again: it has a
path to tell, or an error, whatever happens to the process meanwhile. Verdict: the job loses and doubles nothing, every
savepoint that was told is whole (`penstock state verify`), and a job of its own that starts from one of them
writes exactly the windows that had not fired when it was taken. Options: --kills N, --seed, --events, --keys.
"""
import argparse
import datetime
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

from kill_test import SCRIPT, check, has_finished, write_events


def take_savepoints(penstock, folder, process, taken, wrong):
    """Until the process ends; appends the path of each that was completed, and what else was said."""
    while process.poll() is None:
        done = subprocess.run([penstock, "savepoint", "job", str(folder / "savepoints"), "--dir", str(folder / "checkpoints")],
                              capture_output=True, text=True, timeout=120)
        found = re.search(r"^Savepoint completed\. Path: (.*)$", done.stdout, re.M)
        if found:
            taken.append(found[1])
        elif done.returncode != 1 or not done.stderr:
            wrong.append(f"penstock savepoint: exit code {done.returncode}, {done.stdout!r} {done.stderr!r}")


def run_until_finished(penstock, folder, budget, longest, rng, taken):
    """Kills while the budget lasts; returns the number of kills."""
    kills, wrong = 0, []
    while not has_finished(folder):
        process = subprocess.Popen([penstock, "run", "-p", str(rng.randint(1, 3)), str(folder / "job.sql")],
                                   stderr=subprocess.PIPE, text=True)
        asking = threading.Thread(target=take_savepoints, args=(penstock, folder, process, taken, wrong))
        asking.start()
        try:
            _, errors = process.communicate(timeout=rng.uniform(0, longest) if kills < budget else 300)
            if process.returncode != 0:
                sys.exit(f"the job failed after {kills} kills: {errors}")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
        asking.join()
        if wrong:
            sys.exit(wrong[0])
    return kills


def check_fork(penstock, folder, events, path, expected):
    """A job that starts from the savepoint: what it writes, with what had fired before, is everything once."""
    forked = folder / "fork"
    forked.mkdir()
    (forked / "fork.sql").write_text("SET 'pipeline.uid' = 'fork';" + SCRIPT.format(folder=forked, events=events))
    subprocess.run([penstock, "run", str(forked / "fork.sql"), "--from-savepoint", path, "-p", "2"], check=True, timeout=300)
    rows = [json.loads(line) for file in (forked / "windows").iterdir() if not file.name.startswith(".")
            for line in open(file)] if (forked / "windows").exists() else []
    found = {(row["w"].replace("T", " ")[:19], row["k"]): (row["n"], row["s"]) for row in rows}
    if len(found) != len(rows):
        sys.exit(f"the fork from {path} has a window twice")
    first = min(found, default=("9", 0))[0]
    wanted = {key: value for key, value in expected.items() if key[0] >= first}
    if found != wanted:
        sys.exit(f"the fork from {path} has {len(found)} windows from {first} on, not {len(wanted)}, or others")
    return len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", required=True)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--events", type=int, default=600_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keys", type=int, default=7)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    kills = rounds = savepoints = 0
    longest = None
    with tempfile.TemporaryDirectory() as events:
        expected = write_events(pathlib.Path(events), options.events, options.keys)
        while kills < options.kills:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                (folder / "job.sql").write_text(SCRIPT.format(folder=folder, events=events))
                start, taken = time.monotonic(), []
                kills += run_until_finished(options.penstock, folder, options.kills - kills if rounds else 0, longest, rng, taken)
                longest = longest or time.monotonic() - start
                check(folder, expected)
                for path in taken:
                    subprocess.run([options.penstock, "state", "verify", path], check=True, capture_output=True)
                if taken:
                    check_fork(options.penstock, folder, events, rng.choice(taken), expected)
                savepoints += len(taken)
                rounds += 1
    print(f"{kills} kills in {rounds} rounds, {savepoints} savepoints, seed {options.seed}: nothing lost, nothing doubled")


main()
