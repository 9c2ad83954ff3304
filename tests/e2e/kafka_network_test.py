#!/usr/bin/env python3
"""Exactly-once jobs whose connections to the broker are cut, stand still or are half open, whose answers are lost, and
whose EndTxn arrives late. Row 10 of the fault matrix (docs/reliability.md).

The job talks to a broker of its own through a proxy (kafka_proxy.py); its input comes from another process, directly. The
verdict is that of a read_committed reader: every number once, no transaction open. Prints one line a test; exit code 77
when the script that runs the broker is missing.
"""
import contextlib
import json
import subprocess
import sys
import time

from kafka_case import run_cases
from kafka_faults_test import Test as Faults
from kafka_proxy import END_TXN, FETCH, HOLD, INIT_PRODUCER, LOSE, PRODUCE, Proxy
from kafka_wire import CommittedReader, create_topics, open_transaction


class Test(Faults):
    @contextlib.contextmanager
    def flow(self, name, rate=2000):
        """A job from NAME to NAME_out under way, with new input all the time; in the end every row must have come once."""
        create_topics(self.broker.servers, [name, f"{name}_out"], 2)
        source = ("CREATE TABLE numbers (v INT) WITH ('connector' = 'datagen', 'fields.v.kind' = 'sequence', "
                  f"'fields.v.start' = '0', 'fields.v.end' = '10000000', 'rows-per-second' = '{rate}');\n")
        with Proxy(self.broker.servers) as proxy:
            path = self.copy_script(name)
            # Seconds, not a minute, until a connection that says nothing is given up.
            path.write_text(path.read_text().replace(self.broker.servers, proxy.servers).replace(
                "'format'", "'properties.request.timeout.ms' = '3000', 'format'"))
            self.out, self.rows = CommittedReader(self.broker.servers, f"{name}_out", (0, 1)), 0
            feed = self.start(source + self.table("t", name, "v INT") + "INSERT INTO t SELECT v FROM numbers;")
            job = self.start_path(path)
            try:
                self.grows(job, 100)
                yield proxy, job
                feed.kill()
                feed.wait()
                given = self.values(name)
                self.grows(job, len(given) - self.rows)
                self.stop(job)
            finally:
                feed.kill()
                job.terminate()  # killed it would leave a transaction open, for which other jobs wait
                for process in (feed, job):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=20)
                    process.kill()
                    process.wait()
        come = self.values(f"{name}_out")
        assert sorted(come) == sorted(given), f"{len(come)} rows, {len(set(come))} distinct, of {len(given)}"

    def values(self, topic):
        """All that a read_committed reader gets, once no transaction is open."""
        assert not (still_open := open_transaction(self.broker.servers, topic, (0, 1))), still_open
        reader = CommittedReader(self.broker.servers, topic, (0, 1))
        return [json.loads(value)["v"] for _, value in reader.read_to_end()]

    def grows(self, job, more=1):
        """Waits until a reader of committed rows has seen so many more."""
        want = self.rows + more
        self.until(lambda: self.rows >= want, job)

    def until(self, condition, job, seconds=45):
        give_up = time.monotonic() + seconds
        while not condition():
            assert job.poll() is None, job.stdout.read()
            assert time.monotonic() < give_up, f"it did not happen in time; {self.rows} rows were seen"
            self.rows += len(self.out.read(wait_ms=50))

    # ---- Tests

    def connections_are_cut(self):
        """Again and again, wherever the job happens to be."""
        with self.flow("cut") as (proxy, job):
            for _ in range(8):
                proxy.cut()
                self.grows(job)

    def connections_are_half_open(self):
        """They stay, but nothing gets through any more: the job finds out by itself, and makes new ones."""
        with self.flow("half") as (proxy, job):
            for _ in range(2):
                proxy.silence()
                self.grows(job, 500)

    def the_network_stands_still(self):
        """For longer than a request may take; new connections get no answer either."""
        with self.flow("frozen") as (proxy, job):
            proxy.freeze(True)
            time.sleep(5)
            proxy.freeze(False)
            self.grows(job, 500)

    def answers_are_lost(self):
        """The broker has done what it was asked to; its client does not hear of it, and asks again."""
        with self.flow("lost") as (proxy, job):
            # A producer is initialised again after a commit that was disturbed.
            for kinds in ([END_TXN], [PRODUCE], [END_TXN, INIT_PRODUCER], [FETCH], [PRODUCE, END_TXN], [END_TXN]):
                for kind in kinds:
                    proxy.order(kind, LOSE)
                self.until(proxy.carried_out, job)
                self.grows(job)

    def the_end_of_a_transaction_arrives_late(self):
        """Its client has sent it again on another connection; the first copy arrives in the middle of a later transaction."""
        with self.flow("late") as (proxy, job):
            for later in (1, 2, 3, 2, 1):
                proxy.order(END_TXN, HOLD)
                self.until(proxy.carried_out, job)
                ended = proxy.seen[END_TXN]
                self.until(lambda: proxy.seen[END_TXN] >= ended + later, job)
                proxy.release()
                self.grows(job)


TESTS = ["connections_are_cut", "connections_are_half_open", "the_network_stands_still", "answers_are_lost",
         "the_end_of_a_transaction_arrives_late"]
if __name__ == "__main__":
    sys.exit(run_cases(__doc__, Test, TESTS))
