#!/usr/bin/env python3
"""The clickstream job over the generator, over files and over Kafka, and on Flink: the same metrics everywhere.

examples/clickstream is run as it is, apart from paths, the broker's address, the number of events and the bound of
the topic. Windows that rows are late for depend on when watermarks are sent, so results are compared without late
rows; with them, every event must be in exactly one of the three outputs.
"""
import argparse
import json
import pathlib
import sys
import tempfile

from peers import Flink, Kafka, ROOT, penstock, run_tests

EXAMPLE = ROOT / "examples" / "clickstream"
EVENTS = 200_000
CLEAN = ", 'late-share' = '0', 'malformed-share' = '0'"  # of the generator


class Run:
    """A copy of the example in a folder of its own."""

    def __init__(self, binary, folder, servers="", generator=""):
        self.binary, self.folder = binary, pathlib.Path(folder)
        changes = [("/tmp/clickstream/", f"{folder}/"), ("localhost:9092", servers), ("'20000000'", f"'{EVENTS}'"),
                   ("'1000000'", f"'{EVENTS}'"), ("-second' = '5000'", "-second' = '200'"),
                   ("-second' = '500'", "-second' = '200'"), ("'seed' = '42'", "'seed' = '42'" + generator),
                   ("'scan.startup.mode' =", "'scan.bounded.mode' = 'latest-offset', 'scan.startup.mode' =")]
        for script in EXAMPLE.glob("*.sql"):
            text = script.read_text()
            for old, new in changes:
                text = text.replace(old, new)
            (self.folder / script.name).write_text(text)

    def generate(self, kind):
        penstock(self.binary, "run", f"generate-{kind}.sql", cwd=self.folder)

    def job(self, kind, *options):
        penstock(self.binary, "run", "-i", f"tables-{kind}.sql", "job.sql", *options, cwd=self.folder)

    def rows(self, kind, table):
        """What a table over any connector holds."""
        tables = (self.folder / f"tables-{kind}.sql").read_text().replace(
            f"'topic' = '{table}',", f"'topic' = '{table}', 'scan.bounded.mode' = 'latest-offset', "
                                     "'scan.startup.mode' = 'earliest-offset',")
        (self.folder / "read.sql").write_text(tables + f"SELECT * FROM {table};")
        out, _ = penstock(self.binary, "run", "read.sql", "--format", "json", cwd=self.folder)
        return sorted(json.dumps(line["row"]) for line in map(json.loads, out.splitlines()) if "row" in line)

    def check_sums(self, kind):
        metrics = self.rows(kind, "page_metrics")
        assert metrics == self.rows(kind, "page_metrics_parquet"), "the two sinks differ"
        aggregated = sum(json.loads(row)[4] for row in metrics)
        late, bad = len(self.rows(kind, "late_clicks")), len(self.rows(kind, "bad_clicks"))
        assert late > 0 and bad > 0, (late, bad)
        assert aggregated + late + bad == EVENTS, (aggregated, late, bad)


class Tests:
    def __init__(self, binary):
        self.binary = binary

    def the_sums_add_up_on_the_generator_and_on_files(self):
        with tempfile.TemporaryDirectory() as folder:
            run = Run(self.binary, folder)
            run.job("demo")
            run.check_sums("demo")
            run.generate("files")
            run.job("files")
            run.check_sums("files")

    def files_generator_and_flink_give_the_same_metrics(self):
        with tempfile.TemporaryDirectory() as folder, Flink() as flink:
            run = Run(self.binary, folder, generator=CLEAN)
            run.job("demo", "-p", "2")
            run.generate("files")
            run.job("files")
            files = run.rows("files", "page_metrics")
            assert len(files) > 1000 and files == run.rows("demo", "page_metrics")
            # The same script on Flink, into a folder of its own; there is no generator and no late lane.
            theirs = pathlib.Path(folder) / "flink"
            script = (run.folder / "tables-files.sql").read_text() + (run.folder / "job.sql").read_text()
            script = script.replace(f"{folder}/page_metrics", f"{theirs}/page_metrics")
            (run.folder / "flink.sql").write_text(script)
            explained = script.replace("EXECUTE STATEMENT SET", "EXPLAIN STATEMENT SET")
            (run.folder / "explain.sql").write_text(explained)
            assert "Reused" in flink.sql(run.folder / "explain.sql")
            flink.sql(run.folder / "flink.sql")
            (run.folder / "tables-flink.sql").write_text(
                (run.folder / "tables-files.sql").read_text().replace(f"{folder}/page_metrics", f"{theirs}/page_metrics"))
            for table in ("page_metrics", "page_metrics_parquet"):
                got = run.rows("flink", table)
                assert got == files, f"{table}: {len(got)} rows of Flink, {len(files)} of ours; {got[:2]} {files[:2]}"

    def kafka_gives_the_same_metrics_as_files(self):
        with tempfile.TemporaryDirectory() as folder, Kafka() as kafka:
            run = Run(self.binary, folder, servers=kafka.servers, generator=CLEAN)
            for topic in ("page_metrics", "late_clicks", "bad_clicks", "clicks"):
                kafka.topic(topic, 4 if topic == "clicks" else 1)
            run.generate("files")
            run.generate("kafka")
            run.job("files")
            files = run.rows("files", "page_metrics_parquet")
            (run.folder / "page_metrics_parquet").rename(run.folder / "of_files")
            run.job("kafka", "-p", "2")
            for table in ("page_metrics", "page_metrics_parquet"):
                assert run.rows("kafka", table) == files, table
            assert run.rows("kafka", "late_clicks") == run.rows("kafka", "bad_clicks") == []

    def late_and_malformed_rows_go_to_kafka(self):
        with tempfile.TemporaryDirectory() as folder, Kafka() as kafka:
            run = Run(self.binary, folder, servers=kafka.servers)
            for topic in ("page_metrics", "late_clicks", "bad_clicks", "clicks"):
                kafka.topic(topic, 1)
            run.generate("kafka")
            run.job("kafka", "-D", "pipeline.auto-watermark-interval=0")
            run.check_sums("kafka")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", type=pathlib.Path, default=ROOT / "build" / "penstock")
    parser.add_argument("--filter", default="")
    arguments = parser.parse_args()
    tests = Tests(arguments.penstock.resolve())
    return run_tests("clickstream", [(name, getattr(tests, name)) for name in vars(Tests)
                                     if not name.startswith("_") and arguments.filter in name])


sys.exit(main())
