#!/usr/bin/env python3
"""Real flights through tumbling and hopping windows: equal, row for row, to Flink and to a batch query of DuckDB.

nycflights.sql runs over the year's flights sorted by time (no row is late), over the same flights in a Kafka topic of
four partitions at parallelism 2, and, for the late lane, over the file's own order, which jumps back by up to 8,010
hours.
"""
import argparse
import collections
import decimal
import json
import pathlib
import subprocess
import sys
import tempfile

import flights_data
from peers import Flink, Kafka, ROOT, penstock, run_tests

SCRIPT = ROOT / "tests" / "e2e" / "nycflights.sql"
FLIGHTS, CANCELLED = 336_776, 8_255

BATCH = """
import duckdb, json, sys
folder, size = sys.argv[1], int(sys.argv[2])
duckdb.sql("SET enable_progress_bar = false")
names = open(folder + "/header.csv").read().strip().split(",")
rows = duckdb.sql(f'''
  WITH flights AS (
    SELECT *, strptime(time_hour, '%Y-%m-%dT%H:%M:%SZ') AS scheduled
    FROM read_csv('{folder}/sorted.csv', header = false, names = {names!r}, nullstr = 'NA', all_varchar = true)),
  windows AS (
    SELECT *, date_trunc('hour', scheduled) - to_hours(i) AS window_start FROM flights CROSS JOIN range({size}) AS r(i))
  SELECT origin, strftime(window_start, '%Y-%m-%d %H:%M:%S'),
         strftime(window_start + to_hours({size}), '%Y-%m-%d %H:%M:%S'),
         count(*), count(dep_time), CAST(sum(CAST(dep_delay AS BIGINT)) AS BIGINT), count(dep_delay), count(DISTINCT carrier)
  FROM windows GROUP BY ALL''').fetchall()
for row in rows: print(json.dumps(row))
"""


def rounded_mean(total, count):
    """SUM / COUNT with six decimals, half away from zero, as AVG of a DECIMAL gives it."""
    if not count:
        return None
    with decimal.localcontext() as context:
        context.prec = 40
        return (decimal.Decimal(total) / count).quantize(decimal.Decimal("0.000001"), decimal.ROUND_HALF_UP)


def batch(folder, size):
    """What DuckDB computes, as rows of the sink."""
    done = subprocess.run([str(flights_data.duckdb_python()), "-c", BATCH, str(folder), str(size)], text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    rows = collections.Counter()
    for line in done.stdout.splitlines():
        origin, start, end, flights, departures, delay, delayed, carriers = json.loads(line)
        rows[origin, start, end, flights, departures, delay, delayed, rounded_mean(delay, delayed), carriers] += 1
    return rows


def written(folder):
    """The rows of a JSON sink as a multiset; times without fraction."""
    rows = collections.Counter()
    for path in folder.rglob("part-*"):
        for line in path.read_text().splitlines():
            row = json.loads(line, parse_float=decimal.Decimal)
            mean = None if row["mean_delay"] is None else decimal.Decimal(row["mean_delay"])
            rows[row["origin"], row["window_start"][:19], row["window_end"][:19], row["flights"], row["departures"],
                 row["delay"], row["delayed"], mean, row["carriers"]] += 1
    return rows


def same(got, wanted, what):
    missing, extra = wanted - got, got - wanted
    assert got == wanted, (f"{what}: {sum(got.values())} rows for {sum(wanted.values())}; missing "
                           f"{list(missing)[:3]}, instead {list(extra)[:3]}")


class Tests:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        assert flights_data.unpack(folder) == FLIGHTS
        self.hourly, self.three_hourly = batch(folder, 1), batch(folder, 3)

    def _script(self, name, source, more=""):
        """The script over a source, writing to a folder of its own; `more` comes before the statement set."""
        options = ", ".join(f"'{key}' = '{value}'" for key, value in source.items())
        output = self.folder / name
        text = SCRIPT.read_text().replace("${SOURCE}", options).replace("${OUTPUT}", str(output))
        path = self.folder / f"{name}.sql"
        path.write_text(text.replace("EXECUTE STATEMENT SET", more + "EXECUTE STATEMENT SET"))
        return path, output

    def _file(self, name):
        return {"connector": "filesystem", "path": f"file://{self.folder}/{name}.csv"}

    def _check(self, output):
        same(written(output / "hourly"), self.hourly, "TUMBLE")
        same(written(output / "three_hourly"), self.three_hourly, "HOP")

    def the_batch_query_sees_the_year(self):
        assert sum(row[3] * n for row, n in self.hourly.items()) == FLIGHTS
        assert sum((row[3] - row[4]) * n for row, n in self.hourly.items()) == CANCELLED

    def sorted_flights_equal_the_batch_query(self):
        for parallelism in ("1", "2"):
            script, output = self._script(f"sorted{parallelism}", self._file("sorted"))
            penstock(self.binary, "run", script, "-p", parallelism)
            self._check(output)

    def sorted_flights_equal_flink(self):
        with Flink() as flink:
            script, output = self._script("flink", self._file("sorted"))
            flink.sql(script)
        self._check(output)

    def flights_in_a_topic_of_four_partitions_give_the_same(self):
        with Kafka() as kafka:
            kafka.topic("flights", 4)
            kafka.call("produce", "flights", self.folder / "sorted.csv")
            source = {"connector": "kafka", "topic": "flights", "properties.bootstrap.servers": kafka.servers,
                      "scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset"}
            script, output = self._script("kafka", source)
            penstock(self.binary, "run", script, "-p", "2")
        self._check(output)

    def flights_in_file_order_are_aggregated_or_late(self):
        late_table = f"""SET 'penstock.late-rows.flights' = 'late_flights';
            CREATE TABLE late_flights (origin STRING, time_hour STRING, carrier STRING, flight INT,
              late_watermark TIMESTAMP_LTZ(3), late_window_end TIMESTAMP(3))
            WITH ('connector' = 'filesystem', 'path' = 'file://{self.folder}/late', 'format' = 'json');\n"""
        script, output = self._script("unsorted", self._file("file_order"), late_table)
        # Each row is in one window of TUMBLE: the other statement is left out.
        text = script.read_text()
        script.write_text(text[:text.index("  INSERT INTO three_hourly")] + "END;\n")
        penstock(self.binary, "run", script)
        late = [json.loads(line) for path in (self.folder / "late").rglob("part-*") for line in path.open()]
        counts = collections.Counter()
        for row, n in written(output / "hourly").items():
            assert n == 1
            counts[row[0], row[1]] += row[3]
        aggregated = sum(counts.values())
        assert late and aggregated + len(late) == FLIGHTS, (aggregated, len(late))
        for row in late:
            # A window fires once the watermark has reached its last millisecond.
            assert row["late_window_end"] <= row["late_watermark"].rstrip("Z") or \
                row["late_watermark"].startswith(row["late_window_end"][:14]), row
            counts[row["origin"], row["time_hour"].replace("T", " ").rstrip("Z")] += 1
        wanted = collections.Counter()
        for row in self.hourly:
            wanted[row[0], row[1]] += row[3]
        assert counts == wanted, "each flight is in its window or late"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", type=pathlib.Path, default=ROOT / "build" / "penstock")
    parser.add_argument("--filter", default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="penstock-flights-") as folder:
        tests = Tests(arguments.penstock.resolve(), pathlib.Path(folder))
        return run_tests("nycflights", [(name, getattr(tests, name)) for name in vars(Tests)
                                        if not name.startswith("_") and arguments.filter in name])


sys.exit(main())
