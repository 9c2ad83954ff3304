#!/usr/bin/env python3
"""Object stores against a real S3 server: the contract of the port; checkpoints, savepoints and files.

Starts a server on a free port with the peers script and stops it at the end. Prints one line a test; exit code 77 when
the script is missing.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
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

    @contextlib.contextmanager
    def running(self, script, *options):
        """The job of a script while the block lasts, once it has a checkpoint in the local folder cp."""
        process = subprocess.Popen([str(self.binary), "run", *self.options("execution.checkpointing.dir=cp", *options), script],
                                   text=True, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None and self.ask("list").returncode == 0 and not self.epochs(script):
                time.sleep(0.05)
            assert process.poll() is None, process.communicate()[0]
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def epochs(self, script):
        done = self.ask("list", "--format", "json")
        return any(json.loads(line)["checkpoints"]["completed"] > 0 for line in done.stdout.splitlines()
                   if json.loads(line)["script"] == script.removesuffix(".sql"))

    def ask(self, command, *arguments):
        done = subprocess.run([str(self.binary), command, *arguments, "--dir", "."], text=True, cwd=self.folder,
                              capture_output=True, timeout=120)
        assert SECRET not in done.stdout + done.stderr, done
        return done

    def saved(self, command, *arguments):
        """The path of the savepoint that the command made."""
        done = self.ask(command, *arguments)
        assert done.returncode == 0, done.stderr
        return re.search(r"^Savepoint completed\. Path: (.*)$", done.stdout, re.M)[1]

    def looked_into(self, command, path):
        return subprocess.run([str(self.binary), "state", command, path, *self.options()], text=True, capture_output=True,
                              cwd=self.folder, timeout=60)

    def savepoints_go_to_the_bucket_and_come_back(self):
        """One beside the job, one where the option says, one at its end; from that it goes on with other subtasks."""
        self.server.bucket("saves")
        script = self.write("saves.sql", COUNTING.format(rows=ROWS, path="s3://saves/out"))
        option = "execution.checkpointing.savepoint-dir=s3://saves/option/"
        with self.running(script, option) as process:
            first = self.saved("savepoint", "saves", "s3://saves/points")
            assert first.startswith("s3://saves/points/savepoint-insert-into_counted-1-"), first
            second = self.saved("savepoint", "saves")
            assert second.startswith("s3://saves/option/savepoint-"), second
            for _ in range(5):  # as many as one likes, and from a bucket to a folder
                self.saved("savepoint", "saves", "points")
            assert process.poll() is None
            last = self.saved("stop", "saves", "--savepoint", "s3a://saves/points/")
            assert last.startswith("s3://saves/points/"), last
            assert process.wait(timeout=20) == 0, process.communicate()[0]
        shutil.rmtree(self.folder / "cp" / "saves" / "jobs")  # they stand alone
        for path in (first, second, last):
            for command, expected in (("inspect", "numbers"), ("verify", "ok: savepoint " + path), ("dump", "")):
                done = self.looked_into(command, path)
                assert done.returncode == 0 and expected in done.stdout, done.stdout + done.stderr
        done = self.looked_into("verify", "s3://saves")
        assert done.returncode == 0 and done.stdout.count("ok: savepoint") == 3, done.stdout + done.stderr
        done = subprocess.run([str(self.binary), "run", *self.options("execution.checkpointing.dir=cp"), "-p", "3", script,
                               "--from-savepoint", last], text=True, cwd=self.folder, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for part in self.objects("saves", "out/") for line in part.splitlines()]
        assert len(rows) == ROWS and {row["id"] for row in rows} == set(range(1, ROWS + 1)), len(rows)
        for key in range(10):
            counts = sorted(row["n"] for row in rows if row["k"] == key)
            assert counts == list(range(1, ROWS // 10 + 1)), f"key {key}"
        state = next(key for _, key in self.server.list("saves", "points/") if "/state-" in key and first in "s3://saves/" + key)
        self.server.put("saves", state, b"x" * 10)
        for done in (self.looked_into("verify", first), self.looked_into("inspect", first)):
            assert done.returncode == 1 and f"s3://saves/{state}" in done.stdout + done.stderr, done.stdout + done.stderr
        code, output = self.run(script, "execution.state-recovery.path=" + first, "execution.checkpointing.dir=other")
        assert code == 1 and f"s3://saves/{state}" in output, output

    @contextlib.contextmanager
    def copying(self, name):
        """The process of a job with state of several parts, and one that has asked for a savepoint of it in s3://NAME/points."""
        self.server.bucket(name)
        script = self.write(name + ".sql", """
SET 'execution.checkpointing.interval' = '500 ms';
CREATE TABLE texts (text STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '60000', 'fields.text.length' = '200');
CREATE TABLE nowhere (text STRING, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT text, COUNT(*) FROM texts GROUP BY text;
""")
        with self.running(script) as process:
            while sum(file.stat().st_size for file in (self.folder / "cp" / name).rglob("*-*") if file.is_file()) < 80 << 20:
                time.sleep(0.1)
                assert process.poll() is None, process.communicate()[0]
            asking = subprocess.Popen([str(self.binary), "savepoint", name, f"s3://{name}/points", "--dir", "."], text=True,
                                      cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            while asking.poll() is None and not self.pending_uploads(name):
                pass
            yield script, process, asking
        assert asking.returncode == 1, "the savepoint was completed before it was seen: give it more state"

    def a_copy_ends_with_the_job_that_is_cancelled(self):
        with self.copying("ended") as (_, process, asking):
            assert self.ask("cancel", "ended").returncode == 0
            _, error = asking.communicate(timeout=60)
            assert "cancelled" in error, error
            assert process.wait(timeout=60) == 1
        assert self.pending_uploads("ended") == 0 and not self.server.list("ended")

    def a_copy_that_is_killed_is_no_savepoint(self):
        with self.copying("killed") as (script, process, asking):
            process.kill()
            _, error = asking.communicate(timeout=60)
            assert error
        assert self.pending_uploads("killed") == 1
        keys = [key for _, key in self.server.list("killed")]
        assert not any(key.endswith("/manifest") for key in keys), keys
        done = self.looked_into("inspect", "s3://killed/points")
        assert done.returncode == 1 and "s3://killed/points" in done.stderr, done.stdout + done.stderr
        code, output = self.run(script, "execution.state-recovery.path=s3://killed/points")
        assert code == 1 and "s3://killed/points" in output, output
        with self.running(script) as process:  # goes on from its checkpoints
            path = self.saved("stop", "killed", "--savepoint", "s3://killed/points")
            assert process.wait(timeout=60) == 0
        done = self.looked_into("verify", "s3://killed/points")
        assert done.returncode == 0 and done.stdout.startswith("ok: savepoint " + path), done.stdout + done.stderr

    def from_bucket_to_bucket_and_to_a_folder(self):
        self.server.bucket("both")

        def run(rows, *arguments):
            self.write("rows.json", "".join(json.dumps({"kind": "+I", "row": [row]}) + "\n" for row in rows))
            script = self.write("both.sql", """
CREATE TABLE s (n INT) WITH ('connector' = 'values', 'path' = 'rows.json', 'bounded' = 'false');
CREATE TABLE o (n INT, c BIGINT, PRIMARY KEY (n) NOT ENFORCED) WITH ('connector' = 'values', 'path' = 'out.json');
INSERT INTO o SELECT n, COUNT(*) FROM s GROUP BY n;
""")
            return subprocess.run([str(self.binary), "run", *self.options("execution.checkpointing.dir=s3://both/cp"), script,
                                   "--stop-when-idle", *arguments], text=True, cwd=self.folder, capture_output=True, timeout=60)

        def last():
            return json.loads((self.folder / "out.json").read_text().splitlines()[-1])["row"]

        done = run([1, 1, 2], "--savepoint", "s3://both/sp")
        assert done.returncode == 0, done.stderr
        assert not list(self.folder.glob("s3*")), "no folder has such a name"
        done = run([1, 1, 2, 1], "--from-savepoint", "s3://both/sp", "--savepoint", "sp", "-p", "2")
        assert done.returncode == 0 and last() == [1, 3], (done.stderr, last())
        done = run([1, 1, 2, 1, 2], "--from-savepoint", "sp", "--savepoint", "s3://both/sp", "--fresh")
        assert done.returncode == 1 and "s3://both/sp/job-1" in done.stderr and "another place" in done.stderr, done.stderr
        done = run([1, 1, 2, 1, 2], "--from-savepoint", "sp", "--savepoint", "s3://both/next", "--fresh")
        assert done.returncode == 0 and last() == [2, 2], (done.stderr, last())
        for path in ("s3://both/sp", "sp", "s3://both/next/job-1"):
            assert self.looked_into("verify", path).returncode == 0, path

    def a_job_in_the_bucket_is_saved_while_it_runs(self):
        """Its socket is in a local folder; copies go from the bucket to the bucket, and to a folder."""
        self.server.bucket("inside")
        script = self.write("inside.sql", COUNTING.format(rows=ROWS, path="s3://inside/out"))
        options = ("execution.checkpointing.dir=s3://inside/cp", "penstock.control.dir=control/")
        with self.running(script, *options) as process:
            paths = [self.saved("savepoint", "inside", to) for to in ("s3://inside/points", "inside-points")]
            assert process.poll() is None
            paths.append(self.saved("stop", "inside", "--savepoint", "s3://inside/points"))
            assert process.wait(timeout=20) == 0, process.communicate()[0]
        for path in paths:
            done = self.looked_into("verify", path)
            assert done.returncode == 0 and done.stdout.startswith("ok: savepoint " + path), done.stdout + done.stderr
        for _, key in self.server.list("inside", "cp/"):  # they stand alone
            self.server.remove("inside", key)
        done = subprocess.run([str(self.binary), "run", *self.options(*options), "-p", "2", script, "--from-savepoint", paths[-1]],
                              text=True, cwd=self.folder, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line)["id"] for part in self.objects("inside", "out/") for line in part.splitlines()]
        assert len(rows) == ROWS and len(set(rows)) == ROWS, len(rows)

    def a_savepoint_that_fails_leaves_the_job_running(self):
        script = self.write("stays.sql", COUNTING.format(rows=100_000_000, path="out-stays"))
        with self.running(script) as process:
            for command in (("savepoint", "stays", "s3://nowhere/x"), ("stop", "stays", "--savepoint", "s3://nowhere/x")):
                done = self.ask(*command)
                assert done.returncode == 1 and "there is no bucket 'nowhere'" in done.stderr, done.stdout + done.stderr
                assert "s3.endpoint" in done.stderr, done.stderr
            assert process.poll() is None
            assert self.ask("stop", "stays").returncode == 0
        with self.running(script, "s3.endpoint=http://127.0.0.1:9") as process:
            done = self.ask("stop", "stays", "--savepoint", "s3://some/x")
            assert done.returncode == 1 and "127.0.0.1:9" in done.stderr and "s3.endpoint" in done.stderr, done.stderr
            assert process.poll() is None
        done = subprocess.run([str(self.binary), "run", *self.options("execution.checkpointing.dir=cp"), script,
                               "--stop-when-idle", "--savepoint", "s3://nowhere/x"], text=True, cwd=self.folder,
                              capture_output=True, timeout=60)
        assert done.returncode == 1 and "there is no bucket 'nowhere'" in done.stderr, done.stderr
        code, output = self.run(script, "execution.state-recovery.path=s3://nowhere/x", "execution.checkpointing.dir=cp2")
        assert code == 1 and "there is no bucket 'nowhere'" in output, output

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
                                  "state_is_looked_into", "a_second_process_takes_over",
                                  "savepoints_go_to_the_bucket_and_come_back", "a_copy_that_is_killed_is_no_savepoint",
                                  "a_copy_ends_with_the_job_that_is_cancelled",
                                  "from_bucket_to_bucket_and_to_a_folder", "a_job_in_the_bucket_is_saved_while_it_runs",
                                  "a_savepoint_that_fails_leaves_the_job_running",
                                  "problems_are_named") if arguments.filter in name]
    try:
        with tempfile.TemporaryDirectory() as folder, S3() as server:
            test = Test(pathlib.Path(arguments.penstock).resolve(), server, pathlib.Path(folder))
            return run_tests("s3", [(name, getattr(test, name)) for name in names])
    except Missing as missing:
        print(f"skip   e2e s3: {missing}")
        return SKIPPED


sys.exit(main())
