#!/usr/bin/env python3
"""One key with nine of ten events at parallelism 2: SUM and COUNT(DISTINCT) without help, salted, and with a subtask of its own.

Events come from a generator in the process, results go to files, and every run must give the same rows. Figures are medians
of runs that alternate between the modes: wall and core seconds, what the busiest subtask of the aggregation has to add up, and
the share of the aggregation's tasks in all busy time. Two plans: `window` (windows of 100 s of event time) and `group` (an
updating GROUP BY under mini-batches, what Flink's agg-phase-strategy = ONE_PHASE is measured with). Wall time means
something on an idle machine only.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODES = ("none", "salt", "dedicated")
EVENTS = """
CREATE TABLE events (n BIGINT,
  k AS CASE WHEN MOD(n, 10) < 9 THEN 0 ELSE 1 + MOD(n / 10 * 7919, 1000) END, x AS MOD(n * 48271, {values}),
  ts AS TO_TIMESTAMP_LTZ(n / 10, 3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'datagen', 'rows-per-second' = '1000000000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0',
      'fields.n.end' = '{last}');
SET 'execution.checkpointing.interval' = '{interval}';
"""
PLANS = {
    "window": """
CREATE TABLE results (k BIGINT, e TIMESTAMP(3), s BIGINT, d BIGINT) WITH ('connector' = 'filesystem', 'path' = '{out}', 'format' = 'csv');
INSERT INTO results SELECT k, CAST(window_end AS TIMESTAMP(3)), SUM(x), COUNT(DISTINCT x)
FROM TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '100' SECOND) GROUP BY k, window_start, window_end;""",
    "group": """
CREATE TABLE results (k BIGINT, s BIGINT, d BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'values', 'path' = '{out}');
SET 'table.exec.mini-batch.enabled' = 'true';
SET 'table.exec.mini-batch.size' = '200000';
SET 'table.exec.mini-batch.allow-latency' = '1 s';
INSERT INTO results SELECT k, SUM(x), COUNT(DISTINCT x) FROM events GROUP BY k;""",
}


def rows_of(plan, out):
    """The final rows: of files as they are, of a changelog what is left of it."""
    out = pathlib.Path(out)
    if plan == "window":
        return sorted(line for file in out.iterdir() if not file.name.startswith((".", "_"))
                      for line in file.read_text().splitlines())
    rows = {}
    for line in out.read_text().splitlines():
        change = json.loads(line)
        row = tuple(change["row"])
        if change["kind"] in ("+I", "+U"):
            rows[row[0]] = row
        elif change["kind"] == "-D":
            rows.pop(row[0], None)
    return sorted(rows.values())


def busy_share(summary):
    """Of the tasks that aggregate in the busy time of all, in percent of the core time; from the lines of loads."""
    busy = {}
    for name, share in re.findall(r"^(.+?): busy ([0-9.]+) %", summary, re.M):
        busy[name] = busy.get(name, 0) + float(share)
    total = sum(busy.values())
    return sum(v for k, v in busy.items() if "Aggregate" in k) / total if total else 0


def run(options, plan, mode):
    with tempfile.TemporaryDirectory(prefix="hot-key-") as folder:
        out = os.path.join(folder, "results")
        text = (EVENTS + PLANS[plan]).format(last=options.events - 1, values=options.values, out=out, interval=options.interval)
        script = pathlib.Path(folder, "hot_key.sql")
        script.write_text(f"SET 'penstock.hot-keys' = '{mode}';\n" + text)
        summary = pathlib.Path(folder, "summary")
        began = time.monotonic()
        with summary.open("w") as errors:
            process = subprocess.Popen([options.penstock, "run", "-p", str(options.parallelism), "--progress", str(script)],
                                       stdout=subprocess.DEVNULL, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        told = summary.read_text()
        if process.returncode != 0:
            sys.exit(f"hot_key: penstock failed:\n{told[-2000:]}")
        busiest = re.search(r"the busiest subtask \w+(?: up)? ([0-9.]+) %", told)
        return {"wall_s": time.monotonic() - began, "core_s": usage.ru_utime + usage.ru_stime,
                "peak_mib": usage.ru_maxrss / 1024, "busiest": float(busiest[1]) if busiest else None,
                "aggregation": busy_share(told), "told": [line for line in told.splitlines() if "hot key" in line]}, \
            rows_of(plan, out)


def measure(options, plan):
    costs, expected = {mode: [] for mode in options.modes}, None
    for _ in range(options.runs):
        for mode in options.modes:
            cost, rows = run(options, plan, mode)
            expected = expected or rows
            if rows != expected or not rows:
                sys.exit(f"hot_key: {plan} with '{mode}' gives other rows: {len(rows)} of {len(expected)}")
            costs[mode].append(cost)
    base = statistics.median(c["wall_s"] for c in costs[options.modes[0]])
    for mode, runs in costs.items():
        wall, core = (statistics.median(c[f] for c in runs) for f in ("wall_s", "core_s"))
        busiest = "" if runs[-1]["busiest"] is None else f", the busiest subtask adds up {runs[-1]['busiest']:.1f} %"
        print(f"{plan:6} {mode:9}: {wall:6.2f} s, {core:6.2f} core s, {base / wall:4.2f}x, {options.events / wall:>10,.0f} events/s, "
              f"{max(c['peak_mib'] for c in runs):.0f} MiB, aggregation {statistics.median(c['aggregation'] for c in runs):.0%} "
              f"of busy time{busiest}", flush=True)
        for line in runs[-1]["told"] if options.verbose else []:
            print("    " + line)
    print(f"{plan:6} {len(expected)} rows, the same in every run", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", default=str(ROOT / "build/penstock"))
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--values", type=int, default=100_000, help="different values of x (default: 100,000)")
    parser.add_argument("--parallelism", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--interval", default="1 s", help="of checkpoints, at which keys get subtasks (default: 1 s)")
    parser.add_argument("--plans", type=lambda text: text.split(","), default=list(PLANS))
    parser.add_argument("--modes", type=lambda text: text.split(","), default=list(MODES))
    parser.add_argument("--verbose", action="store_true", help="what the runs say about hot keys")
    options = parser.parse_args()
    for plan in options.plans:
        measure(options, plan)


if __name__ == "__main__":
    main()
