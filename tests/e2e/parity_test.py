#!/usr/bin/env python3
"""`penstock parity` with a real broker: a stream from Kafka into Kafka, beside a batch run over the same topics.

Starts a broker of its own on a free port with the peers script and stops it at the end. Prints one line a test; exit
code 77 when the script is missing.
"""
import json
import subprocess
import sys

from kafka_case import KafkaCase, run_cases


def click(i, minute):
    return f"k{i}", json.dumps({"id": i, "page": f"p{i % 3}", "at": f"2026-01-01 10:{minute:02}:00"})


class Test(KafkaCase):
    def upsert_table(self, name, topic, columns):
        return (f"CREATE TABLE {name} ({columns}, PRIMARY KEY (page) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', "
                f"'topic' = '{topic}', 'properties.bootstrap.servers' = '{self.broker.servers}', "
                "'key.format' = 'json', 'value.format' = 'json');\n")

    def parity(self, script, *arguments, code):
        path = self.folder / "parity.sql"
        path.write_text(script)
        done = subprocess.run([str(self.penstock), "parity", str(path), *arguments], text=True, capture_output=True,
                              timeout=120)
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    # ---- Tests

    def windows_of_an_unbounded_topic(self):
        """Exactly-once windows and the late lane are topics; an endless job was stopped in the middle of a window."""
        for topic, partitions in (("clicks", 1), ("windows", 2), ("late", 1)):
            self.broker.topic(topic, partitions)
        rows = [click(i, i // 10) for i in range(300)]
        self.broker.produce("clicks", rows + [click(900, 4), click(902, 4)])
        columns = "id BIGINT, page STRING, at TIMESTAMP(3)"
        sink = "window_start TIMESTAMP(3), window_end TIMESTAMP(3), page STRING, n BIGINT"
        script = (f"SET 'execution.checkpointing.dir' = '{self.folder}/cp';\n"
                  "SET 'execution.checkpointing.interval' = '200 ms';\nSET 'penstock.late-rows.clicks' = 'late';\n"
                  "SET 'pipeline.auto-watermark-interval' = '0';\n")
        script += self.table("clicks", "clicks", columns + ", WATERMARK FOR at AS at", scan_startup_mode="earliest-offset",
                             properties_group_id="counting", scan_watermark_emit_strategy="on-event")
        script += self.table("late", "late", columns)
        script += self.table("counts", "windows", sink, sink_delivery__guarantee="exactly-once",
                             sink_transactional__id__prefix="counting")
        script += ("INSERT INTO counts SELECT window_start, window_end, page, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, "
                   "DESCRIPTOR(at), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, page;")
        self.run(script, "--stop-when-idle")
        span = ("--from", "2026-01-01 10:00:00", "--to", "2026-01-01 10:25:00")
        text = self.parity(script, *span, code=0)
        assert "15 rows in the stream, 15 in batch: 13 equal, 2 late not yet reprocessed" in text, text
        assert "10:05:00.000) page=p0: n: stream 17, batch 18" in text, text
        # The last window has not fired.
        text = self.parity(script, "--from", "2026-01-01 10:10:00", code=1)
        assert text.count("missing in the stream") == 3, text
        self.broker.produce("windows", [("x", json.dumps({"window_start": "2026-01-01 10:10:00",
                                                          "window_end": "2026-01-01 10:15:00", "page": "p9", "n": 1}))])
        text = self.parity(script, *span, code=1)
        assert "1 unexplained" in text and "page=p9: only in the stream (n=1)" in text, text

    def running_counts_by_key(self):
        """The last row of each key of a compacted topic equals the batch result."""
        self.broker.topic("views", 2)
        self.broker.topic("totals", 2)
        self.broker.produce("views", [click(i, 0) for i in range(700)])
        script = self.table("views", "views", "id BIGINT, page STRING", scan_startup_mode="earliest-offset")
        script += self.upsert_table("totals", "totals", "page STRING, n BIGINT")
        script += "INSERT INTO totals SELECT page, COUNT(*) FROM views GROUP BY page;"
        self.run(script, "--stop-when-idle", "-p", "2")
        text = self.parity(script, "--from", "earliest", "-p", "2", code=0)
        assert "totals (upsert-kafka): 3 rows in the stream, 3 in batch: 3 equal" in text, text
        self.broker.produce("views", [click(3, 0)])
        text = self.parity(script, "--from", "earliest", code=1)
        assert "page=p0: n: stream 234, batch 235" in text, text


TESTS = ["windows_of_an_unbounded_topic", "running_counts_by_key"]
if __name__ == "__main__":
    sys.exit(run_cases(__doc__, Test, TESTS))
