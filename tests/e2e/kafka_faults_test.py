#!/usr/bin/env python3
"""Exactly-once jobs against a real broker when it, or the process, is away for longer than a transaction lives, when two
processes want the same job, and when a checkpoint is damaged. Rows 7, 9, 10, 12 and 13 of the fault matrix
(docs/reliability.md).

Starts a broker of its own on a free port with the peers script and stops it at the end. Readers are Java's, with
isolation level read_committed. Prints one line a test; exit code 77 when the script is missing.
"""
import json
import shutil
import signal
import sys
import time

from kafka_case import run_cases
from kafka_exactly_once_test import Test as ExactlyOnce
from kafka_wire import CommittedReader, newest_decided, open_transaction

TRANSACTION_S = 8  # the broker looks every ten seconds for those that have expired


class Test(ExactlyOnce):
    def short_script(self, name):
        """As copy_script, with transactions that live for TRANSACTION_S."""
        for topic in (name, f"{name}_out"):
            self.broker.topic(topic, 2)
        path = self.copy_script(name)
        text = path.read_text().replace("'sink.delivery-guarantee'",
                                        f"'properties.transaction.timeout.ms' = '{TRANSACTION_S}000', 'sink.delivery-guarantee'")
        path.write_text("SET 'execution.checkpointing.timeout' = '5 s';\n" + text)
        return path

    def once(self, name, end):
        """Every number is in the topic once, and nothing is open."""
        assert not (still_open := open_transaction(self.broker.servers, f"{name}_out", (0, 1))), still_open
        reader = CommittedReader(self.broker.servers, f"{name}_out", (0, 1))
        values = [json.loads(value)["v"] for _, value in reader.read_to_end()]
        assert sorted(values) == list(range(end)), f"{len(values)} rows, {len(set(values))} distinct, of {end}"

    def run_until(self, path, name, rows):
        job = self.start_path(path)
        self.wait_until(lambda: self.seen(f"{name}_out") >= rows, job)
        return job

    def stop(self, *jobs):
        for job in jobs:
            job.send_signal(signal.SIGCONT)
            job.terminate()
            job.wait(timeout=60)

    # ---- Tests

    def a_broker_away_for_longer_than_a_transaction(self):
        """The job waits for it, and goes on by itself."""
        path = self.short_script("away")
        self.numbers("away", 0, 500)
        job = self.run_until(path, "away", 500)
        try:
            self.numbers("away", 500, 600)  # a transaction is under way, or soon is
            # Killed: one that is stopped while it ends a transaction may leave it open for ever in a partition.
            self.broker.kill()
            time.sleep(3 * TRANSACTION_S)
            assert job.poll() is None, job.stdout.read()
            self.broker.run("start")
            self.numbers("away", 600, 1000)
            self.wait_until(lambda: self.seen("away_out") >= 1000, job, 120)
        finally:
            self.stop(job)
        self.once("away", 1000)

    def a_process_down_for_longer_than_a_transaction(self):
        """Killed with an open transaction; the next process comes when the broker has given that up."""
        path = self.short_script("down")
        self.numbers("down", 0, 500)
        job = self.run_until(path, "down", 500)
        self.numbers("down", 500, 700)
        job.kill()
        job.wait()
        time.sleep(3 * TRANSACTION_S)
        job = self.run_until(path, "down", 700)
        self.stop(job)
        self.once("down", 700)

    def a_process_asleep_for_longer_than_a_transaction(self):
        """Stopped and continued; meanwhile no other process gets its folder."""
        path = self.short_script("asleep")
        self.numbers("asleep", 0, 500)
        job = self.run_until(path, "asleep", 500)
        try:
            self.numbers("asleep", 500, 700)
            job.send_signal(signal.SIGSTOP)
            refused = self.fails(path)
            assert "another process" in refused, refused
            time.sleep(3 * TRANSACTION_S)
            job.send_signal(signal.SIGCONT)
            self.numbers("asleep", 700, 1000)
            self.wait_until(lambda: self.seen("asleep_out") >= 1000, job, 120)
        finally:
            self.stop(job)
        self.once("asleep", 1000)

    def a_zombie_is_rejected(self):
        """While one process sleeps, one elsewhere goes on from a copy of its checkpoints: the first wakes up, and stops."""
        path = self.short_script("zombie")
        self.numbers("zombie", 0, 500)
        job = self.run_until(path, "zombie", 500)
        other = None
        try:
            job.send_signal(signal.SIGSTOP)
            elsewhere = self.folder / "zombie_elsewhere"
            elsewhere.mkdir()
            shutil.copytree(self.saved, elsewhere / "checkpoints", ignore=lambda _, names: [n for n in names if n == "control"])
            moved = elsewhere / path.name
            moved.write_text(path.read_text().replace(str(self.saved), str(elsewhere / "checkpoints")))
            self.numbers("zombie", 500, 700)
            other = self.run_until(moved, "zombie", 700)
            job.send_signal(signal.SIGCONT)
            self.numbers("zombie", 700, 1000)
            code, output = self.finish(job)
            assert code != 0 and "PS-5602" in output, output
            self.wait_until(lambda: self.seen("zombie_out") >= 1000, other)
        finally:
            self.stop(job, *([other] if other else []))
        self.once("zombie", 1000)

    def a_second_process_is_refused(self):
        """The folder of checkpoints has one owner; the first goes on undisturbed."""
        path = self.short_script("second")
        self.numbers("second", 0, 500)
        job = self.run_until(path, "second", 500)
        try:
            for _ in range(3):
                refused = self.fails(path)
                assert "another process" in refused, refused
            self.numbers("second", 500, 700)
            self.wait_until(lambda: self.seen("second_out") >= 700, job)
        finally:
            self.stop(job)
        self.once("second", 700)

    def a_damaged_checkpoint_is_named(self):
        """Nothing older is taken instead, because the topic has its rows; mended, the job goes on."""
        path = self.short_script("damaged")
        path.write_text("SET 'pipeline.uid' = 'damaged';\n" + path.read_text())
        self.numbers("damaged", 0, 500)
        job = self.run_until(path, "damaged", 500)
        self.numbers("damaged", 500, 600)
        self.wait_until(lambda: self.seen("damaged_out") >= 600, job)
        job.kill()
        job.wait()
        jobs = next(self.saved.glob("*/jobs/*"))
        decided = newest_decided(self.broker.servers, "damaged")  # a later one may be sealed: it does not count
        manifest, = (file for file in jobs.glob("manifest-*")
                     if file.name.count("-") == 1 and int(file.name.split("-")[1]) == decided)
        state = max(jobs.glob(manifest.name.replace("manifest", "state") + "-*"))
        for file in (manifest, state):
            kept = file.read_bytes()
            for damaged in (kept[:-9] + bytes([kept[-9] ^ 4]) + kept[-8:], kept[: len(kept) // 2], None):
                file.unlink() if damaged is None else file.write_bytes(damaged)
                output = self.fails(path)
                assert file.name in output or damaged is None and manifest.name.lstrip("manifest-0") in output, output
                file.write_bytes(kept)
        self.numbers("damaged", 600, 800)
        job = self.run_until(path, "damaged", 800)
        self.stop(job)
        self.once("damaged", 800)


TESTS = ["a_broker_away_for_longer_than_a_transaction", "a_process_down_for_longer_than_a_transaction",
         "a_process_asleep_for_longer_than_a_transaction", "a_zombie_is_rejected", "a_second_process_is_refused",
         "a_damaged_checkpoint_is_named"]
if __name__ == "__main__":
    sys.exit(run_cases(__doc__, Test, TESTS))
