#!/usr/bin/env python3
"""Kills a running job at random times until it has read its input, and checks what is in Kafka with readers of its own.

The job: a topic of events -> windows of five minutes per key -> a topic and JSON files, and a running count per key -> a
compacted topic (upsert-kafka), all exactly once, with a checkpoint every 100 ms. Each attempt resumes what the one before
left behind. Of three kills one waits for a checkpoint to be sealed and comes before it can be decided, if it is quick enough
(how often it was is printed), and one for the first rows that are committed after the start (how long that took, too).
Verdict, from read_committed readers (one of this test's own, in every fifth round Java's) and the brokers' offsets: every
event is counted in exactly one window, in both places; the count of each key goes up by one from record to record; nothing is open at the end (the last
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
from kafka_wire import (PROGRESS, PROGRESS_PARTITIONS, CommittedReader, create_topics, default_partition,  # noqa: E402
                        end_offset, newest_decided, open_transaction)
from peers import SKIPPED, Missing  # noqa: E402

KEYS, PARTITIONS, WINDOW_MS, STEP_MS = 50, 4, 300_000, 100
START = datetime.datetime(2026, 1, 1)
SCRIPT = """
SET 'execution.checkpointing.interval' = '100 ms';
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


class Killer:
    """Starts the job until it has finished, and kills it while the budget lasts: in turn at a random time, behind the sealing
    of a checkpoint, and behind the first rows that it commits. Watches with a reader of its own."""

    KINDS = ("random", "aimed", "resumed")

    def __init__(self, broker, rng):
        self.broker, self.rng = broker, rng
        self.kills = self.aimed = self.between = 0
        self.resumed = []  # seconds from a start behind a kill to the first rows that it commits

    def run(self, command, folder, number, budget, longest):
        output, before = CommittedReader(self.broker.servers, f"counts-{number}", range(PARTITIONS)), self.kills
        while not has_finished(folder):
            kind = self.KINDS[self.kills % 3] if self.kills < budget else "last"
            output.skip()
            with open(folder / "errors", "w+") as errors:
                started = time.monotonic()
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
                if kind in ("resumed", "last"):
                    self.await_output(output, process, started if self.kills > before else None)
                if self.ended(process, {"last": 600, "resumed": self.rng.uniform(0, 0.2)}.get(kind, self.rng.uniform(0.05, longest or 1))):
                    errors.seek(0)
                    if process.returncode != 0:
                        sys.exit(f"the job failed after {self.kills} kills: {errors.read()}")
                    continue
                if kind == "aimed":
                    self.wait_for_seal(folder, process)
                process.kill()
                process.wait()
            time.sleep(0.2)  # what was on its way arrives
            decided = newest_decided(self.broker.servers, f"kill-{number}")
            if kind == "aimed":
                self.aimed += 1
                self.between += newest_sealed(folder) > decided
            self.kills += 1

    @staticmethod
    def ended(process, seconds):
        try:
            process.wait(timeout=seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def await_output(self, output, process, started):
        while not output.read(wait_ms=20):
            if process.poll() is not None:
                return
        if started:
            self.resumed.append(time.monotonic() - started)

    @staticmethod
    def wait_for_seal(folder, process):
        before, give_up = newest_sealed(folder), time.monotonic() + 2
        while newest_sealed(folder) == before and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.0005)

    def told(self):
        """How long it took to resume."""
        times = sorted(self.resumed) or [0]
        half, most = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95))
        return f"first rows committed {half:.2f} s (median), {most:.2f} s (p95), {times[-1]:.2f} s (most) after {len(self.resumed)} starts"


def all_is_over(broker, topic, partitions):
    if still_open := open_transaction(broker.servers, topic, partitions):
        sys.exit(still_open)


def committed(broker, topic, java):
    """The values that a read_committed reader gets; first, that it gets all there is."""
    all_is_over(broker, topic, range(PARTITIONS))
    rows = [json.loads(value) for _, value in CommittedReader(broker.servers, topic, range(PARTITIONS)).read_to_end()]
    if java and rows:  # it gives up after a time without rows, so it is told how many there are
        output = broker.run("consume", topic, "--committed", "--max", len(rows), "--timeout-ms", "60000")
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return rows


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
    java = number % 5 == 0
    check_windows(committed(broker, f"windows-{number}", java), expected, "topic")
    check_windows([json.loads(line) for path in sorted((folder / "windows").iterdir()) if path.name[0] != "."
                   for line in open(path)], expected, "files")
    check_counts(committed(broker, f"counts-{number}", java), events)
    all_is_over(broker, PROGRESS, [default_partition(f"kill-{number}", PROGRESS_PARTITIONS)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", type=pathlib.Path, required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=pathlib.Path, help="gets the seconds of each resume")
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
                create_topics(broker.servers, [f"windows-{rounds}", f"counts-{rounds}"], PARTITIONS)
                kafka = f"'connector' = 'kafka', 'properties.bootstrap.servers' = '{broker.servers}'"
                once = "'sink.delivery-guarantee' = 'exactly-once'"
                text = SCRIPT.format(folder=folder, kafka=kafka, servers=broker.servers, once=once, round=rounds)
                (folder / "job.sql").write_text(f"SET 'pipeline.uid' = 'kill-{rounds}';" + text)
                command = [str(options.penstock), "run", "-p", str(1 + rounds % 2), str(folder / "job.sql")]
                start = time.monotonic()
                before = killer.kills
                killer.run(command, folder, rounds, options.kills if rounds else 0, longest)
                if killer.kills == before:
                    longest = min(longest or 60, time.monotonic() - start)
                check(broker, folder, rounds, expected, options.events)
                rounds += 1
                print(f"round {rounds}: {killer.kills} kills so far", flush=True)
    print(f"{killer.kills} kills in {rounds} rounds, seed {options.seed}, {killer.between} of {killer.aimed} aimed ones between "
          f"seal and decision: nothing lost, nothing doubled, nothing left open; {killer.told()}")
    if options.times:
        with options.times.open("a") as times:
            times.writelines(f"{seconds:.3f}\n" for seconds in killer.resumed)
    return 0


sys.exit(main())
