"""Runs the queries of a seed: Penstock in its configurations, DuckDB for the answers."""
import json
import pathlib
import subprocess
from dataclasses import dataclass

import duckdb

import crash
from plan import MACROS, OVER_NO_ROWS, render
from values import columns_of_duck, row_of_duck, row_of_penstock

VERSIONED_VIEW = ("CREATE VIEW vv AS SELECT k, v AS w, s AS note, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY "
                  "ts DESC) AS rn FROM w0) WHERE rn = 1")
VERSIONED_LOG = ("CREATE OR REPLACE TABLE vv_log AS SELECT id AS number, TRUE AS live, k, v AS w, s AS note, ts FROM w0")


@dataclass
class Case:
    """A query with what it must give."""

    name: str
    root: object  # plan.Node
    sink_key: tuple = None  # with it the query goes into a table with this primary key
    expected: list = None  # rows, canonical
    conflict: str = ""  # the ON CONFLICT clause of its INSERT
    enforced: bool = False  # rows whose key is NULL are left out by the sink, not by the query

    def sink_columns(self):
        return [c for c in self.root.columns if not c.type.startswith("MULTISET")]

    def select(self, duck):
        """The query; into a table with a primary key only rows whose key is not NULL."""
        text = render(self.root, duck)
        if self.sink_key is None:
            return text
        names = ", ".join(c.name for c in self.sink_columns())
        wanted = "" if self.enforced and not duck else f" WHERE {' AND '.join(f'{k} IS NOT NULL' for k in self.sink_key)}"
        return f"SELECT {names} FROM ({text}){wanted}"

    def statements(self, folder):
        if self.sink_key is None:
            return [self.select(False)]
        columns = ", ".join(f"{c.name} {c.type}" for c in self.sink_columns())
        key = ", ".join(self.sink_key)
        create = (f"CREATE TABLE {self.name} ({columns}, PRIMARY KEY ({key}) NOT ENFORCED) WITH ('connector' = 'values', "
                  f"'path' = '{folder / self.name}.out')")
        return [create, f"INSERT INTO {self.name} {self.select(False)}{self.conflict}"]

    def columns(self):
        return self.root.columns if self.sink_key is None else self.sink_columns()


class Duck:
    """DuckDB with the final contents of a seed's tables."""

    def __init__(self):
        self.connection = duckdb.connect(config={"threads": 1})
        for macro in MACROS:
            self.connection.execute(macro)

    def load(self, tables):
        for table in tables.values():
            for statement in table.duck_statements():
                self.connection.execute(statement)
        if "w0" in tables:
            self.connection.execute(VERSIONED_LOG)

    def answer(self, case, batch=False):
        columns = case.columns()
        listed = ", ".join(columns_of_duck(columns))
        text = case.select(True).replace(OVER_NO_ROWS, "") if batch else case.select(True)
        rows = self.connection.execute(f"SELECT {listed} FROM ({text})").fetchall()
        return [row_of_duck(row, columns) for row in rows]


@dataclass(frozen=True)
class Setting:
    """How Penstock runs a script."""

    name: str  # p1, p3, savepoint, ...
    parallelism: int = 1
    batch_rows: int = 1024
    restored: int = 0  # savepoint: started again with that parallelism
    options: tuple = ()

    def __str__(self):
        restored = f", restored at {self.restored}" if self.restored else ""
        return f"{self.name}: parallelism {self.parallelism}{restored}, batch {self.batch_rows}"


@dataclass
class Outcome:
    """What a statement did: the changes it printed, its error, the types of its columns."""

    rows: list
    error: str = None
    types: list = None
    missing: bool = False


class Penstock:
    """One script over the tables of a seed, in a folder of its own."""

    def __init__(self, binary, folder, tables, session=(), prelude=()):
        self.binary, self.folder, self.tables, self.session = binary, pathlib.Path(folder), tables, session
        self.prelude = list(prelude)  # statements behind the tables

    def script(self, cases, kept=None):
        """Writes the tables' rows (`kept`: how many of each, without an end) and the script; numbers of the queries."""
        statements = [f"SET '{key}' = '{value}'" for key, value in self.session]
        for table in self.tables.values():
            path = self.folder / f"{table.name}.jsonl"
            part = None if kept is None or table.static else kept[table.name]
            path.write_text(table.lines(part))
            statements.append(table.declaration(path, kept is None or table.static))
        if "w0" in self.tables:
            statements.append(VERSIONED_VIEW)
        statements += self.prelude
        numbers = {}
        for case in cases:
            statements += case.statements(self.folder)
            numbers[case.name] = len(statements)
        (self.folder / "job.sql").write_text(";\n".join(statements) + ";\n")
        return numbers

    def execute(self, cases, setting, parallelism, kept, *more):
        numbers = self.script(cases, kept)
        command = [self.binary, "run", str(self.folder / "job.sql"), "--format", "json", "--continue-on-error", "-p",
                   str(parallelism), "-D", "table.dml-sync=true", "-D", f"penstock.batch-rows={setting.batch_rows}", *more]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            death = None if done.returncode in (0, 1) else f"exit code {done.returncode}: {done.stderr.strip()[-1500:]}"
            output = done.stdout
        except subprocess.TimeoutExpired as expired:
            death, output = "does not end", (expired.stdout or b"").decode()
        results = self.read(output)
        outcomes, blamed = {}, False
        for case in cases:
            outcome = results.get(numbers[case.name]) or Outcome([], missing=True)
            if death and not outcome.error and not getattr(outcome, "ended", False):
                outcome.missing = blamed
                outcome.error, blamed = death, True
            outcomes[case.name] = outcome
        return outcomes

    def read(self, output):
        results, current = {}, None
        for line in output.splitlines():
            try:
                event = json.loads(line, parse_float=str)
            except ValueError:
                break
            if "statement" in event:
                current = results.setdefault(event["statement"], Outcome([]))
                if "columns" in event:
                    current.types = [c["type"] for c in event["columns"]]
                else:
                    current.ended = True
                if event.get("status") == "error":
                    current.error = f"{event.get('phase')}: {event['message']}"
            else:
                current.rows.append((event["kind"], event["row"]))
        return results

    def run(self, cases, setting, rng):
        """Outcomes by case with canonical rows; of those that the setting is for."""
        if setting.name == "crash":
            return crash.run(self, cases, setting, rng)
        for path in self.folder.glob("*.out"):
            path.unlink()
        if not setting.restored:
            outcomes = self.execute(cases, setting, setting.parallelism, None, *setting.options)
        else:
            outcomes = self.over_savepoint(cases, setting, rng)
        for case in cases:
            outcome = outcomes[case.name]
            path = self.folder / f"{case.name}.out"
            if case.sink_key is not None and path.exists():
                events = [json.loads(line, parse_float=str) for line in path.read_text().splitlines()]
                outcome.rows = [(e["kind"], e["row"]) for e in events]
            outcome.rows = [(kind, row_of_penstock(row, case.columns())) for kind, row in outcome.rows]
        return outcomes

    def over_savepoint(self, cases, setting, rng):
        savepoint = self.folder / "savepoint"
        kept = {name: rng.randint(0, len(table.log)) for name, table in self.tables.items()}
        before = self.execute(cases, setting, setting.parallelism, kept, "--stop-when-idle", "--savepoint", str(savepoint),
                              "-D", "penstock.idle-time=0 ms", *setting.options)
        after = self.execute(cases, setting, setting.restored, None, "--from-savepoint", str(savepoint), *setting.options)
        for name, outcome in after.items():
            outcome.rows = before[name].rows + outcome.rows
            outcome.error = before[name].error or outcome.error
            outcome.missing = outcome.missing or before[name].missing
        return after
