#!/usr/bin/env python3
"""EXPLAIN STATE beside what the same jobs then take: seeded Zipf data, forecast from the first 5 % of the rows.

    bench/forecast.py [--build build] [--rows 400000] [--jobs window,session] [--skew 1.0] [--seed 7]

Prints a row per job and backend: forecast, actual, their ratio, in bytes of memory, and for RocksDB with a small
budget also of disk. Watermarks are emitted per row ('on-event'), so that the figures do not depend on the speed of
the machine. Figures: docs/reference/statements/explain-state.md.
"""
import argparse
import itertools
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = """
CREATE TABLE clicks (u BIGINT, s BIGINT, p STRING, v INT, ts AS TO_TIMESTAMP_LTZ(s, 3), WATERMARK FOR ts AS ts - INTERVAL '20' SECOND)
  WITH ('connector'='filesystem', 'path'='{folder}/clicks.csv', 'format'='csv', 'scan.watermark.emit.strategy'='on-event');
CREATE TABLE orders (id BIGINT, u BIGINT, item STRING, price INT)
  WITH ('connector'='filesystem', 'path'='{folder}/orders.csv', 'format'='csv');
"""
JOBS = {
    "window": """SELECT u, window_start, COUNT(*), SUM(v) FROM TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' MINUTE)
        GROUP BY u, window_start, window_end""",
    "hop": """SELECT u, window_start, COUNT(*), SUM(v) FROM HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '2' MINUTE, INTERVAL '10' MINUTE)
        GROUP BY u, window_start, window_end""",
    "dedup": """SELECT u, s, p, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY u ORDER BY ts DESC) AS n FROM clicks)
        WHERE n = 1""",
    "join": "SELECT c.u, c.p, o.item, o.price FROM clicks c JOIN orders o ON c.u = o.u",
    "join-filter": """SELECT c.u, c.p, o.item, o.price FROM clicks c JOIN orders o ON c.u = o.u
        WHERE c.v < 300 AND o.price > 50""",
    "top-n": """SELECT u, s, p, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY u ORDER BY v DESC) AS n FROM clicks)
        WHERE n <= 5""",
    "session": """SELECT u, window_start, COUNT(*), SUM(v) FROM SESSION(TABLE clicks PARTITION BY u, DESCRIPTOR(ts), INTERVAL '30' SECOND)
        GROUP BY u, window_start, window_end""",
    "max-string": "SELECT u, MAX(p), COUNT(*) FROM clicks GROUP BY u",
    "distinct": "SELECT v, COUNT(DISTINCT u) FROM clicks GROUP BY v",
}
BACKENDS = {"hashmap": [], "rocksdb": ["state.backend.type=rocksdb"],
            "rocksdb/budget": ["state.backend.type=rocksdb", "state.memory.budget=16 mb"]}


def zipf(generator, values, skew, count):
    weights = list(itertools.accumulate((rank + 1) ** -skew for rank in range(values)))
    return generator.choices(range(values), cum_weights=weights, k=count)


def generate(folder, rows, values, skew, seed):
    generator = random.Random(seed)
    shuffled = generator.sample(range(1_000_000), values)
    with open(folder / "clicks.csv", "w") as out:
        for i, rank in enumerate(zipf(generator, values, skew, rows)):
            page = "page/" + "x" * generator.randrange(2, 40) + str(rank % 977)
            at = i * 20 + generator.randrange(0, 5000)
            out.write(f"{shuffled[rank]},{at},{page},{generator.randrange(1000)}\n")
    with open(folder / "orders.csv", "w") as out:
        for i, rank in enumerate(zipf(generator, values, skew / 2, rows // 4)):
            out.write(f"{i},{shuffled[rank]},item-{generator.randrange(10 ** generator.randrange(1, 12))},{generator.randrange(100)}\n")


def in_bytes(text):
    number, unit = text.split()
    return float(number) * 1000 ** ["B", "KB", "MB", "GB"].index(unit)


def run(penstock, folder, query, options, verbose=False):
    """Of one job: [(what, forecast, actual)]."""
    insert = f"INSERT INTO sink {query}"
    script = TABLES.format(folder=folder) + sink_of(query) + f"\nEXPLAIN STATE {insert};\n{insert};\n"
    settings = [part for option in options + ["table.exec.state.ttl=1 d"] for part in ("-D", option)]
    done = subprocess.run([penstock, "--progress", *settings, "-c", script], capture_output=True, text=True, timeout=120,
                          check=False)
    if verbose or done.returncode != 0:
        print(done.stdout, done.stderr, sep="\n")
    told = re.findall(r"state (of \S+|on disk).*?: ([0-9.]+ \w+) at (?:most|the end), forecast (?:up to )?([0-9.]+ \w+)", done.stderr)
    return [(what.removeprefix("of "), in_bytes(forecast), in_bytes(most)) for what, most, forecast in told]


def sink_of(query):
    kinds = {"u": "BIGINT", "s": "BIGINT", "p": "STRING", "v": "INT", "window_start": "TIMESTAMP(3)", "item": "STRING",
             "price": "INT", "COUNT(*)": "BIGINT", "SUM(v)": "INT", "MAX(p)": "STRING", "COUNT(DISTINCT u)": "BIGINT"}
    columns = query.split("FROM")[0].replace("SELECT", "").split(",")
    named = ", ".join(f"c{i} {kinds[column.strip().split('.')[-1]]}" for i, column in enumerate(columns))
    return f"CREATE TABLE sink ({named}) WITH ('connector'='blackhole');"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--values", type=int, default=50_000)
    parser.add_argument("--skew", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", default=",".join(JOBS))
    parser.add_argument("--backends", default=",".join(BACKENDS))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    worst = 1.0
    with tempfile.TemporaryDirectory(prefix="penstock-forecast-") as name:
        folder = pathlib.Path(name)
        generate(folder, options.rows, options.values, options.skew, options.seed)
        print(f"{'job':12} {'backend':15} {'state':18} {'forecast':>12} {'actual':>12} {'ratio':>6}")
        for job in options.jobs.split(","):
            for backend in options.backends.split(","):
                for what, forecast, actual in run(options.build / "penstock", folder, JOBS[job], BACKENDS[backend], options.verbose):
                    if what == "on disk":  # an upper bound
                        print(f"{job:12} {backend:15} {what:18} {forecast:12,.0f} {actual:12,.0f}", flush=True)
                        continue
                    ratio = forecast / actual
                    worst = max(worst, ratio, 1 / ratio)
                    print(f"{job:12} {backend:15} {what:18} {forecast:12,.0f} {actual:12,.0f} {ratio:6.2f}", flush=True)
    print(f"worst: {worst:.2f}")


if __name__ == "__main__":
    sys.exit(main())
