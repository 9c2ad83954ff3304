#!/usr/bin/env python3
"""Kills a job at random times while savepoints of it are taken, and checks the job and every savepoint.

The job and its checks are those of kill_test.py. Beside each attempt `penstock savepoint` is called again and again: it has a
path to tell, or an error, whatever happens to the process meanwhile. Verdict: the job loses and doubles nothing, every
savepoint that was told is whole (`penstock state verify`), and a job of its own that starts from one of them
writes exactly the windows that had not fired when it was taken. So is every other that has a manifest.
Options: --kills N, --seed, --events, --keys; --bucket: savepoints go to a real S3 server ($PENSTOCK_PEERS).
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

from kill_test import SCRIPT, check, has_finished, write_events

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from peers import S3  # noqa: E402

BUCKET = "savepoints"


@contextlib.contextmanager
def places(bucket):
    """A function: the place of savepoints for the folder of a round."""
    if not bucket:
        yield lambda folder: str(folder / "savepoints")
        return
    with S3() as server:
        os.environ.update(server.credentials(), AWS_ENDPOINT_URL_S3=server.url)
        server.bucket(BUCKET)
        yield lambda folder: f"s3://{BUCKET}/{folder.name}"


def take_savepoints(penstock, folder, place, process, taken, wrong):
    """Until the process ends; appends the path of each that was completed, and what else was said."""
    while process.poll() is None:
        done = subprocess.run([penstock, "savepoint", "job", place, "--dir", str(folder / "checkpoints")],
                              capture_output=True, text=True, timeout=120)
        found = re.search(r"^Savepoint completed\. Path: (.*)$", done.stdout, re.M)
        if found:
            taken.append(found[1])
        elif done.returncode != 1 or not done.stderr:
            wrong.append(f"penstock savepoint: exit code {done.returncode}, {done.stdout!r} {done.stderr!r}")


def run_until_finished(penstock, folder, place, budget, longest, rng, taken):
    """Kills while the budget lasts; returns the number of kills."""
    kills, wrong = 0, []
    while not has_finished(folder):
        process = subprocess.Popen([penstock, "run", "-p", str(rng.randint(1, 3)), str(folder / "job.sql")],
                                   stderr=subprocess.PIPE, text=True)
        asking = threading.Thread(target=take_savepoints, args=(penstock, folder, place, process, taken, wrong))
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


def verify(penstock, place, taken):
    """All that have a manifest are whole, and those that were told are among them."""
    done = subprocess.run([penstock, "state", "verify", place], capture_output=True, text=True)
    missing = [path for path in taken if f"ok: savepoint {path}/job-1:" not in done.stdout]
    if done.returncode != 0 or missing:
        sys.exit(f"savepoints that are not whole: {missing}\n{done.stdout}{done.stderr}")


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
    parser.add_argument("--bucket", action="store_true")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    kills = rounds = savepoints = 0
    longest = None
    with tempfile.TemporaryDirectory() as events, places(options.bucket) as place_of:
        expected = write_events(pathlib.Path(events), options.events, options.keys)
        while kills < options.kills:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                place = place_of(folder)
                (folder / "job.sql").write_text(SCRIPT.format(folder=folder, events=events))
                start, taken = time.monotonic(), []
                kills += run_until_finished(options.penstock, folder, place, options.kills - kills if rounds else 0, longest, rng,
                                            taken)
                longest = longest or time.monotonic() - start
                check(folder, expected)
                if taken:
                    verify(options.penstock, place, taken)
                    check_fork(options.penstock, folder, events, rng.choice(taken), expected)
                savepoints += len(taken)
                rounds += 1
    print(f"{kills} kills in {rounds} rounds, {savepoints} savepoints, seed {options.seed}: nothing lost, nothing doubled")


main()
