#!/usr/bin/env python3
"""State many times as large as memory, with checkpoints: one GROUP BY over random keys.

    bench/large_state.py --keys 4000000 --budget '64 mb' [--build build] [--kill-at 0.6] [--interval '10 s']

Prints samples as it runs (rows, rate, resident memory, checkpoints), kills the process at a part of the rows
(kill -9), resumes it from the last checkpoint and lets it end; then a table. docs/benchmarks.md has figures.
"""
import argparse
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = 5  # a SUM and a MAX of each: 176 bytes of state a key


def script(options):
    values = "".join(f", v{i} INT" for i in range(COLUMNS))
    figures = "".join(f", SUM(v{i}), MAX(v{i})" for i in range(COLUMNS))
    sums = "".join(f", s{i} BIGINT, m{i} INT" for i in range(COLUMNS))
    return f"""
SET 'pipeline.name' = 'large';
SET 'state.backend.type' = 'rocksdb';
SET 'state.memory.budget' = '{options.budget}';
SET 'execution.checkpointing.dir' = '{options.work}/checkpoints';
SET 'execution.checkpointing.interval' = '{options.interval}';
SET 'execution.checkpointing.timeout' = '30 min';
SET 'io.tmp.dirs' = '{options.work}/tmp';
CREATE TABLE events (k BIGINT{values}) WITH ('connector' = 'datagen', 'number-of-rows' = '{options.rows}',
  'rows-per-second' = '100000000', 'seed' = '42', 'fields.k.min' = '0', 'fields.k.max' = '{options.range - 1}');
CREATE TABLE totals (k BIGINT, n BIGINT{sums}, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'blackhole');
INSERT INTO totals SELECT k, COUNT(*){figures} FROM events GROUP BY k;
"""


def range_for(keys, rows):
    """Of n draws from r values r * (1 - exp(-n / r)) are different: the r for which these are the keys asked for."""
    low, high = keys, keys * 100
    while high - low > 1:
        middle = (low + high) // 2
        different = middle * (1 - math.exp(-rows / middle))
        low, high = (low, middle) if different > keys else (middle, high)
    return high


def memory_mib(pid):
    """(resident, of that anonymous)"""
    found = {}
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("VmRSS", "RssAnon")):
                found[line.split(":")[0]] = int(line.split()[1]) / 1024
    except OSError:
        pass
    return found.get("VmRSS", 0), found.get("RssAnon", 0)


def core_seconds(pid):
    """User and system time of all threads: what counts on a machine that does other things, too."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


class Run:
    def __init__(self, options):
        self.options, self.checkpoints, self.peak = options, {}, 0
        self.path = options.work / "large.sql"
        self.path.write_text(script(options))

    def metrics(self):
        done = subprocess.run([self.options.build / "penstock", "metrics", "--dir", self.options.work / "checkpoints",
                               "large-1", "--format", "json"], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def start(self):
        self.process = subprocess.Popen([self.options.build / "penstock", "run", "-p", str(self.options.parallelism),
                                         self.path], stdout=subprocess.DEVNULL)
        self.began = time.monotonic()
        self.first_row, self.first_row_core_s, self.core_s = None, 0, 0
        self.rows, self.rows_at = 0, self.began

    def sample(self):
        """One line; False when the process has ended."""
        resident, anonymous = memory_mib(self.process.pid)
        self.peak = max(self.peak, resident)
        metrics = self.metrics()
        now = time.monotonic()
        if metrics:
            rows = sum(o["rows_in"] for o in metrics["operators"] if o["operator"] == "GroupAggregate")
            if rows and self.first_row is None:
                self.first_row = now - self.began
                self.first_row_core_s = core_seconds(self.process.pid)
            last = metrics["checkpoints"]
            if last["completed"] and last["last_epoch"] not in self.checkpoints:
                self.checkpoints[last["last_epoch"]] = (last["last_duration_ms"], last["last_bytes"])
            rate = (rows - self.rows) / max(now - self.rows_at, 1e-3)
            self.rows, self.rows_at = rows, now
            self.core_s = core_seconds(self.process.pid)
            print(f"{now - self.began:7.1f} s  {self.core_s:7.1f} core s  {rows / 1e6:8.2f} M rows  {rate / 1e3:8.0f} K/s  rss {resident:6.0f} MiB"
                  f"  (anonymous {anonymous:6.0f})  checkpoint {last['last_epoch']}: {last['last_duration_ms']} ms,"
                  f" {last['last_bytes'] / 1e6:.0f} MB", flush=True)
        return self.process.poll() is None

    def until(self, rows, every):
        while self.sample():
            if rows and self.rows >= rows:
                return True
            deadline = time.monotonic() + every
            while time.monotonic() < deadline and self.process.poll() is None:
                self.peak = max(self.peak, memory_mib(self.process.pid)[0])
                time.sleep(0.1)
        return False


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=4_000_000, help="distinct keys, about (default: 4,000,000)")
    parser.add_argument("--rows-per-key", type=float, default=2)
    parser.add_argument("--budget", default="64 mb", help="state.memory.budget (default: 64 mb)")
    parser.add_argument("--interval", default="10 s", help="of checkpoints (default: 10 s)")
    parser.add_argument("--parallelism", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/penstock-large-state"))
    parser.add_argument("--kill-at", type=float, default=0.6, help="part of the rows; 0: never")
    parser.add_argument("--every", type=float, default=5, help="seconds between samples")
    options = parser.parse_args()
    options.rows = int(options.keys * options.rows_per_key)
    options.range = range_for(options.keys, options.rows)
    return options


def main():
    options = arguments()
    shutil.rmtree(options.work, ignore_errors=True)
    (options.work / "tmp").mkdir(parents=True)
    run = Run(options)
    report = {"keys": options.keys, "rows": options.rows, "budget": options.budget, "interval": options.interval}
    try:
        run.start()
        if options.kill_at and run.until(options.rows * options.kill_at, options.every):
            report["rate_k_per_s"] = round(run.rows / (time.monotonic() - run.began) / 1e3)
            report["rate_k_per_core_s"] = round(run.rows / run.core_s / 1e3)
            report["checkpoints_ms_mb"] = [(ms, round(size / 1e6)) for ms, size in run.checkpoints.values()]
            report["peak_mib"] = round(run.peak)
            run.process.send_signal(signal.SIGKILL)
            run.process.wait()
            stored = sum(f.stat().st_size for f in (options.work / "checkpoints").rglob("*") if f.is_file())
            report["checkpoint_folder_mb"] = round(stored / 1e6)
            shutil.rmtree(options.work / "tmp", ignore_errors=True)  # what the killed process left
            (options.work / "tmp").mkdir()
            print("killed; resuming", flush=True)
            run.checkpoints, run.peak = {}, 0
            run.start()
            while run.sample() and run.first_row is None:
                time.sleep(0.1)
            report["restored_to_first_row_s"] = round(run.first_row or 0, 1)
            report["restored_to_first_row_core_s"] = round(run.first_row_core_s, 1)
            report["peak_of_restore_mib"] = round(run.peak)
        run.until(0, options.every)
        report["status"] = run.process.wait()
        report["seconds_of_last_run"] = round(time.monotonic() - run.began, 1)
        report["peak_of_last_run_mib"] = round(run.peak)
        report["last_checkpoints_ms_mb"] = [(ms, round(size / 1e6)) for ms, size in run.checkpoints.values()]
    finally:
        if run.process.poll() is None:
            run.process.kill()
    print(json.dumps(report, indent=1))
    sys.exit(report.get("status", 1))


if __name__ == "__main__":
    main()
