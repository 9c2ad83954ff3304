#!/usr/bin/env python3
"""The job of large_state.py on Apache Flink with RocksDB: rate, checkpoints, a killed TaskManager, memory.

    bench/large_state_flink.py --keys 40000000 --managed 512m [--interval '30 s'] [--kill-at 0.6]

RocksDB gets --managed bytes of managed memory, as Penstock's state has its budget; beside it the TaskManager has heap and
network memory as Flink deals it out of --memory. Checkpoints are incremental. The TaskManager is killed with kill -9 at a part
of the rows and started again by the same command; its loss is noticed within 5 s. $PENSTOCK_PEERS has the script of the cluster.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
from engines import Flink  # noqa: E402
import large_state  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = pathlib.Path(os.environ.get("PENSTOCK_PEERS", ROOT.parent / "shared/peers"))


def rest(path):
    port = os.environ.get("FLINK_PORT", "8081")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return json.load(answer)


def task_manager():
    """The process id of the only TaskManager of this machine."""
    for place in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"TaskManagerRunner" in place.read_bytes():
                return int(place.parent.name)
        except OSError:
            pass
    return 0


class Run:
    def __init__(self, options, cluster):
        self.cluster, self.checkpoints, self.rows, self.peak = cluster, {}, 0, 0
        # What Flink knows: tables and the query, and no seed of its generator.
        script = large_state.script(options).replace(" 'seed' = '42',", "")
        statements = [s for s in script.split(";") if not s.strip().startswith("SET")]
        self.job = cluster.sql(";".join(statements), "--parallelism", "1", "--detach").stdout.split()[-1]
        self.began = self.before = time.monotonic()

    def sample(self):
        """One line; the rows that the aggregation has read in this attempt."""
        pid, now = task_manager(), time.monotonic()
        resident = large_state.memory_mib(pid)[0]
        self.peak = max(self.peak, resident)
        job = rest(f"/jobs/{self.job}")
        self.state = job["state"]
        rows = max(v["metrics"]["read-records"] for v in job["vertices"])
        last = (rest(f"/jobs/{self.job}/checkpoints")["latest"] or {}).get("completed")
        if last:
            self.checkpoints[last["id"]] = (last["end_to_end_duration"], round(last["checkpointed_size"] / 1e6),
                                            round(last["state_size"] / 1e6))
        rate = (rows - self.rows) / max(now - self.before, 1e-3)
        print(f"{now - self.began:7.1f} s  {large_state.core_seconds(pid):7.1f} core s  {rows / 1e6:8.2f} M rows  {rate / 1e3:8.0f} K/s"
              f"  rss {resident:6.0f} MiB  checkpoint {self.checkpoints.get(last['id']) if last else '-'}  {self.state}", flush=True)
        self.rows, self.before = rows, now
        return rows

    def until(self, rows, every):
        while self.sample() < rows and self.state == "RUNNING":
            time.sleep(every)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=4_000_000, help="distinct keys, about (default: 4,000,000)")
    parser.add_argument("--rows-per-key", type=float, default=2)
    parser.add_argument("--managed", default="64m", help="taskmanager.memory.managed.size (default: 64m)")
    parser.add_argument("--memory", type=int, default=2048, help="MiB of the whole TaskManager (default: 2048)")
    parser.add_argument("--interval", default="10 s", help="of checkpoints (default: 10 s)")
    parser.add_argument("--kill-at", type=float, default=0.6, help="part of the rows")
    parser.add_argument("--every", type=float, default=5, help="seconds between samples")
    options = parser.parse_args()
    options.rows = int(options.keys * options.rows_per_key)
    options.range = large_state.range_for(options.keys, options.rows)
    options.budget = options.work = ""  # of statements that Flink does not get
    return options


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as work:
        cluster = Flink(PEERS / "flink", work, options.interval, **Flink.RECOVERY, **{
            "state.backend.type": "rocksdb", "taskmanager.memory.managed.size": options.managed,
            "taskmanager.memory.process.size": f"{options.memory}m", "execution.checkpointing.timeout": "30 min"})
        try:
            cluster.start()
            run = Run(options, cluster)
            run.until(options.rows * options.kill_at, options.every)
            if run.state != "RUNNING":
                sys.exit(f"large_state_flink: the job is {run.state} before it was killed")
            seconds, core_s = time.monotonic() - run.began, large_state.core_seconds(task_manager())
            report = {"engine": "flink", "keys": options.keys, "rows": options.rows, "managed": options.managed,
                      "rate_k_per_s": round(run.rows / seconds / 1e3), "rate_k_per_core_s": round(run.rows / core_s / 1e3),
                      "checkpoints_ms_mb_full_mb": list(run.checkpoints.values()), "peak_mib": round(run.peak)}
            cluster.crash()
            killed, run.peak = time.monotonic(), 0
            run.rows = rows_before = run.rows
            while not 0 < run.sample() < rows_before:  # read by the new attempt
                time.sleep(0.5)
            report["restored_to_first_row_s"] = round(time.monotonic() - killed, 1)
            report["peak_of_restore_mib"] = round(run.peak)
            print(json.dumps(report, indent=1))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
