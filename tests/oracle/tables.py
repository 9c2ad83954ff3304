"""The tables of a seed: random bounded changelogs, as files for Penstock and as contents for DuckDB.

Every table is a changelog of connector `values`. What DuckDB sees is its final content; of a versioned table it sees every
version as well (NAME_log). Rows are never late: a row's time is less than the watermark's delay behind the greatest time
before it. Times are unique in tables that say so. Doubles are multiples of 0.25, so that their sums do not depend on an
order.
"""
import datetime
import json
from dataclasses import dataclass, field
from decimal import Decimal

EPOCH = datetime.datetime(2026, 1, 1)
DUCK_TYPES = {"STRING": "VARCHAR", "BIGINT": "BIGINT", "INT": "INTEGER", "SMALLINT": "SMALLINT", "DOUBLE": "DOUBLE",
              "BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIMESTAMP(3)": "TIMESTAMP", "TIMESTAMP_LTZ(3)": "TIMESTAMP",
              "ARRAY<INT>": "INTEGER[]"}


@dataclass(frozen=True)
class Column:
    """A column of a table or of a query's result, with Flink's type."""

    name: str
    type: str
    nullable: bool = True

    def duck_type(self):
        return DUCK_TYPES.get(self.type, self.type)

    def is_number(self):
        return self.type in ("INT", "BIGINT", "SMALLINT", "DOUBLE") or self.type.startswith("DECIMAL")

    def is_integer(self):
        return self.type in ("INT", "BIGINT", "SMALLINT")

    def is_time(self):
        return self.type.startswith("TIMESTAMP")

    def is_orderable(self):
        return self.type != "BOOLEAN" and not self.type.startswith(("ARRAY", "MULTISET"))


@dataclass
class Table:
    """A changelog with its declaration. `log` holds (kind, row) in order; rows are lists of Python values."""

    name: str
    columns: list
    log: list = field(default_factory=list)
    modes: str = "I"
    key: tuple = ()  # declared primary key
    unique: tuple = ()  # what is unique in the final content, declared or not
    rowtime: str = None
    unique_time: bool = False
    delay_ms: int = 0
    static: bool = False  # read as a whole by lookups: never a part of it
    late: bool = False
    traits: set = field(default_factory=set)

    def append(self):
        return self.modes == "I"

    def content(self):
        """The final rows, folded by the key or by whole rows."""
        if self.key:
            places = [[c.name for c in self.columns].index(k) for k in self.key]
            rows = {}
            for kind, row in self.log:
                identity = tuple(row[p] for p in places)
                rows.pop(identity, None)
                if kind in ("+I", "+U"):
                    rows[identity] = row
            return list(rows.values())
        rows = []
        for kind, row in self.log:
            if kind in ("+I", "+U"):
                rows.append(row)
            else:
                rows.remove(row)
        return rows

    def declaration(self, path, bounded=True):
        lines = [f"{c.name} {c.type}{'' if c.nullable else ' NOT NULL'}" for c in self.columns]
        if self.rowtime:
            delay = f" - INTERVAL '{self.delay_ms / 1000:.3f}' SECOND" if self.delay_ms else ""
            lines.append(f"WATERMARK FOR {self.rowtime} AS {self.rowtime}{delay}")
        if self.key:
            lines.append(f"PRIMARY KEY ({', '.join(self.key)}) NOT ENFORCED")
        options = {"connector": "values", "path": str(path)}
        if self.modes != "I":
            options["changelog-mode"] = self.modes
        if not bounded:
            options["bounded"] = "false"
        listed = ", ".join(f"'{k}' = '{v}'" for k, v in options.items())
        return f"CREATE TABLE {self.name} ({', '.join(lines)}) WITH ({listed})"

    def lines(self, count=None):
        """The first rows of the log as connector `values` reads them."""
        return "".join(json.dumps({"kind": kind, "row": [json_value(v) for v in row]}) + "\n"
                       for kind, row in self.log[:count])

    def duck_statements(self):
        columns = ", ".join(f"{c.name} {c.duck_type()}" for c in self.columns)
        yield f"CREATE OR REPLACE TABLE {self.name} ({columns})"
        if rows := self.content():
            yield f"INSERT INTO {self.name} VALUES " + ", ".join(f"({', '.join(map(duck_value, r))})" for r in rows)
        if "versioned" in self.traits:
            yield f"CREATE OR REPLACE TABLE {self.name}_log (number INTEGER, live BOOLEAN, {columns})"
            rows = [[n, kind in ("+I", "+U"), *row] for n, (kind, row) in enumerate(self.log)]
            yield f"INSERT INTO {self.name}_log VALUES " + ", ".join(f"({', '.join(map(duck_value, r))})" for r in rows)


def json_value(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return str(value) if isinstance(value, (Decimal, datetime.date)) else value


def duck_value(value):
    if value is None:
        return "NULL"
    if isinstance(value, datetime.datetime):
        return f"TIMESTAMP '{value}'"
    if isinstance(value, datetime.date):
        return f"DATE '{value}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list):
        return f"CAST([{', '.join(map(duck_value, value))}] AS INTEGER[])"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)


class TableMaker:
    """Makes the tables of one seed."""

    def __init__(self, rng, time_type):
        self.rng, self.time_type = rng, time_type
        self.keys = rng.choice((3, 5, 7))
        self.spread = rng.choice((40, 120, 400))  # mean milliseconds between rows, times ten

    def tables(self):
        made = [self.stream("a0", True), self.stream("a1", True), self.stream("a2", False)]
        made += [self.changes("c0", "I,UB,UA,D", True), self.changes("c1", "I,UB,UA,D", False)]
        made += [self.changes("p0", "I,UA,D", True), self.versions("v0", False), self.versions("v1", True)]
        made += [self.lookup("l0"), self.unique_names("u0")]
        made.append(self.stream("w0", True, True))
        return {table.name: table for table in made}

    def maybe(self, value, share=0.1):
        return None if self.rng.random() < share else value

    def payload(self):
        """k, g, v, d, x, b, s, day of a row."""
        rng = self.rng
        return [self.maybe("abcdefgh"[rng.randrange(self.keys)]), self.maybe(rng.randrange(self.keys + 2)),
                self.maybe(rng.randint(-6, 20)), self.maybe(Decimal(rng.randint(-500, 3000)).scaleb(-2)),
                self.maybe(rng.randint(-20, 60) / 4), self.maybe(rng.random() < 0.5),
                self.maybe(rng.choice(("", "x", "xy", "Zoë", "it's", "long word"))),
                self.maybe(EPOCH.date() + datetime.timedelta(days=rng.randrange(4)))]

    PAYLOAD = [Column("k", "STRING"), Column("g", "INT"), Column("v", "INT"), Column("d", "DECIMAL(10, 2)"),
               Column("x", "DOUBLE"), Column("b", "BOOLEAN"), Column("s", "STRING"), Column("day", "DATE")]

    def count(self):
        return self.rng.choice((12, 25, 40, 60))

    def times(self, count, delay_ms, unique):
        """Times of which none is late."""
        at, newest, used, made = 5_000, 0, set(), []
        while len(made) < count:
            at += self.rng.choice((0, self.spread, self.spread * 10, self.spread * 20, self.spread * 60))
            time = max(0, at - self.rng.randrange(delay_ms)) if delay_ms else at
            time = time if unique else max(newest - delay_ms + 1, time // 1000 * 1000)
            while unique and time in used:
                time += 1
            if time <= newest - delay_ms and delay_ms:
                continue
            if not delay_ms:
                time = max(time, newest + 1)
            used.add(time)
            newest = max(newest, time)
            made.append(EPOCH + datetime.timedelta(milliseconds=time))
        return made

    def stream(self, name, unique, in_order=False):
        """Append-only with a watermark; in order for a versioned view, whose last row ignores what is older."""
        delay = self.rng.choice((0, 500, 3000, 7000)) if unique else self.rng.choice((2000, 5000))
        delay = 0 if in_order else delay
        table = Table(name, [Column("id", "BIGINT"), *self.PAYLOAD, Column("arr", "ARRAY<INT>"),
                             Column("ts", self.time_type)], unique=("id",), rowtime="ts", unique_time=unique, delay_ms=delay)
        for number, time in enumerate(self.times(self.count(), delay, unique)):
            arr = self.maybe([self.maybe(self.rng.randrange(5)) for _ in range(self.rng.randrange(4))])
            table.log.append(("+I", [number, *self.payload(), arr, time]))
        return table

    def changes(self, name, modes, keyed):
        """Rows that come, change and leave; without a key whole rows may be there twice."""
        table = Table(name, [Column("id", "BIGINT", not keyed), *self.PAYLOAD, Column("arr", "ARRAY<INT>")], modes=modes,
                      key=("id",) if keyed else (), unique=("id",) if keyed else ())
        live, number = [], 0
        for _ in range(self.count()):
            action = self.rng.random()
            if live and action < 0.2:
                table.log.append(("-D", live.pop(self.rng.randrange(len(live)))))
            elif live and action < 0.5:
                place = self.rng.randrange(len(live))
                old, new = live[place], list(live[place])
                fresh = self.payload()
                for i in range(len(fresh)):
                    if self.rng.random() < 0.5:
                        new[1 + i] = fresh[i]
                if "UB" in modes:
                    table.log.append(("-U", old))
                table.log.append(("+U", new))
                live[place] = new
            elif live and not keyed and action < 0.6:
                live.append(list(self.rng.choice(live)))
                table.log.append(("+I", live[-1]))
            else:
                arr = self.maybe([self.maybe(self.rng.randrange(5)) for _ in range(self.rng.randrange(4))])
                live.append([number if keyed else self.rng.randrange(10), *self.payload(), arr])
                table.log.append(("+I", live[-1]))
                number += 1
        return table

    def versions(self, name, deletes):
        """A versioned table; with deletes as a changelog in which each change carries its own time.

        The two halves of an update have the same time: the watermark must not stand between them.
        """
        delay = self.rng.choice((1, 2000))
        table = Table(name, [Column("k", "STRING", False), Column("w", "INT"), Column("note", "STRING"),
                             Column("ts", self.time_type)], modes="I,UB,UA,D" if deletes else "I,UA,D", key=("k",),
                      unique=("k",), rowtime="ts", unique_time=True, delay_ms=delay, traits={"versioned"})
        live = {}
        for time in sorted(self.times(self.count(), 0, True)):
            key = "abcdefgh"[self.rng.randrange(self.keys + 1)]
            row = [key, self.maybe(self.rng.randrange(50)), self.rng.choice(("p", "q", None)), time]
            old = live.get(key)
            if old and deletes and self.rng.random() < 0.3:
                table.log.append(("-D", [*old[:3], time]))
                del live[key]
                continue
            if old and deletes:
                table.log.append(("-U", [*old[:3], time]))
            table.log.append(("+U" if old else "+I", row))
            live[key] = row
        return table

    def lookup(self, name):
        table = Table(name, [Column("k", "STRING"), Column("g", "INT"), Column("label", "STRING")], static=True)
        for number in range(self.rng.choice((4, 9))):
            table.log.append(("+I", ["abcdefgh"[self.rng.randrange(self.keys)], self.maybe(number), f"label {number}"]))
        return table

    def unique_names(self, name):
        """A changelog without a declared key in which k is unique at any time."""
        table = Table(name, [Column("k", "STRING"), Column("w", "INT"), Column("note", "STRING")], modes="I,UB,UA,D",
                      unique=("k",))
        live = {}
        for _ in range(self.count()):
            key = "abcdefgh"[self.rng.randrange(self.keys)]
            if key in live and self.rng.random() < 0.4:
                table.log.append(("-D", live.pop(key)))
                continue
            row = [key, self.maybe(self.rng.randrange(50)), self.rng.choice(("p", "q", None))]
            if key in live:
                table.log += [("-U", live[key]), ("+U", row)]
            else:
                table.log.append(("+I", row))
            live[key] = row
        return table
