#!/usr/bin/env python3
"""Kills a running job at random times until it has read its input, and checks what is in Kafka with readers of its own.

The job: a topic of events -> windows of five minutes per key -> a topic and JSON files, and a running count per key -> a
compacted topic (upsert-kafka), all exactly once, with a checkpoint every 200 ms. Each attempt resumes what the one before
left behind. Every other kill waits for a checkpoint to be sealed and comes before it can be decided, if it is quick enough;
how often it was is printed. Verdict, from Java's read_committed consumer and Kafka's own offsets: every event is counted in exactly one
window, in both places; the count of each key goes up by one from record to record; nothing is open at the end (the last
stable offset is the end offset). Options: --kills N (rounds go on until N processes were killed), --seed, --events.
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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from kafka_case import Broker  # noqa: E402
from kafka_wire import end_offset  # noqa: E402
from peers import SKIPPED, Missing  # noqa: E402

KEYS, PARTITIONS, WINDOW_MS, STEP_MS = 50, 4, 300_000, 100
START = datetime.datetime(2026, 1, 1)
SCRIPT = """
SET 'execution.checkpointing.interval' = '200 ms';
SET 'execution.checkpointing.dir' = '{folder}/checkpoints';
SET 'restart-strategy.type' = 'none';
CREATE TABLE events (id BIGINT, k INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE)
  WITH ({kafka}, 'topic' = 'events', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset',
        'scan.bounded.mode' = 'latest-offset');
CREATE TABLE windows (w TIMESTAMP(3), k INT, n BIGINT, s BIGINT)
  WITH ({kafka}, 'topic' = 'windows-{round}', 'format' = 'json', {once});
CREATE TABLE files (w TIMESTAMP(3), k INT, n BIGINT, s BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '{folder}/windows', 'format' = 'json');
CREATE TABLE counts (k INT, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)
  WITH ('connector' = 'upsert-kafka', 'properties.bootstrap.servers' = '{servers}', 'topic' = 'counts-{round}',
        'key.format' = 'json', 'value.format' = 'json', {once});
CREATE VIEW counted AS SELECT window_start, k, COUNT(*), SUM(id)
  FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, k;
EXECUTE STATEMENT SET BEGIN
  INSERT INTO windows SELECT * FROM counted;
  INSERT INTO files SELECT * FROM counted;
  INSERT INTO counts SELECT k, COUNT(*) FROM events GROUP BY k;
END;
"""


def produce_events(broker, count):
    """One event each STEP_MS of event time; returns what the windows must say."""
    expected, lines = collections.defaultdict(lambda: [0, 0]), []
    for i in range(count):
        at = START + datetime.timedelta(milliseconds=i * STEP_MS)
        key = i * 7919 % KEYS
        lines.append(f'{key}|{{"id":{i},"k":{key},"ts":"{at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]}"}}\n')
        window = START + datetime.timedelta(milliseconds=i * STEP_MS // WINDOW_MS * WINDOW_MS)
        entry = expected[(str(window), key)]
        entry[0] += 1
        entry[1] += i
    broker.topic("events", PARTITIONS)
    broker.run("produce", "events", "--key-separator", "|", text="".join(lines))
    stored = sum(end_offset(broker.servers, "events", p, True) for p in range(PARTITIONS))
    assert stored == count, f"{stored} events of {count} are in the topic"
    return {key: tuple(value) for key, value in expected.items()}


def has_finished(folder):
    """A run is finished once its record is gone: executing the script again would start a new one."""
    root = folder / "checkpoints" / "job"
    return any(root.glob("jobs/*/manifest-*")) and not (root / "run").exists()


def newest_sealed(folder):
    return max((int(path.name.split("-")[1]) for path in folder.glob("checkpoints/job/jobs/*/manifest-*")
                if path.name.count("-") == 1 and path.name.split("-")[1].isdigit()), default=0)


def newest_decided(broker, job):
    """What the last committed record of the job says."""
    output = broker.run("consume", "penstock-progress", "--committed", "--timeout-ms", "2000", "--with", "key")
    epochs = [int(line.split("\t")[1].split()[2], 16) for line in output.splitlines() if line.startswith(job + "\t")]
    return max(epochs, default=0)


class Killer:
    """Starts the job until it has finished, and kills it while the budget lasts."""

    def __init__(self, broker, rng):
        self.broker, self.rng = broker, rng
        self.kills = self.aimed = self.between = 0

    def run(self, command, folder, job, budget, longest):
        while not has_finished(folder):
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            try:
                kill = self.kills < budget
                _, errors = process.communicate(timeout=self.rng.uniform(0.05, longest) if kill else 600)
            except subprocess.TimeoutExpired:
                if self.kills % 2:
                    self.wait_for_seal(folder, process)
                process.kill()
                process.communicate()
                if self.kills % 2:
                    self.aimed += 1
                    self.between += newest_sealed(folder) > newest_decided(self.broker, job)
                self.kills += 1
                continue
            if process.returncode != 0:
                sys.exit(f"the job failed after {self.kills} kills: {errors}")

    @staticmethod
    def wait_for_seal(folder, process):
        before, give_up = newest_sealed(folder), time.monotonic() + 2
        while newest_sealed(folder) == before and process.poll() is None and time.monotonic() < give_up:
            pass


def committed(broker, topic):
    """What a read_committed reader gets, as (partition, value); first, that it gets all there is."""
    count = 0
    for partition in range(PARTITIONS):
        end = end_offset(broker.servers, topic, partition, False)
        stable = end_offset(broker.servers, topic, partition, True)
        if end != stable:
            sys.exit(f"{topic}-{partition}: readers stop at {stable}, the end is {end}: a transaction is open")
        count += end
    output = broker.run("consume", topic, "--committed", "--timeout-ms", "5000")
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")], count


def check_windows(rows, expected, where):
    found = {}
    for row in rows:
        key = (row["w"].replace("T", " ")[:19], row["k"])
        if key in found:
            sys.exit(f"{where}: doubled: {key} {found[key]} and {row}")
        found[key] = (row["n"], row["s"])
    for key, value in expected.items():
        if found.get(key) != value:
            sys.exit(f"{where}: lost or wrong: {key} is {found.get(key)}, not {value}")
    if len(found) != len(expected):
        sys.exit(f"{where}: windows that no event is in: {sorted(set(found) - set(expected))[:3]}")


def check_counts(rows, events):
    """A key lies in one partition, so its records come in the order in which they were written."""
    last = collections.Counter()
    for row in rows:
        if row["n"] != last[row["k"]] + 1:
            sys.exit(f"counts: key {row['k']} goes from {last[row['k']]} to {row['n']}")
        last[row["k"]] = row["n"]
    if sum(last.values()) != events:
        sys.exit(f"counts: {sum(last.values())} events of {events}")


def check(broker, folder, number, expected, events):
    rows, _ = committed(broker, f"windows-{number}")
    check_windows(rows, expected, "topic")
    check_windows([json.loads(line) for path in sorted((folder / "windows").iterdir()) if path.name[0] != "."
                   for line in open(path)], expected, "files")
    rows, _ = committed(broker, f"counts-{number}")
    check_counts(rows, events)
    for partition in [0]:
        end = end_offset(broker.servers, "penstock-progress", partition, False)
        if end != end_offset(broker.servers, "penstock-progress", partition, True):
            sys.exit("penstock-progress: a transaction is open")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", type=pathlib.Path, required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        broker = Broker()
    except Missing as missing:
        print(f"skip   kill kafka: {missing}")
        return SKIPPED
    rng = random.Random(options.seed)
    killer, rounds = Killer(broker, rng), 0
    longest = None  # how long an attempt lives at most, in seconds
    with broker:
        expected = produce_events(broker, options.events)
        while killer.kills < options.kills:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                for topic in ("windows", "counts"):
                    broker.topic(f"{topic}-{rounds}", PARTITIONS)
                kafka = f"'connector' = 'kafka', 'properties.bootstrap.servers' = '{broker.servers}'"
                once = "'sink.delivery-guarantee' = 'exactly-once'"
                text = SCRIPT.format(folder=folder, kafka=kafka, servers=broker.servers, once=once, round=rounds)
                (folder / "job.sql").write_text(f"SET 'pipeline.uid' = 'kill-{rounds}';" + text)
                command = [str(options.penstock), "run", "-p", str(1 + rounds % 2), str(folder / "job.sql")]
                start = time.monotonic()
                killer.run(command, folder, f"kill-{rounds}", options.kills if rounds else 0, longest)
                longest = longest or time.monotonic() - start
                check(broker, folder, rounds, expected, options.events)
                rounds += 1
                print(f"round {rounds}: {killer.kills} kills so far", flush=True)
    print(f"{killer.kills} kills in {rounds} rounds, seed {options.seed}, {killer.between} of {killer.aimed} aimed ones between "
          "seal and decision: nothing lost, nothing doubled, nothing left open")
    return 0


sys.exit(main())
