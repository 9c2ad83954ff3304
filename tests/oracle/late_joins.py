"""Joins of two tables with late rows: what they give and what they leave out, against the rules of late rows.

Two sources are read in turn, a row each, so the watermark before every row is known: the lesser one of the two tables. Window
and temporal joins: DuckDB joins the rows that are not late, the lanes hold the others. Interval joins: a late row may still
meet rows that have not been cleaned up, as in Flink; so every pair whose later row was in time must be there and no pair
that does not match, rows without a pair are padded, and the lanes hold exactly those without a pair that came when their
bounds had passed.
"""
import datetime
import itertools
import json
from collections import Counter

from engines import Case, Setting
from plan import Node, seconds
from tables import EPOCH, Column, Table, TableMaker
from values import difference, fold

KINDS = ("window join", "temporal join", "interval join")
WORDS = {"JOIN": "", "LEFT JOIN": "l", "RIGHT JOIN": "r", "FULL JOIN": "lr"}  # which sides are padded
SIZE = 2500  # of windows


class JoinRound:
    """Two tables of a seed and a query of a kind. `number` and `rng` decide; `make` draws a table with late rows."""

    def __init__(self, kind, rng, make):
        self.kind, self.rng = kind, rng
        self.left, self.right = make(rng, "a0"), self.versions() if kind == "temporal join" else make(rng, "a1")
        # Both end with rows that are in time: when exactly an input has ended is nobody's business.
        least = min(len(self.left.log), len(self.right.log)) - 1
        for table in (self.left, self.right):
            del table.log[least:]
            last = list(table.log[0][1])
            last[0], last[-1] = "z" if table.traits else 10_000, EPOCH + milliseconds(10_000_000)
            table.log.append(("+I", last))
        self.tables = {table.name: table for table in (self.left, self.right)}
        self.arrivals = list(self.walk())

    def versions(self):
        maker = TableMaker(self.rng, "TIMESTAMP(3)")
        return maker.versions("v0", False)

    def walk(self):
        """(side, row, watermark before it)."""
        marks = [None, None]
        for pair in zip(self.left.log, self.right.log):
            for side, (_, row) in enumerate(pair):
                table = (self.left, self.right)[side]
                yield side, row, None if None in marks else min(marks)
                mark = millis(row[-1]) - table.delay_ms
                marks[side] = mark if marks[side] is None else max(mark, marks[side])

    def run(self, penstock, duck):
        """(query, what is wrong or None)."""
        ask = {"window join": self.window, "temporal join": self.temporal, "interval join": self.interval}[self.kind]
        text, columns, check = ask(duck)
        case = Case("q", Node(None, [], text, text, columns, append=True))
        for lane in lanes(penstock):
            lane.unlink(missing_ok=True)
        outcome = penstock.run([case], Setting("late", 1, 1), self.rng)["q"]
        if outcome.error:
            return text, outcome.error
        rows, problem = fold(outcome.rows)
        return text, problem or check(rows) or self.check_lanes(penstock)

    def check_lanes(self, penstock):
        for side, lane in enumerate(lanes(penstock)):
            found = Counter(json.loads(line)["row"][0] for line in lane.read_text().splitlines()) if lane.exists() else Counter()
            wanted = Counter(self.left_out[side])
            if found != wanted:
                return f"lane of side {side}: missing {sorted((wanted - found).elements())}, extra {sorted((found - wanted).elements())}"
        return None

    def judge(self, is_late):
        """Rows that are taken, by side; the ids of the others."""
        taken, self.left_out = ([], []), ([], [])
        for side, row, mark in self.arrivals:
            if mark is not None and is_late(side, row, mark):
                self.left_out[side].append(row[0])
            else:
                taken[side].append(row)
        return taken

    def answer(self, duck, taken, text, columns):
        tables = {}
        for table, rows in zip((self.left, self.right), taken):
            tables[table.name] = Table(**{**vars(table), "log": [("+I", row) for row in rows]})
        duck.load(tables)
        return duck.answer(Case("q", Node(None, [], text, text, columns)))

    def window(self, duck):
        taken = self.judge(lambda side, row, mark: millis(row[-1]) // SIZE * SIZE + SIZE - 1 <= mark)
        kind = self.rng.choice((*WORDS, "EXISTS", "NOT EXISTS"))
        sides = [f"(SELECT * FROM TABLE(TUMBLE(TABLE {name}, DESCRIPTOR(ts), {seconds(SIZE)})))" for name in ("a0", "a1")]
        on = "l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end"
        text = joined(kind, sides, on)
        duck_sides = [f"(SELECT *, slot(ts, {SIZE * 1000}, 0) AS window_start FROM {name})" for name in ("a0", "a1")]
        duck_text = joined(kind, duck_sides, on.rpartition(" AND")[0])
        columns = [Column("lid", "BIGINT")] + [Column("rid", "BIGINT")] * (kind in WORDS)
        expected = self.answer(duck, taken, duck_text, columns)
        return text, columns, lambda rows: difference(expected, rows)

    def temporal(self, duck):
        taken = self.judge(lambda side, row, mark: side == 0 and millis(row[-1]) <= mark)
        kind = self.rng.choice(("JOIN", "LEFT JOIN"))
        text = f"SELECT l.id AS lid, r.w AS w FROM a0 AS l {kind} v0 FOR SYSTEM_TIME AS OF l.ts AS r ON l.k = r.k"
        newest = "(SELECT max(number) FROM v0_log AS n WHERE n.k = l.k AND n.ts <= l.ts)"
        duck_text = f"SELECT l.id AS lid, r.w AS w FROM a0 AS l {kind} v0_log AS r ON r.live AND r.number = {newest}"
        columns = [Column("lid", "BIGINT"), Column("w", "INT")]
        expected = self.answer(duck, taken, duck_text, columns)
        return text, columns, lambda rows: difference(expected, rows)

    def interval(self, duck):
        before, behind = self.rng.choice(((1000, 4000), (0, 2000), (3000, 0), (20000, 500)))
        kind = self.rng.choice(tuple(WORDS))
        on = f"l.k = r.k AND r.ts BETWEEN l.ts - {seconds(before)} AND l.ts + {seconds(behind)}"
        columns = [Column("lid", "BIGINT"), Column("rid", "BIGINT")]
        return joined(kind, ("a0", "a1"), on), columns, lambda rows: self.check_interval(rows, kind, before, behind)

    def check_interval(self, rows, kind, before, behind):
        arrived, reach = ({}, {}), (behind, before)
        for number, (side, row, mark) in enumerate(self.arrivals):
            arrived[side][row[0]] = (number, row, -10**12 if mark is None else mark)
        matching = set()
        for (lid, (_, l, _)), (rid, (_, r, _)) in itertools.product(arrived[0].items(), arrived[1].items()):
            if l[1] is not None and l[1] == r[1] and -before <= millis(r[-1]) - millis(l[-1]) <= behind:
                matching.add((lid, rid))
        pairs = Counter(row for row in rows if None not in row)
        if wrong := [p for p, count in pairs.items() if p not in matching or count > 1]:
            return f"pairs that do not match, or are there twice: {wrong[:5]}"
        for lid, rid in matching - set(pairs):
            _, row, mark = max(arrived[0][lid], arrived[1][rid], key=lambda one: one[0])
            if mark < millis(row[-1]):
                return f"the pair {(lid, rid)} is missing, although its later row was in time"
        self.left_out = ([], [])
        for side, letter in enumerate("lr"):
            single = [i for i in arrived[side] if not any(p[side] == i for p in pairs)]
            if letter in WORDS[kind]:
                padded = Counter(row[side] for row in rows if row[1 - side] is None)
                if padded != Counter(single):
                    return f"padded rows of side {side} are {sorted(padded.elements())}, not {sorted(single)}"
            else:
                self.left_out[side].extend(i for i in single if arrived[side][i][2] >= millis(
                    arrived[side][i][1][-1]) + reach[side])
        return None


def joined(kind, sides, on):
    if kind in WORDS:
        return f"SELECT l.id AS lid, r.id AS rid FROM {sides[0]} AS l {kind} {sides[1]} AS r ON {on}"
    return f"SELECT l.id AS lid FROM {sides[0]} AS l WHERE {kind} (SELECT * FROM {sides[1]} AS r WHERE {on})"


def lanes(penstock):
    return [penstock.folder / "lane.out", penstock.folder / "lane1.out"]


def milliseconds(count):
    return datetime.timedelta(milliseconds=count)


def millis(time):
    return round((time - EPOCH).total_seconds() * 1000)
