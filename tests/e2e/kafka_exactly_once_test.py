#!/usr/bin/env python3
"""Exactly-once sinks against a real broker: restarts, abandoned and hijacked jobs, lost folders, what is refused.

Starts a broker of its own on a free port with the peers script and stops it at the end. Readers are Java's, with
isolation level read_committed. Prints one line a test; exit code 77 when the script is missing.
"""
import json
import shutil
import sys
import time

from kafka_case import KafkaCase, run_cases
from kafka_wire import CommittedReader, delete_group


class Test(KafkaCase):
    def checkpoints(self, name, interval="200 ms"):
        self.saved = self.folder / name
        return (f"SET 'execution.checkpointing.dir' = '{self.saved}';\n"
                f"SET 'execution.checkpointing.interval' = '{interval}';\n")

    def copy_script(self, name, **source):
        """From topic NAME to NAME_out, exactly once; unbounded unless `source` says otherwise."""
        script = self.checkpoints(name)
        script += self.table("s", name, "v INT", scan_startup_mode="earliest-offset", **source)
        script += self.table("o", f"{name}_out", "v INT", sink_delivery__guarantee="exactly-once")
        path = self.folder / f"{name}.sql"
        path.write_text(script + "INSERT INTO o SELECT v FROM s;\n")
        return path

    def numbers(self, topic, first, end):
        self.broker.produce(topic, [(f"k{i}", json.dumps({"v": i})) for i in range(first, end)])

    def committed(self, topic):
        """The values that a read_committed reader of the Java client sees; it gives up after a time without rows, so one
        of our own tells it how many there are."""
        count = len(CommittedReader(self.broker.servers, topic, range(self.broker.partitions[topic])).read_to_end())
        lines = self.broker.run("consume", topic, "--committed", "--max", count, "--timeout-ms", "60000").splitlines()
        return [json.loads(line)["v"] for line in lines if line.startswith("{")]

    def wait_until(self, condition, job, seconds=60):
        for _ in range(seconds * 2):
            assert job.poll() is None, job.stdout.read()
            if condition():
                return
            time.sleep(0.5)
        raise AssertionError("it did not happen in time")

    def seen(self, topic):
        return len(self.read(topic, "v INT", "SELECT v FROM t;"))

    def start_path(self, path):
        return self.start_command([str(self.penstock), "run", str(path), "--format", "json"])

    def fails(self, path, *arguments):
        code, output = self.finish(self.start_command([str(self.penstock), "run", str(path), *arguments]))
        assert code != 0, output
        return output

    def finish(self, job):
        output, _ = job.communicate(timeout=120)
        return job.returncode, output

    # ---- Tests

    def survives_kill_and_restart(self):
        """Killed twice: a read_committed reader sees every row once."""
        for topic in ("twice", "twice_out"):
            self.broker.topic(topic, 2)
        path = self.copy_script("twice")
        end = 0
        for first in (0, 1000, 2000):
            job = self.start_path(path)
            try:
                self.numbers("twice", first, first + 1000)
                end = first + 1000
                self.wait_until(lambda: self.seen("twice_out") >= end - 300, job)
            finally:
                job.kill()
                job.wait()
        job = self.start_path(path)
        try:
            self.wait_until(lambda: self.seen("twice_out") >= end, job)
        finally:
            job.terminate()
            job.wait()
        values = self.committed("twice_out")
        assert sorted(values) == list(range(end)), f"{len(values)} rows, {len(set(values))} distinct"

    def bounded_job_commits_at_its_end(self):
        """A job whose source ends commits all it wrote; executed again it is a new run that writes all again."""
        for topic in ("ended", "ended_out"):
            self.broker.topic(topic, 2)
        self.numbers("ended", 0, 500)
        path = self.copy_script("ended", scan_bounded_mode="latest-offset")
        for run in (1, 2):
            code, output = self.finish(self.start_path(path))
            assert code == 0, output
            assert sorted(self.committed("ended_out")) == sorted(list(range(500)) * run)

    def hijacked_ids_stop_the_job(self):
        """A process elsewhere that takes the transactional ids: the first stops, and says why."""
        for topic in ("taken", "taken_out"):
            self.broker.topic(topic, 1)
        path = self.copy_script("taken")
        self.numbers("taken", 0, 10)
        job = self.start_path(path)
        try:
            self.wait_until(lambda: self.seen("taken_out") >= 10, job)
            other = self.folder / "elsewhere"
            other.mkdir()
            text = path.read_text().replace(str(self.saved), str(other / "checkpoints"))
            (other / "taken.sql").write_text(text)
            refused = self.fails(other / "taken.sql")
            assert "PS-5601" in refused, refused
            code, output = self.finish(job)
            assert code != 0 and "PS-5602" in output, output
        finally:
            job.kill()
            job.wait()
        assert sorted(self.committed("taken_out")) == list(range(10))

    def a_lost_folder_is_refused(self):
        """Rows are in Kafka, their checkpoint is gone: only --fresh starts, and writes all again."""
        for topic in ("lost", "lost_out"):
            self.broker.topic(topic, 1)
        path = self.copy_script("lost")
        self.numbers("lost", 0, 10)
        job = self.start_path(path)
        try:
            self.wait_until(lambda: self.seen("lost_out") >= 10, job)
        finally:
            job.kill()
            job.wait()
        shutil.rmtree(self.saved)
        assert "PS-5601" in self.fails(path)
        job = self.start_command([str(self.penstock), "run", str(path), "--fresh"])
        try:
            self.wait_until(lambda: self.seen("lost_out") >= 20, job)
            job.kill()
            job.wait()
            job = self.start_path(path)  # goes on with the fresh run
            self.numbers("lost", 10, 20)
            self.wait_until(lambda: self.seen("lost_out") >= 30, job)
        finally:
            job.kill()
            job.wait()
        assert sorted(self.committed("lost_out")) == sorted(list(range(10)) * 2 + list(range(10, 20)))

    def a_savepoint_behind_the_topic_needs_rewind(self):
        """A savepoint from before the last commit is refused by name; one of the stop itself goes on exactly."""
        for topic in ("points", "points_out"):
            self.broker.topic(topic, 1)
        path = self.copy_script("points")
        folder = str(self.folder / "savepoints")

        def tell(*arguments):
            code, output = self.finish(self.start_command([str(self.penstock), *arguments, "--dir", str(self.saved)]))
            assert code == 0, output
            return output.rsplit("Path: ", 1)[-1].strip()

        def run_until(rows, *arguments):
            job = self.start_command([str(self.penstock), "run", str(path), *arguments])
            self.wait_until(lambda: self.seen("points_out") >= rows, job)
            return job

        self.numbers("points", 0, 10)
        job = run_until(10)
        early = tell("savepoint", "points", folder)
        self.numbers("points", 10, 20)
        self.wait_until(lambda: self.seen("points_out") >= 20, job)
        last = tell("stop", "points", "--savepoint", folder)
        code, output = self.finish(job)
        assert code == 0, output
        refused = self.fails(path, "--from-savepoint", early)
        assert "PS-5601" in refused and "(o)" in refused and "--rewind" in refused, refused
        self.numbers("points", 20, 30)
        job = run_until(30, "--from-savepoint", last)
        tell("stop", "points")
        self.finish(job)
        assert sorted(self.committed("points_out")) == list(range(30))
        job = run_until(50, "--from-savepoint", early, "--rewind")
        tell("stop", "points")
        output = self.finish(job)[1]
        assert "rewound" in output, output
        assert sorted(self.committed("points_out")) == sorted([*range(30), *range(10, 30)])

    def group_offsets_do_not_matter(self):
        """The group's offsets are committed for tools; a job whose group is deleted goes on exactly."""
        for topic in ("grouped", "grouped_out"):
            self.broker.topic(topic, 2)
        path = self.copy_script("grouped", properties_group_id="readers")
        self.numbers("grouped", 0, 200)
        job = self.start_path(path)
        try:
            self.wait_until(lambda: self.seen("grouped_out") >= 200, job)
            self.wait_until(lambda: "grouped" in self.broker.run("groups", "readers"), job)
        finally:
            job.kill()
            job.wait()
        delete_group(self.broker.servers, "readers")
        self.numbers("grouped", 200, 300)
        job = self.start_path(path)
        try:
            self.wait_until(lambda: self.seen("grouped_out") >= 300, job)
        finally:
            job.kill()
            job.wait()
        assert sorted(self.committed("grouped_out")) == list(range(300))

    def a_recreated_topic_stops_the_job(self):
        """The source's topic was deleted and created again while the job was down."""
        for topic in ("again", "again_out"):
            self.broker.topic(topic, 1)
        path = self.copy_script("again")
        self.numbers("again", 0, 10)
        job = self.start_path(path)
        try:
            self.wait_until(lambda: self.seen("again_out") >= 10, job)
        finally:
            job.kill()
            job.wait()
        self.broker.run("topic", "delete", "again")
        time.sleep(1)
        self.broker.topic("again", 1)
        self.numbers("again", 0, 20)
        output = self.fails(path)
        assert "deleted and created again" in output, output
        assert sorted(self.committed("again_out")) == list(range(10))

    def broker_restart(self):
        """The broker goes away under a running job and comes back: the job goes on by itself, every row once."""
        for topic in ("flow", "flow_out"):
            self.broker.topic(topic, 2)
        path = self.copy_script("flow")
        self.numbers("flow", 0, 500)
        job = self.start_path(path)
        try:
            self.wait_until(lambda: self.seen("flow_out") >= 500, job)
            self.broker.run("stop")
            time.sleep(3)
            self.broker.run("start")
            self.numbers("flow", 500, 1000)
            self.wait_until(lambda: self.seen("flow_out") >= 1000, job, 120)
        finally:
            job.kill()
            job.wait()
        assert sorted(self.committed("flow_out")) == list(range(1000))

    def what_cannot_be_promised_is_refused(self):
        """No folder, two clusters, transactions that are too short: errors of planning, also of EXPLAIN."""
        once = {"sink_delivery__guarantee": "exactly-once"}
        source = "CREATE TABLE s (v INT) WITH ('connector' = 'datagen');\n"
        insert = "INSERT INTO o SELECT v FROM s;"
        sink = self.table("o", "refused", "v INT", **once)
        for statement in (insert, "EXPLAIN " + insert):
            assert "PS-3602" in self.run(source + sink + statement, fails=True)
        saved = self.checkpoints("refused")
        short = self.table("o", "refused", "v INT", properties_transaction_timeout_ms="60000", **once)
        assert "PS-3603" in self.run(saved + source + short + insert, fails=True)
        other = self.table("p", "refused", "v INT", **once).replace(self.broker.servers, "elsewhere:9092")
        both = f"EXECUTE STATEMENT SET BEGIN {insert} INSERT INTO p SELECT v FROM s; END;"
        assert "PS-3601" in self.run(saved + source + sink + other + both, fails=True)
        rows = self.run(saved + source + sink + "EXPLAIN " + insert)
        assert "guarantee=exactly-once" in rows[0][0], rows


TESTS = ["survives_kill_and_restart", "bounded_job_commits_at_its_end", "hijacked_ids_stop_the_job",
         "a_lost_folder_is_refused", "a_savepoint_behind_the_topic_needs_rewind", "group_offsets_do_not_matter", "a_recreated_topic_stops_the_job",
         "broker_restart", "what_cannot_be_promised_is_refused"]
if __name__ == "__main__":
    sys.exit(run_cases(__doc__, Test, TESTS))
