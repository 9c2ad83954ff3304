#!/usr/bin/env python3
"""Object stores against a real S3 server: the contract of the port; checkpoints and files.

Starts a server on a free port with the peers script and stops it at the end. Prints one line a test; exit code 77 when
the script is missing.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import urllib.request

from peers import ROOT, SKIPPED, S3, Missing, run_tests

SECRET = "penstock-canary-secret"
ROWS = 120_000
# A running number for each of ten keys, which steps by one whatever happens to the job.
COUNTING = """
SET 'execution.checkpointing.interval' = '300 ms';
SET 'restart-strategy.type' = 'none';
CREATE TABLE numbers (id BIGINT, at AS PROCTIME()) WITH ('connector' = 'datagen', 'rows-per-second' = '20000',
  'number-of-rows' = '{rows}', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '{rows}');
CREATE TABLE counted (id BIGINT, k BIGINT, n BIGINT) WITH ('connector' = 'filesystem', 'path' = '{path}',
  'format' = 'json');
INSERT INTO counted SELECT id, MOD(id, 10), COUNT(*) OVER (PARTITION BY MOD(id, 10) ORDER BY at
  ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM numbers;
"""


class Test:
    def __init__(self, binary, server, folder):
        self.binary, self.server, self.folder = binary, server, folder

    def the_contract_holds(self):
        """The suite that the model passes, too."""
        self.server.bucket("contract")
        program = self.binary.parent / "src" / "env" / "env_test"
        if not program.exists():
            raise Missing(f"no {program}")
        done = subprocess.run([str(program), "--gtest_brief=1", "--gtest_filter=*ObjectStoreContract*/Real"], text=True,
                              capture_output=True, timeout=120,
                              env={**os.environ, **self.server.credentials(), "PENSTOCK_S3_ENDPOINT": self.server.url,
                                   "PENSTOCK_S3_BUCKET": "contract"})
        assert done.returncode == 0 and "8 tests" in done.stdout, done.stdout[-3000:] + done.stderr[-2000:]


    def options(self, *more):
        return [part for option in (f"s3.endpoint={self.server.url}", "s3.access-key=penstock",
                                    f"s3.secret-key={SECRET}", *more) for part in ("-D", option)]

    def run(self, script, *options, kill_after=None):
        """(exit code or None where it was killed, output)."""
        process = subprocess.Popen([str(self.binary), "run", *self.options(*options), script], text=True, cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(timeout=kill_after or 120)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            output, _ = process.communicate()
            return None, output
        assert SECRET not in output, output
        return process.returncode, output

    def objects(self, bucket, prefix):
        """The bytes of all objects, read without Penstock."""
        return [urllib.request.urlopen(f"{self.server.url}/{bucket}/{key}").read()
                for _, key in self.server.list(bucket, prefix)]

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def pending_uploads(self, bucket):
        return urllib.request.urlopen(f"{self.server.url}/{bucket}?uploads").read().decode().count("<UploadId>")

    def files_are_read_and_written(self):
        self.server.bucket("files")
        script = self.write("files.sql", """
CREATE TABLE source (id BIGINT, name STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '30000',
  'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '30000', 'fields.name.length' = '200');
CREATE TABLE as_json (id BIGINT, name STRING) WITH ('connector' = 'filesystem', 'path' = 's3://files/a/json',
  'format' = 'json', 'sink.compression' = 'gzip');
CREATE TABLE as_csv (id BIGINT, name STRING, part BIGINT) PARTITIONED BY (part) WITH ('connector' = 'filesystem',
  'path' = 's3://files/a/csv/', 'format' = 'csv', 'sink.rolling-policy.file-size' = '1 mb',
  'sink.partition-commit.policy.kind' = 'success-file');
CREATE TABLE as_parquet (id BIGINT, name STRING) WITH ('connector' = 'filesystem', 'path' = 's3://files/a/parquet',
  'format' = 'parquet');
SET 'table.dml-sync' = 'true';
INSERT INTO as_json SELECT * FROM source;
INSERT INTO as_csv SELECT id, name, MOD(id, 3) FROM as_json;
INSERT INTO as_parquet SELECT id, name FROM as_csv;
CREATE TABLE some_csv (id BIGINT, name STRING, part BIGINT) PARTITIONED BY (part) WITH ('connector' = 'filesystem',
  'path' = 's3://files/*/csv/part=[12]', 'format' = 'csv');
SELECT COUNT(*), SUM(id), MIN(CHAR_LENGTH(name)) FROM as_parquet;
SELECT COUNT(*), MIN(part) FROM some_csv;
""")
        code, output = self.run(script, "execution.runtime-mode=batch")
        assert code == 0, output
        assert "30000 | 450015000 | 200" in output, output
        assert "20000 | 1" in output, output
        keys = [key for _, key in self.server.list("files", "a/csv")]
        assert sum(key.endswith("_SUCCESS") for key in keys) == 3, keys
        assert sum("/part-" in key for key in keys) > 3, keys
        assert self.pending_uploads("files") == 0

    def kills_lose_and_double_nothing(self):
        self.server.bucket("kills")
        script = self.write("kills.sql", COUNTING.format(rows=ROWS, path="s3://kills/out"))
        seed = random.randrange(1 << 32)
        dice, kills = random.Random(seed), 0
        while True:
            options = ("execution.checkpointing.dir=s3://kills/checkpoints",)
            code, output = self.run(script, *options, kill_after=dice.uniform(0.4, 2.5) if kills < 12 else None)
            if code is not None:
                assert code == 0, output
                break
            kills += 1
        rows = [json.loads(line) for part in self.objects("kills", "out/") for line in part.splitlines()]
        assert len(rows) == ROWS, f"{len(rows)} rows, seed {seed}, {kills} kills"
        assert {row["id"] for row in rows} == set(range(1, ROWS + 1)), f"seed {seed}"
        for key in range(10):
            counts = sorted(row["n"] for row in rows if row["k"] == key)
            assert counts == list(range(1, ROWS // 10 + 1)), f"key {key}, seed {seed}"
        assert self.pending_uploads("kills") == 0, "what dead processes left is taken back"
        print(f"       {kills} kills, seed {seed}", flush=True)
        assert kills >= 3

    def state_is_looked_into(self):
        self.server.bucket("state")
        text = COUNTING.format(rows=100_000_000, path="s3://state/out")
        script = self.write("state.sql", text)
        self.run(script, "execution.checkpointing.dir=s3://state/cp", kill_after=4)
        for command, expected in (("inspect", "numbers"), ("verify", "checkpoint"), ("dump", "")):
            done = subprocess.run([str(self.binary), "state", command, "s3://state/cp", *self.options()], text=True,
                                  capture_output=True, timeout=60)
            assert done.returncode == 0 and expected in done.stdout, done.stdout + done.stderr
        newest = max(key for _, key in self.server.list("state", "cp/") if "/state-" in key)
        self.server.put("state", newest, b"x" * 10)
        done = subprocess.run([str(self.binary), "state", "verify", "s3://state/cp", *self.options()], text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 1 and f"s3://state/{newest}" in done.stdout + done.stderr, done.stdout + done.stderr
        code, output = self.run(script, "execution.checkpointing.dir=s3://state/cp")
        assert code == 1 and newest in output, output

    def a_second_process_takes_over(self):
        """Who loses its place on a bucket stops, and what both wrote is one line of epochs.

        Both stop where the first one seals an epoch just as the second one takes its place: the first may not go on, and
        the second has not restored that epoch. The next run goes on from it.
        """
        self.server.bucket("two")
        script = self.write("two.sql", COUNTING.format(rows=ROWS, path="s3://two/out"))
        option = "execution.checkpointing.dir=s3://two/cp"
        first = subprocess.Popen([str(self.binary), "run", *self.options(option), script], text=True, cwd=self.folder,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            first.wait(1.5)
        except subprocess.TimeoutExpired:
            pass
        second, output = self.run(script, option)
        told, _ = first.communicate(timeout=60)
        assert first.returncode == 1 or second == 1, told + output
        loser = told if first.returncode else output
        if first.returncode == 1 and second == 1:
            code, output = self.run(script, option)
            assert code == 0, output
        assert "another process" in loser, loser
        rows = [json.loads(line)["id"] for part in self.objects("two", "out/") for line in part.splitlines()]
        assert len(rows) == ROWS and len(set(rows)) == ROWS, len(rows)

    def problems_are_named(self):
        cases = (("SELECT * FROM t", "there is no bucket 'nowhere'", ()),
                 ("SELECT * FROM t", "only one is set", ("s3.access-key=",)))
        for query, problem, more in cases:
            script = self.write("problem.sql", "CREATE TABLE t (x INT) WITH ('connector' = 'filesystem', "
                                "'path' = 's3://nowhere/x', 'format' = 'csv'); " + query + ";")
            code, output = self.run(script, *more)
            assert code == 1 and problem in output, output
        done = subprocess.run([str(self.binary), *self.options(), "-c", "SET;"], text=True, capture_output=True)
        assert SECRET not in done.stdout and "s3.secret-key" in done.stdout, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", default=str(ROOT / "build" / "penstock"))
    parser.add_argument("--filter", default="", help="only tests whose name has this part")
    arguments = parser.parse_args()
    names = [name for name in ("the_contract_holds", "files_are_read_and_written", "kills_lose_and_double_nothing",
                                  "state_is_looked_into", "a_second_process_takes_over", "problems_are_named") if arguments.filter in name]
    try:
        with tempfile.TemporaryDirectory() as folder, S3() as server:
            test = Test(pathlib.Path(arguments.penstock).resolve(), server, pathlib.Path(folder))
            return run_tests("s3", [(name, getattr(test, name)) for name in names])
    except Missing as missing:
        print(f"skip   e2e s3: {missing}")
        return SKIPPED


sys.exit(main())
