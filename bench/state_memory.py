#!/usr/bin/env python3
"""What a key of an aggregation and a row of a join take in memory, on Penstock and in the heap of Apache Flink, on the same rows.

The jobs read CSV files and then wait for more (source.monitor-interval), so their state stays; parallelism 1, state in memory on
both (hashmap), no checkpoints. Once a job has nothing to do its memory is taken: of Penstock the resident memory of the process,
allocator's waste included; of Flink the bytes of live objects in the TaskManager (`jcmd GC.class_histogram`, which collects
first). That of a job which only reads the same files is taken off; the rest is divided by keys or rows.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
from engines import Flink  # noqa: E402

MAKE = """
CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000000000', 'fields.n.kind' = 'sequence',
  'fields.n.start' = '0', 'fields.n.end' = '{last}');
CREATE TABLE a (id BIGINT, k BIGINT, v BIGINT, name STRING) WITH ('connector' = 'filesystem', 'path' = '{data}', 'format' = 'csv');
INSERT INTO a SELECT n, MOD(n * 7919, {rows}), MOD(n * 104729, 1000), CONCAT('name of row ', CAST(n AS STRING)) FROM numbers;
"""
TABLES = """
CREATE TABLE a (id BIGINT, k BIGINT, v BIGINT, name STRING)
  WITH ('connector' = 'filesystem', 'path' = '{data}', 'format' = 'csv', 'source.monitor-interval' = '1 s');
CREATE TABLE results (w BIGINT, x BIGINT, y BIGINT, z STRING) WITH ('connector' = 'blackhole');
"""
# What is kept: the query, how many of it for each row of the file; and a query that keeps nothing.
JOBS = {
    "key": ("SELECT k, COUNT(*), SUM(v), CAST(MAX(id) AS STRING) FROM a GROUP BY k;", 1),
    "key, longest text": ("SELECT k, COUNT(*), SUM(v), MAX(name) FROM a GROUP BY k;", 1),
    "join row": ("SELECT x.id, y.id, x.v, y.name FROM a x JOIN a y ON x.k = y.k AND x.v > y.v;", 2),
}
NOTHING = "SELECT k, id, v, name FROM a WHERE v < 0;"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(pid, least_s):
    """Until it has worked for a while, and takes less than a tenth of a core for five seconds."""
    give_up = time.monotonic() + 300
    began = before = cpu_seconds(pid)
    while time.monotonic() < give_up:
        time.sleep(5)
        now = cpu_seconds(pid)
        if now - before < 0.5 and now - began > least_s:
            return
        before = now
    sys.exit("state_memory: the job does not come to rest")


class Penstock:
    def __init__(self, binary, work):
        self.binary, self.work = binary, work

    def measure(self, text):
        script = self.work / "job.sql"
        script.write_text("SET 'state.backend.type' = 'hashmap';\n" + text)
        process = subprocess.Popen([self.binary, "run", "-p", "1", script], stdout=subprocess.DEVNULL)
        try:
            wait_until_idle(process.pid, 0.1)
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0]) * 1024
        finally:
            process.kill()
            process.wait()


class FlinkHeap:
    def __init__(self, script, work):
        self.flink = Flink(script, work, "1 h")

    def measure(self, text):
        self.flink.start()  # anew for each: what earlier jobs left in it would count
        try:
            pid = int(subprocess.run(["pgrep", "-f", "[T]askManagerRunner"], capture_output=True, text=True, check=True).stdout)
            self.flink.sql(text, "--detach", "--parallelism", "1")
            wait_until_idle(pid, 2)
            heap = subprocess.run(["jcmd", str(pid), "GC.class_histogram"], capture_output=True, text=True, check=True).stdout
            return int(heap.splitlines()[-1].split()[2])  # Total INSTANCES BYTES
        finally:
            self.flink.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", type=pathlib.Path, default=ROOT / "build" / "penstock")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--jobs", type=lambda text: text.split(";"), default=list(JOBS))
    options = parser.parse_args()
    script = pathlib.Path(os.environ.get("PENSTOCK_PEERS", ROOT.parent / "shared/peers")) / "flink"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "make.sql").write_text(MAKE.format(last=options.rows - 1, rows=options.rows, data=work / "data"))
        subprocess.run([options.penstock, "run", work / "make.sql"], check=True, stdout=subprocess.DEVNULL)
        engines = {"penstock": Penstock(options.penstock, work)}
        if script.exists():
            engines["flink"] = FlinkHeap(script, work)
        measure = lambda it, query: it.measure(TABLES.format(data=work / "data") + "INSERT INTO results " + query)  # noqa: E731
        empty = {engine: measure(it, NOTHING) for engine, it in engines.items()}
        for name in options.jobs:
            query, kept = JOBS[name]
            for engine, it in engines.items():
                full = measure(it, query)
                print(f"{name:18} {engine:9} {(full - empty[engine]) / options.rows / kept:7.1f} bytes ({full / 2**20:.0f} MiB with "
                      f"state, {empty[engine] / 2**20:.0f} MiB without)", flush=True)


if __name__ == "__main__":
    main()
