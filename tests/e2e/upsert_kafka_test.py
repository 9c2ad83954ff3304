#!/usr/bin/env python3
"""The upsert-kafka connector against a real broker: tombstones, keys, what is read back, restarts.

Starts a broker of its own on a free port with the peers script and stops it at the end. Prints one line a test; exit
code 77 when the script is missing.
"""
import json
import subprocess
import sys
import time

from kafka_case import KafkaCase, run_cases


class Test(KafkaCase):
    def upsert_table(self, name, topic, columns, key="k", **options):
        given = {"connector": "upsert-kafka", "topic": topic, "properties.bootstrap.servers": self.broker.servers,
                 "key.format": "json", "value.format": "json"}
        given.update({option.replace("__", "-").replace("_", "."): value for option, value in options.items()})
        listed = ", ".join(f"'{option}' = '{value}'" for option, value in given.items())
        return f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({key}) NOT ENFORCED) WITH ({listed});\n"

    def bounded(self, topic, columns, **options):
        return self.upsert_table("u", topic, columns, scan_bounded_mode="latest-offset", **options)

    def changes(self, script):
        """(op, row) of every row of a SELECT."""
        done = subprocess.run(self.command(script), text=True, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [(line["kind"], line["row"]) for line in lines if "row" in line]

    def final(self, script):
        rows = []
        for op, row in self.changes(script):
            if op in ("+I", "+U"):
                rows.append(row)
            else:
                rows.remove(row)
        return sorted(rows)

    def raw(self, topic):
        """Key and value as the Java client prints them; a tombstone's value is null."""
        output = self.broker.run("consume", topic, "--with", "key", "--timeout-ms", "4000")
        return [line for line in output.splitlines() if line.strip()]

    # ---- Tests

    def counts_round_trip(self):
        """A running count is written as upserts and read back as the last row of each key."""
        self.broker.topic("clicks", 2)
        self.broker.topic("views", 2)
        self.broker.produce("clicks", [(f"k{i}", json.dumps({"page": f"p{i % 7}"})) for i in range(700)])
        script = self.table("c", "clicks", "page STRING", scan_startup_mode="earliest-offset",
                            scan_bounded_mode="latest-offset")
        script += self.upsert_table("v", "views", "page STRING, n BIGINT", key="page")
        self.run(script + "INSERT INTO v SELECT page, COUNT(*) FROM c GROUP BY page;", "-p", "2")
        read = self.bounded("views", "page STRING, n BIGINT", key="page")
        assert self.final(read + "SELECT * FROM u;") == [[f"p{i}", 100] for i in range(7)]
        assert self.final(read + "SELECT COUNT(*), SUM(n) FROM u;") == [[7, 700]]
        plain = self.read("views", "n BIGINT, page STRING", "SELECT page, n FROM t;")
        assert len(plain) == 700 and max(n for _, n in plain) == 100, len(plain)

    def deletes_are_tombstones(self):
        """A key that leaves the result gets a record without a value, and is gone when the table is read."""
        self.broker.topic("orders", 1)
        self.broker.topic("open", 1)
        steps = [("a", 1), ("b", 1), ("a", 0), ("c", 1), ("b", 1), ("c", 0), ("c", 1)]
        self.broker.produce("orders", [(k, json.dumps({"k": k, "v": v})) for k, v in steps])
        script = self.upsert_table("s", "orders", "k STRING, v INT", scan_bounded_mode="latest-offset", key_format="raw")
        script += self.upsert_table("o", "open", "k STRING, v INT", value_fields__include="EXCEPT_KEY")
        self.run(script + "INSERT INTO o SELECT k, v FROM s WHERE v > 0;")
        read = self.bounded("open", "k STRING, v INT", value_fields__include="EXCEPT_KEY")
        assert self.final(read + "SELECT * FROM u;") == [["b", 1], ["c", 1]]
        records = self.raw("open")
        tombstones = [record for record in records if "null" in record]
        assert len(tombstones) == 2 and all("a" in t or "c" in t for t in tombstones), records

    def keys_with_a_prefix(self):
        """Two key columns with a prefix, apart from the value."""
        self.broker.topic("prefixed", 2)
        columns = "k_a INT, k_b STRING, v INT"
        options = {"key": "k_a, k_b", "key_fields__prefix": "k_", "value_fields__include": "EXCEPT_KEY"}
        write = self.upsert_table("o", "prefixed", columns, **options)
        self.run(write + "INSERT INTO o VALUES (1, 'x', 1), (2, 'y', 2), (1, 'x', 3) ON CONFLICT DO DEDUPLICATE;")
        read = self.bounded("prefixed", columns, **options)
        assert self.final(read + "SELECT * FROM u;") == [[1, "x", 3], [2, "y", 2]]
        assert any('{"a":1,"b":"x"}' in record for record in self.raw("prefixed")), self.raw("prefixed")

    def exactly_once_over_a_kill(self):
        """A running count that is killed: each key's count goes up by one from record to record."""
        self.broker.topic("steps", 2)
        self.broker.topic("sums", 2)
        saved = self.folder / "saved"
        script = f"SET 'execution.checkpointing.dir' = '{saved}'; SET 'execution.checkpointing.interval' = '200 ms';\n"
        script += self.table("s", "steps", "k INT", scan_startup_mode="earliest-offset")
        script += self.upsert_table("o", "sums", "k INT, n BIGINT", sink_delivery__guarantee="exactly-once")
        path = self.folder / "sums.sql"
        path.write_text(script + "INSERT INTO o SELECT k, COUNT(*) FROM s GROUP BY k;")
        end = 0
        for _ in range(3):
            job = self.start_command([str(self.penstock), "run", str(path), "-p", "2"])
            try:
                self.broker.produce("steps", [(str(i % 5), json.dumps({"k": i % 5})) for i in range(1000)])
                end += 1000
                for _ in range(120):
                    assert job.poll() is None, job.stdout.read()
                    rows = self.read("sums", "k INT, n BIGINT", "SELECT k, n FROM t;")
                    if len(rows) >= end - 200:
                        break
                    time.sleep(0.5)
            finally:
                job.kill()
                job.wait()
        for key in range(5):
            counts = [n for k, n in rows if k == key]
            assert counts == list(range(1, len(counts) + 1)), counts[:20]

    def a_key_is_required(self):
        """Without a primary key or its format, and with a changelog format, the table is refused."""
        table = self.upsert_table("o", "none", "k INT, n BIGINT")
        insert = "INSERT INTO o VALUES (1, 2);"
        assert "PRIMARY KEY" in self.run(table.replace(", PRIMARY KEY (k) NOT ENFORCED", "") + insert, fails=True)
        assert "key.format" in self.run(table.replace("'key.format' = 'json', ", "") + insert, fails=True)
        changelog = self.upsert_table("o", "none", "k INT, n BIGINT", value_format="debezium-json")
        assert "insert-only" in self.run(changelog + insert, fails=True)


TESTS = ["counts_round_trip", "deletes_are_tombstones", "keys_with_a_prefix",
         "exactly_once_over_a_kill", "a_key_is_required"]
if __name__ == "__main__":
    sys.exit(run_cases(__doc__, Test, TESTS))
