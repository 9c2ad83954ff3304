#!/usr/bin/env python3
"""The kafka connector against a real broker: round trip with windows, savepoints, metadata, failures.

Starts a broker of its own on a free port with the peers script and stops it at the end. Prints one line a test; exit
code 77 when the script is missing.
"""
import collections
import json
import subprocess
import sys
import time

from kafka_case import KafkaCase, run_cases


class Test(KafkaCase):
    def window_round_trip(self):
        """Produce, window and write at parallelism 2 with 4 partitions; counts compared with Python's."""
        self.broker.topic("clicks", 4)
        self.broker.topic("counts", 4)
        events = [(f"user-{i % 13}", i * 250) for i in range(4000)]
        rows = [(user, json.dumps({"user": user, "ts": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ms // 1000)) +
                                   f".{ms % 1000:03d}"})) for user, ms in events]
        self.broker.produce("clicks", rows)
        columns = "`user` STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts"
        script = self.table("clicks", "clicks", columns, scan_startup_mode="earliest-offset",
                            scan_bounded_mode="latest-offset")
        script += self.table("counts", "counts", "`user` STRING, w TIMESTAMP(3), n BIGINT", key_format="raw",
                             key_fields="user")
        script += """INSERT INTO counts SELECT `user`, window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts),
            INTERVAL '1' MINUTE)) GROUP BY `user`, window_start, window_end;"""
        self.run(script, "-p", "2")
        got = {(user, end): count for user, end, count in
               self.read("counts", "`user` STRING, w TIMESTAMP(3), n BIGINT", "SELECT * FROM t;")}
        want = collections.Counter((user, (ms // 60000 + 1) * 60) for user, ms in events)
        want = {(user, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(end))): n for (user, end), n in want.items()}
        got = {(user, end[:19]): count for (user, end), count in got.items()}
        assert got == want, f"{len(got)} windows, wanted {len(want)}"

    def keys_go_where_java_puts_them(self):
        """The same keys written by the Java client and by Penstock lie in the same partitions."""
        self.broker.topic("by_java", 4)
        self.broker.topic("by_penstock", 4)
        keys = [f"key-{i}" for i in range(100)] + ["", "ü", "a", "ab", "abc"]
        self.broker.produce("by_java", [(key, "{}") for key in keys])
        values = ", ".join(f"('{key}')" for key in keys)
        self.run(self.table("t", "by_penstock", "k STRING", format="raw", key_format="raw", key_fields="k") +
                 f"INSERT INTO t VALUES {values};")
        columns = "k STRING, p INT METADATA FROM 'partition' VIRTUAL"
        java = self.read("by_java", "k STRING, v STRING, p INT METADATA FROM 'partition' VIRTUAL", "SELECT k, p FROM t;",
                         format="raw", key_format="raw", key_fields="k", value_fields__include="EXCEPT_KEY")
        ours = self.read("by_penstock", columns, "SELECT k, p FROM t;", format="raw")
        assert len(java) == len(keys) and sorted(java) == sorted(ours), (sorted(java)[:5], sorted(ours)[:5])

    def metadata_and_headers(self):
        """Timestamp and headers are written and read; offsets, topic and types are read."""
        self.broker.topic("meta", 1)
        columns = ("a INT, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', h MAP<STRING, BYTES> METADATA FROM 'headers', "
                   "o BIGINT METADATA FROM 'offset' VIRTUAL, topic STRING METADATA VIRTUAL, "
                   "tt STRING METADATA FROM 'timestamp-type' VIRTUAL, e INT METADATA FROM 'leader-epoch' VIRTUAL")
        second = int(time.time()) - 3600  # not so old that the broker deletes the record
        self.run(self.table("t", "meta", columns) +
                 f"INSERT INTO t SELECT 7, TO_TIMESTAMP_LTZ({second}123, 3), MAP['x', CAST('y' AS BYTES)];")
        rows = self.read("meta", columns, "SELECT a, ts, CAST(h['x'] AS STRING), o, topic, tt, e FROM t;")
        written = time.strftime("%Y-%m-%d %H:%M:%S.123Z", time.gmtime(second))
        assert rows == [[7, written, "y", 0, "meta", "CreateTime", 0]], rows

    def start_and_end_modes(self):
        """Specific offsets, timestamps and the end of a bounded read."""
        self.broker.topic("modes", 2)
        for partition_key in ("a", "c"):  # one in each partition
            values = ", ".join(f"('{partition_key}', {i})" for i in range(10))
            self.run(self.table("t", "modes", "k STRING, v INT", key_format="raw", key_fields="k") +
                     f"INSERT INTO t VALUES {values};")
        query = "SELECT p, MIN(o), MAX(o) FROM t GROUP BY p;"
        columns = "o BIGINT METADATA FROM 'offset' VIRTUAL, p INT METADATA FROM 'partition' VIRTUAL"
        sizes = dict((p, high + 1) for p, low, high in self.last(self.read("modes", columns, query)))
        assert sum(sizes.values()) == 20, sizes
        first = min(sizes)
        rows = self.read("modes", columns, query, scan_startup_mode="specific-offsets",
                         scan_startup_specific__offsets=f"partition:{first},offset:4",
                         scan_bounded_mode="specific-offsets",
                         scan_bounded_specific__offsets=f"partition:{first},offset:6")
        assert self.last(rows) == [(first, 4, 5)], rows
        rows = self.read("modes", columns, query, scan_startup_mode="timestamp",
                         scan_startup_timestamp__millis=str(int(time.time() * 1000) + 1000_000))
        assert rows == [], rows
        error = self.run(self.table("t", "modes", columns, properties_group_id="nobody") + "SELECT * FROM t;", fails=True)
        assert "no committed offset" in error, error

    @staticmethod
    def last(rows):
        """The last row of each key of an updating result."""
        return sorted({row[0]: tuple(row) for row in rows}.values())

    def savepoint_continues(self):
        """A job started from a savepoint reads on behind what it had processed."""
        self.broker.topic("steps", 4)
        self.broker.topic("steps_out", 1)
        script = self.table("s", "steps", "v INT", scan_startup_mode="earliest-offset")
        script += self.table("o", "steps_out", "v INT")
        script += "INSERT INTO o SELECT v FROM s;"
        self.broker.produce("steps", [(f"k{i}", json.dumps({"v": i})) for i in range(1000)])
        saved = str(self.folder / "savepoint")
        self.run(script, "-p", "2", "--stop-when-idle", "--savepoint", saved)
        self.broker.produce("steps", [(f"k{i}", json.dumps({"v": i})) for i in range(1000, 1500)])
        self.run(script, "-p", "2", "--stop-when-idle", "--from-savepoint", saved)
        values = [row[0] for row in self.read("steps_out", "v INT", "SELECT v FROM t;")]
        assert sorted(values) == list(range(1500)), f"{len(values)} rows, {len(set(values))} distinct"

    def new_topics_are_found(self):
        """A topic that appears later and matches the pattern is read from its first record."""
        self.broker.topic("found-1", 1)
        self.broker.topic("found_out", 1)
        script = self.table("s", "", "v INT", scan_startup_mode="latest-offset", topic__pattern="found-[0-9]+",
                            scan_topic__partition__discovery_interval="1 s").replace("'topic' = '', ", "")
        script += self.table("o", "found_out", "v INT") + "INSERT INTO o SELECT v FROM s;"
        job = self.start(script)
        try:
            time.sleep(2)
            self.broker.topic("found-2", 2)
            self.broker.produce("found-2", [(f"k{i}", json.dumps({"v": i})) for i in range(50)])
            self.wait_for_rows("found_out", 50, job)
        finally:
            job.kill()
            job.wait()

    def broker_restart(self):
        """A broker that goes away and comes back costs nothing but time; one that stays away ends the job."""
        self.broker.topic("flow", 2)
        self.broker.topic("flow_out", 1)
        patience = {"properties_default_api_timeout_ms": "60000"}
        script = self.table("s", "flow", "v INT", scan_startup_mode="earliest-offset", **patience)
        script += self.table("o", "flow_out", "v INT", **patience) + "INSERT INTO o SELECT v FROM s;"
        self.broker.produce("flow", [(f"k{i}", json.dumps({"v": i})) for i in range(200)])
        job = self.start(script)
        try:
            self.wait_for_rows("flow_out", 200, job)
            self.broker.run("stop")
            time.sleep(3)
            self.broker.run("start")
            self.broker.produce("flow", [(f"k{i}", json.dumps({"v": i})) for i in range(200, 400)])
            self.wait_for_rows("flow_out", 400, job)
        finally:
            job.kill()
            job.wait()
        values = {row[0] for row in self.read("flow_out", "v INT", "SELECT v FROM t;")}
        assert values == set(range(400)), len(values)

    def wait_for_rows(self, topic, count, job):
        rows = []
        for _ in range(40):
            assert job.poll() is None, job.stdout.read()
            rows = self.read(topic, "v INT", "SELECT v FROM t;")
            if len(rows) >= count:
                return
            time.sleep(1)
        raise AssertionError(f"{len(rows)} rows in {topic}, wanted {count}")

    def bad_records(self):
        """Malformed records fail the job with partition and offset, are skipped, or go to the lane; counted each time."""
        self.broker.topic("bad", 1)
        self.broker.produce("bad", [("a", '{"v": 1, "ts": "2020-01-01 00:00:01"}'), ("b", '{"v": '),
                                    ("c", '{"v": "x", "ts": "2020-01-01 00:00:02"}'), ("d", '{"v": 4, "ts": null}'),
                                    ("e", '{"v": 5, "ts": "2999-01-01 00:00:00"}'),
                                    ("f", '{"v": 6, "ts": "2020-01-01 00:00:03"}')])
        bounded = {"scan_startup_mode": "earliest-offset", "scan_bounded_mode": "latest-offset"}
        columns = "v INT, ts TIMESTAMP(3)"
        error = self.run(self.table("t", "bad", columns, **bounded) + "SELECT v FROM t;", fails=True)
        assert "PS-5003" in error and "bad-0:1" in error, error
        rows = self.read("bad", columns, "SELECT v FROM t;", json_ignore__parse__errors="true")
        assert sorted(rows, key=str) == [[1], [4], [5], [6], [None]], rows
        lane = self.folder / "lane"
        script = self.table("t", "bad", columns + ", WATERMARK FOR ts AS ts", scan_watermark_emit_strategy="on-event", **bounded)
        script += f"""CREATE TABLE lane (error STRING, `position` STRING, `raw` STRING, v INT) WITH ('connector'='filesystem',
            'path'='{lane}', 'format'='json');
            SET 'penstock.bad-rows.t' = 'lane'; SET 'penstock.max-future.t' = '1 d';"""
        self.broker.topic("good", 1)
        script += self.table("o", "good", "v INT") + """EXECUTE STATEMENT SET BEGIN INSERT INTO o SELECT v FROM t;
            INSERT INTO o SELECT v + 100 FROM t; END;"""
        done = subprocess.run(self.command(script), text=True, capture_output=True, timeout=120)
        assert done.returncode == 0 and "2 malformed records, 2 rows with an unusable time" in done.stderr, done
        rows = self.read("good", "v INT", "SELECT v FROM t;")
        assert sorted(rows) == [[1], [6], [101], [106]], rows
        bad = [json.loads(line) for path in lane.glob("part-*") for line in path.read_text().splitlines()]
        seen = sorted((row["position"] or "", row["v"] or 0, row["raw"]) for row in bad)
        assert seen == [("", 4, '{"ts":null,"v":4}'), ("", 5, '{"ts":"2999-01-01T00:00:00","v":5}'),
                        ("bad-0:1", 0, '{"v": '), ("bad-0:2", 0, '{"v": "x", "ts": "2020-01-01 00:00:02"}')], seen

    def missing_topic(self):
        """The name of a topic that does not exist is in the error."""
        table = self.table("s", "no_such_topic", "v INT", scan_startup_mode="earliest-offset")
        error = self.run(table + "SELECT * FROM s;", fails=True)
        assert "no_such_topic" in error, error

    def broker_away(self):
        """LAST: stops the broker. A running job fails with the broker's name, and so does a start, in time."""
        limit = {"properties_default_api_timeout_ms": "3000"}
        self.broker.topic("away", 2)
        script = self.table("s", "away", "v INT", scan_startup_mode="latest-offset", **limit)
        job = self.start(script + "SELECT * FROM s;")
        time.sleep(3)
        assert job.poll() is None, job.stdout.read()
        self.broker.topic("away_out", 1)
        writer = self.start("CREATE TABLE g (v BIGINT) WITH ('connector'='datagen', 'rows-per-second'='100');" +
                            self.table("o", "away_out", "v BIGINT", properties_delivery_timeout_ms="4000",
                                       properties_request_timeout_ms="2000", **limit) +
                            "INSERT INTO o SELECT v FROM g;")
        time.sleep(2)
        assert writer.poll() is None, writer.stdout.read()
        self.broker.run("stop")
        output, _ = job.communicate(timeout=60)
        assert job.returncode != 0 and self.broker.servers in output, output
        output, _ = writer.communicate(timeout=60)
        assert writer.returncode != 0 and self.broker.servers in output and "away_out" in output, output
        begin = time.monotonic()
        error = self.run(self.table("s", "away", "v INT", scan_startup_mode="earliest-offset", **limit) +
                         "SELECT * FROM s;", fails=True)
        assert self.broker.servers in error and time.monotonic() - begin < 20, error


TESTS = ["window_round_trip", "keys_go_where_java_puts_them", "metadata_and_headers", "start_and_end_modes",
         "savepoint_continues", "new_topics_are_found", "bad_records", "missing_topic", "broker_restart", "broker_away"]


sys.exit(run_cases(__doc__, Test, TESTS))
