#!/usr/bin/env python3
"""Random tables with late rows: the result and the late lane together must be what a model of the rules says.

A row is late by the watermark before it (docs/reference/late-rows.md). The model goes through the rows one by one and tells
which rows (and windows of rows) an operator takes; DuckDB computes the result from those, and the lane must hold the
others, each once. Joins: late_joins.py. Parallelism 1, random batch sizes. Options: --penstock PATH, --queries N, --seed S.
"""
import argparse
import datetime
import json
import pathlib
import random
import sys
import tempfile
from collections import Counter

import late_joins
import operators_time as times
from engines import Case, Duck, Penstock, Setting
from maker import Maker
from plan import Node
from tables import EPOCH, Column, Table, TableMaker
from values import difference, fold

KINDS = ("tumble", "hop", "cumulate", "session", "first row", "OVER", "ORDER BY", "window Top-N")


def late_table(rng, name="a0"):
    """Rows of which some come after the watermark has passed their time."""
    maker = TableMaker(rng, "TIMESTAMP(3)")
    delay = rng.choice((0, 300, 2000))
    table = Table(name, [Column("id", "BIGINT"), Column("k", "STRING"), Column("v", "INT"), Column("ts", "TIMESTAMP(3)")],
                  unique=("id",), rowtime="ts", unique_time=True, delay_ms=delay)
    at, used = 5_000, set()
    for number in range(rng.choice((20, 50, 90))):
        at += rng.choice((0, 100, 700, 1500, 4000))
        time = at - (rng.randrange(12_000) if rng.random() < 0.35 else 0)
        time = max(time, 1)
        while time in used:
            time += 1
        used.add(time)
        row = [number, maker.maybe("abc"[rng.randrange(3)]), maker.maybe(rng.randint(-5, 9)), EPOCH + milliseconds(time)]
        table.log.append(("+I", row))
    return table


def milliseconds(count):
    return datetime.timedelta(milliseconds=count)


def millis(time):
    return round((time - EPOCH).total_seconds() * 1000)


class Model:
    """What an operator takes of the rows of a table."""

    def __init__(self, table):
        self.rows = [row for _, row in table.log]
        self.delay = table.delay_ms

    def walk(self):
        """(row, time, watermark before it)."""
        watermark = None
        for row in self.rows:
            time = millis(row[3])
            yield row, time, watermark
            watermark = max(time - self.delay, watermark) if watermark is not None else time - self.delay

    def windows(self, specification):
        """Pairs (row, window end) that are taken."""
        kind, size, step, offset = specification
        for row, time, watermark in self.walk():
            for end in self.ends(time, kind, size, step, offset):
                if watermark is None or end - 1 > watermark:
                    yield row, end

    def ends(self, time, kind, size, step, offset):
        epoch = int((EPOCH - EPOCH.__class__(1970, 1, 1)).total_seconds() * 1000)
        time += epoch
        if kind == "cumulate":
            start = (time - offset) // size * size + offset
            return [start + i * step - epoch for i in range(1, size // step + 1) if start + i * step > time]
        start = (time - offset) // step * step + offset
        return [start - i * step + size - epoch for i in range(size // step)]

    def sessions(self, gap, keyed):
        """The sessions [start, end, key, rows]. One that has ended takes no more rows and merges with none."""
        sessions = []
        for row, time, watermark in self.walk():
            key = row[1] if keyed else None
            near = [s for s in sessions if s[2] == key and (watermark is None or s[1] - 1 > watermark)
                    and s[0] <= time + gap and time <= s[1]]
            start, end = min([time, *(s[0] for s in near)]), max([time + gap, *(s[1] for s in near)])
            if watermark is not None and end - 1 <= watermark:
                continue
            sessions = [s for s in sessions if not any(s is n for n in near)]
            sessions.append([start, end, key, [r for s in near for r in s[3]] + [row]])
        return sessions

    def by_watermark(self, late):
        for row, time, watermark in self.walk():
            if watermark is None or not late(time, watermark):
                yield row

    def by_emitted(self, keyed):
        """OVER: behind what its key has already emitted. ORDER BY: behind the last row that has left."""
        waiting, emitted, newest = {}, {}, None
        for row, time, watermark in self.walk():
            key = row[1] if keyed else None
            if watermark != newest:  # timers of times that have passed fire with the next watermark
                for k, queue in waiting.items():
                    emitted[k] = max([emitted.get(k, -1), *(t for t in queue if t <= watermark)])
                    waiting[k] = [t for t in queue if t > watermark]
                newest = watermark
            if time > emitted.get(key, -1):
                waiting.setdefault(key, []).append(time)
                yield row


class Round:
    """One seed: a table and a query of each kind."""

    def __init__(self, number, binary, duck):
        self.rng = random.Random(f"late {number}")
        self.number, self.binary, self.duck = number, binary, duck
        self.table = late_table(self.rng)
        self.left_out = []  # how many rows each join has left out
        self.model = Model(self.table)

    def query(self, kind):
        """(node, rows that are taken, or (rows, ends) of windows)."""
        maker = Maker(self.rng, {"a0": self.table}, "TIMESTAMP(3)")
        scan = maker.scan("a0")
        maker.grow = lambda need, budget: scan
        if kind in ("tumble", "hop", "cumulate"):
            step = self.rng.choice((1000, 2500))
            specification = (kind, step * (1 if kind == "tumble" else self.rng.choice((2, 3))), step, self.rng.choice((0, 700)))
            return self.aggregate(maker, scan, times.window_call(scan, specification)), list(self.model.windows(specification))
        if kind == "session":
            gap, keyed = self.rng.choice((500, 2000)), self.rng.random() < 0.5
            keys = [scan.columns[1].name] if keyed else []
            node = self.aggregate(maker, scan, times.session_call(scan, keys, gap), keys)
            return node, self.model.sessions(gap, keyed)
        k, ts = scan.columns[1].name, scan.rowtime
        if kind == "first row":
            text = (f"SELECT {scan.names()} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {k} ORDER BY {ts}) AS rn FROM {{0}}) "
                    "WHERE rn = 1")
            return maker.above(scan, flink=text, duck=text), list(self.model.by_watermark(lambda t, w: t < w))
        if kind == "OVER":
            text = (f"SELECT {scan.names()}, COUNT(*) OVER (PARTITION BY {k} ORDER BY {ts} ROWS BETWEEN 2 PRECEDING AND CURRENT "
                    "ROW) AS n FROM {0}")
            node = maker.above(scan, flink=text, duck=text, columns=[*scan.columns, Column("n", "BIGINT", False)])
            return node, list(self.model.by_emitted(keyed=True))
        if kind == "ORDER BY":
            text = f"SELECT {scan.names()} FROM {{0}}"
            node = maker.above(scan, flink=f"{text} ORDER BY {ts}", duck=text, sorted_by=ts)
            return node, list(self.model.by_emitted(keyed=False))
        specification = ("tumble", 2500, 2500, 0)
        node = times.windowed(maker, scan, specification)
        start, end = node.window[:2]
        text = (f"SELECT {node.names()} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {start}, {end} ORDER BY {ts} DESC) AS "
                "rn FROM {0}) WHERE rn <= 2")
        return maker.above(node, flink=text, duck=text), [row for row, _ in self.model.windows(specification)]

    def aggregate(self, maker, scan, texts, keys=()):
        start, end, count, total = (maker.fresh(t, n) for t, n in (("TIMESTAMP(3)", False),) * 2 + (("BIGINT", False), ("INT", True)))
        names = ", ".join(["window_start", "window_end", *keys])
        v = scan.columns[2].name
        sql = [f"SELECT {', '.join([*keys, ''])}window_start AS {start.name}, window_end AS {end.name}, COUNT(*) AS {count.name}, "
               f"CAST(SUM({v}) AS {t}) AS {total.name} FROM {text} GROUP BY {names}" for text, t in zip(texts, ("INT", "INTEGER"))]
        columns = [*(scan.column(k) for k in keys), start, end, count, total]
        return maker.above(scan, flink=sql[0], duck=sql[1], columns=columns, rowtime=None)

    def expected(self, case, kind, taken):
        """DuckDB's answer over what is taken."""
        pairs = kind in ("tumble", "hop", "cumulate")
        if kind == "session":
            return list(self.session_rows(case, taken)), {row[0]: row for session in taken for row in session[3]}
        rows = {row[0]: row for row in ([r for r, _ in taken] if pairs else taken)}
        made = Table(**{**vars(self.table), "log": [("+I", row) for row in rows.values()]})
        self.duck.load({"a0": made})
        if not pairs:
            return self.duck.answer(case), rows
        self.duck.connection.execute("CREATE OR REPLACE TABLE taken (row_id BIGINT, window_at TIMESTAMP)")
        values = ", ".join(f"({row[0]}, TIMESTAMP '{EPOCH + milliseconds(end)}')" for row, end in taken)
        if values:
            self.duck.connection.execute(f"INSERT INTO taken VALUES {values}")
        node, scan = case.root, case.root.inputs[0]
        node.duck = node.duck.replace(" GROUP BY ", f" WHERE ({scan.columns[0].name}, window_end) IN (SELECT row_id, window_at "
                                                    "FROM taken) GROUP BY ")
        return self.duck.answer(case), rows

    def session_rows(self, case, sessions):
        """What the query says of the model's sessions."""
        keyed = len(case.root.columns) == 5
        for start, end, key, rows in sessions:
            values = [row[2] for row in rows if row[2] is not None]
            moments = [f"{EPOCH + milliseconds(t):%Y-%m-%d %H:%M:%S}.{t % 1000:03}" for t in (start, end)]
            yield (*([key] if keyed else []), *moments, len(rows), sum(values) if values else None)

    def run(self):
        """Failures of the round."""
        failures = []
        with tempfile.TemporaryDirectory(prefix="penstock-late-") as folder:
            for kind in KINDS:
                node, taken = self.query(kind)
                case = Case("q", node)
                case.expected, rows = self.expected(case, kind, taken)
                lane = pathlib.Path(folder) / "lane.out"
                lane.unlink(missing_ok=True)
                extra = [f"CREATE TABLE lane (id BIGINT) WITH ('connector' = 'values', 'path' = '{lane}')",
                         "SET 'penstock.late-rows.a0' = 'lane'"]
                penstock = Penstock(self.binary, folder, {"a0": self.table}, prelude=extra)
                setting = Setting("late", 1, self.rng.choice((1, 2, 7, 1024)))
                outcome = penstock.run([case], setting, self.rng)["q"]
                got, problem = fold(outcome.rows)
                late = Counter(json.loads(line)["row"][0] for line in lane.read_text().splitlines()) if lane.exists() else Counter()
                wanted = Counter(row[0] for _, row in self.table.log if row[0] not in rows)
                problem = outcome.error or difference(case.expected, got) or problem
                if not problem and late != wanted:
                    problem = f"late lane: missing {sorted(wanted - late)}, extra {sorted(late - wanted)}"
                if problem:
                    failures.append(f"FAILED late {self.number}/{kind} ({setting}): {problem}\n{case.select(False)}\n"
                                    f"{self.table.declaration('a0.jsonl')}\n{self.table.lines()}")
        return failures + [failure for kind in late_joins.KINDS if (failure := self.join(kind))]

    def join(self, kind):
        """None, or the failure of a query over two tables."""
        made = late_joins.JoinRound(kind, self.rng, late_table)
        with tempfile.TemporaryDirectory(prefix="penstock-late-") as folder:
            extra = []
            for name, lane in (("a0", "lane"), ("a1", "lane1")):
                if name in made.tables:
                    extra += [f"CREATE TABLE {lane} (id BIGINT) WITH ('connector' = 'values', 'path' = '{folder}/{lane}.out')",
                              f"SET 'penstock.late-rows.{name}' = '{lane}'"]
            text, problem = made.run(Penstock(self.binary, folder, made.tables, prelude=extra), self.duck)
        self.left_out += [sum(map(len, made.left_out))] if not problem else []
        if problem:
            rows = "".join(f"{t.declaration(t.name + '.jsonl')}\n{t.lines()}" for t in made.tables.values())
            return f"FAILED late {self.number}/{kind}: {problem}\n{text}\n{rows}"
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", default="build/penstock")
    parser.add_argument("--queries", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    duck, failed = Duck(), 0
    kinds = len(KINDS) + len(late_joins.KINDS)
    rounds, left_out = -(-arguments.queries // kinds), []
    for number in range(arguments.seed, arguments.seed + rounds):
        made = Round(number, arguments.penstock, duck)
        failures = made.run()
        failed += len(failures)
        left_out += made.left_out
        print("".join(f"{failure}\n" for failure in failures), end="", flush=True)
    print(f"oracle, late rows: {rounds * kinds} queries of seeds {arguments.seed}..{arguments.seed + rounds - 1}, "
          f"{sum(left_out)} rows left out by {len(left_out)} joins, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
