#!/usr/bin/env python3
"""The same SQL as a batch job on Penstock, DuckDB and Apache Flink: an aggregation, a join and a sort that do not fit into memory.

Two Parquet files of --rows rows each (id, k of as many values, v, a string), made by Penstock; parallelism 1; results go to
CSV files, and each engine must write equally many rows with equal sums. Penstock and DuckDB have --budget for what they hold
(DuckDB: memory_limit), Flink's TaskManager has 4 GiB with the usual share of managed memory, and is warmed up by a run that does
not count. Core seconds are user and system time of the whole process, of Flink the TaskManager's. An engine that is not found is
left out: Flink is the script in $PENSTOCK_PEERS, DuckDB what the tests install (`./dev e2e nycflights`).
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
from engines import Cost, Failed, Flink, waited  # noqa: E402
from flights_data import CACHE, DUCKDB, duckdb_python  # noqa: E402

COLUMNS = {"id": "BIGINT", "k": "BIGINT", "v": "INT", "name": "STRING"}
MAKE = """
CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000000000', 'fields.n.kind' = 'sequence',
  'fields.n.start' = '0', 'fields.n.end' = '{last}');
{table}
INSERT INTO {name} SELECT n, MOD(MOD(n * 2654435761 + {seed}, 4294967291) * 48271, {rows}), CAST(MOD(n * 7919, 1000) AS INT),
  CONCAT('row-', CAST(n AS STRING)) FROM numbers;
"""
# Per query: columns of the result, the query, DuckDB's text where it is another.
QUERIES = {
    "aggregate": ("k BIGINT, n BIGINT, s BIGINT, t STRING", "SELECT k, COUNT(*), SUM(CAST(v AS BIGINT)), MAX(name) FROM a GROUP BY k"),
    "join": ("id BIGINT, n BIGINT, s BIGINT, t STRING", "SELECT a.id, b.id, CAST(b.v AS BIGINT), b.name FROM a JOIN b ON a.k = b.k"),
    "sort": ("k BIGINT, n BIGINT, s BIGINT, t STRING", "SELECT k, id, CAST(v AS BIGINT), name FROM a ORDER BY k, id LIMIT {rows}"),
}


def table(name, columns, path, form):
    columns = columns if isinstance(columns, str) else ", ".join(f"{key} {kind}" for key, kind in columns.items())
    return (f"CREATE TABLE {name} ({columns}) WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = '{form}');\n")


class Bench:
    def __init__(self, options, work):
        self.options, self.work, self.data = options, work, pathlib.Path(options.data) / f"batch-{options.rows}"
        self.flink = None

    def script(self, text):
        path = self.work / "script.sql"
        path.write_text(text)
        return path

    def make(self):
        for seed, name in enumerate("ab"):
            if not (self.data / name / "_complete").exists():
                shutil.rmtree(self.data / name, ignore_errors=True)
                text = MAKE.format(last=self.options.rows - 1, rows=self.options.rows, seed=seed * 99991, name=name,
                                   table=table(name, COLUMNS, self.data / name, "parquet"))
                waited([self.options.penstock, "run", self.script(text)])
                (self.data / name / "_complete").touch()

    def statements(self, query, out, head):
        columns, text = QUERIES[query]
        tables = "".join(table(name, COLUMNS, self.data / name, "parquet") for name in "ab")
        return head + tables + table("results", columns, out, "csv") + f"INSERT INTO results {text.format(rows=self.options.rows)};\n"

    def penstock(self, query, out):
        head = f"SET 'execution.runtime-mode' = 'batch';\nSET 'state.memory.budget' = '{self.options.budget}';\n"
        return waited([self.options.penstock, "run", "-p", "1", self.script(self.statements(query, out, head))])

    def duckdb(self, query, out):
        out.mkdir(parents=True)
        views = "".join(f"CREATE VIEW {name} AS FROM read_parquet('{self.data / name}/[!_.]*');\n" for name in "ab")
        limit = self.options.budget.replace(" ", "").upper()
        text = (f"SET threads = 1; SET memory_limit = '{limit}'; SET preserve_insertion_order = false;\n"
                f"SET temp_directory = '{self.work / 'duckdb'}';\n{views}"
                f"COPY ({QUERIES[query][1].format(rows=self.options.rows)}) TO '{out}/part.csv' (HEADER false);\n")
        return waited([duckdb_python(), "-c", "import duckdb, sys; duckdb.sql(open(sys.argv[1]).read())", self.script(text)])

    def flinks(self, query, out):
        done = self.flink.sql(self.statements(query, out, "SET 'execution.runtime-mode' = 'batch';\n"), "--parallelism", "1",
                              "--stats", "--timeout", "900")
        stats = json.loads(done.stderr.splitlines()[-1])
        return Cost(stats["wall_s"], stats["taskmanager_cpu_s"], stats["taskmanager_peak_mib"])

    def once(self, engine, query):
        out = self.work / "out" / f"{engine.__name__}-{query}"
        shutil.rmtree(out, ignore_errors=True)
        cost = engine(query, out)
        return cost, summary(out)

    def run(self):
        self.make()
        engines = [self.penstock]
        if (CACHE / f"duckdb-{DUCKDB}" / ".complete").exists():
            engines.append(self.duckdb)
        if self.flink:
            engines.append(self.flinks)
        for query in self.options.queries:
            costs, answers = {engine: [] for engine in engines}, set()
            if self.flink:
                self.once(self.flinks, query)
            for _ in range(self.options.runs):
                for engine in engines:
                    cost, answer = self.once(engine, query)
                    costs[engine].append(cost)
                    answers.add(answer)
            if len(answers) != 1:
                raise Failed(f"{query}: the engines' results differ: {answers}")
            self.tell(query, costs, answers.pop())

    def tell(self, query, costs, answer):
        ours = None
        for engine, taken in costs.items():
            core = statistics.median(cost.core_s for cost in taken)
            ours = ours or core
            print(f"{query:9} {engine.__name__:9} {core:7.1f} core s ({core / ours:.1f}x ours), "
                  f"{statistics.median(cost.wall_s for cost in taken):7.1f} s, peak {max(cost.peak_mib for cost in taken):6.0f} MiB, "
                  f"{answer[0]:,} rows", flush=True)


def summary(out):
    """(rows, sums of the first three columns) of CSV files."""
    count, sums = 0, [0, 0, 0]
    for file in sorted(out.rglob("*")):
        if file.is_file() and not file.name.startswith((".", "_")):
            with open(file) as lines:
                for line in lines:
                    count += 1
                    for i, value in enumerate(line.split(",", 3)[:3]):
                        sums[i] += int(value)
    return (count, *sums)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = os.environ.get("PENSTOCK_CACHE", str(pathlib.Path.home() / ".cache/penstock"))
    parser.add_argument("--penstock", type=pathlib.Path, default=ROOT / "build" / "penstock")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--budget", default="512 mb")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--queries", type=lambda text: text.split(","), default=list(QUERIES))
    parser.add_argument("--without-flink", action="store_true")
    parser.add_argument("--data", default=cache + "/bench", help="where the tables are kept")
    options = parser.parse_args()
    flink = pathlib.Path(os.environ.get("PENSTOCK_PEERS", ROOT.parent / "shared/peers")) / "flink"
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            if flink.exists() and not options.without_flink:
                bench.flink = Flink(flink, folder, **{"taskmanager.memory.managed.fraction": "0.4"})
                bench.flink.start()
            bench.run()
        except Failed as failure:
            sys.exit(f"batch: {failure}")
        finally:
            if bench.flink:
                bench.flink.stop()


if __name__ == "__main__":
    main()
