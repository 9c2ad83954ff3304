"""Makes a failing query small: fewer operators, fewer rows; and writes it down as a script."""
import copy
import random
import tempfile
from dataclasses import replace

from engines import Case, Penstock
from plan import render


class Shrinker:
    """Tries smaller queries and tables as long as something fails in the same setting."""

    def __init__(self, binary, duck, seed, setting, verdict):
        self.binary, self.duck, self.seed, self.setting, self.verdict = binary, duck, seed, setting, verdict
        self.trials = 0

    def problem(self, case, tables):
        """What is wrong with the case over these tables; None when nothing is, or it cannot run."""
        if self.trials == 0:
            return None
        self.trials -= 1
        try:
            self.duck.load(tables)
            case.expected = self.duck.answer(case)
        except Exception:  # a query that became nonsense
            return None
        with tempfile.TemporaryDirectory(prefix="penstock-oracle-") as folder:
            penstock = Penstock(self.binary, folder, tables, self.seed.session)
            outcome = penstock.run([case], self.setting, random.Random(f"{self.seed.number}/savepoint"))[case.name]
        return self.verdict(case, outcome)

    def same_kind(self, problem):
        return problem and problem.split(":")[0].split(" ")[0] == self.kind

    def shrink(self, case, problem):
        """(case, tables, setting, session, problem)."""
        self.kind = problem.split(":")[0].split(" ")[0]
        tables = self.used(case, self.seed.tables)
        self.trials = 60
        if not self.same_kind(self.problem(case, tables)):
            tables = self.seed.tables
        for trials in (80, 150, 60):
            self.trials = trials
            case = self.fewer_operators(case, tables)
            smaller = self.used(case, tables)
            if len(smaller) < len(tables) and self.same_kind(self.problem(case, smaller)):
                tables = smaller
            self.trials = trials
            tables = self.fewer_rows(case, tables)
        self.trials = 1
        return case, tables, self.setting, self.seed.session, self.problem(case, tables) or problem

    def used(self, case, tables):
        names = case.root.tables() | ({"w0"} if "vv" in case.root.tables() else set())
        return {name: table for name, table in tables.items() if name in names}

    def size(self, case):
        """What must become less with each step."""
        nodes = list(case.root.nodes())
        return (case.sink_key is not None) * 50 + sum(30 * len(n.inputs) + len(n.columns) for n in nodes) + len(nodes)

    def fewer_operators(self, case, tables):
        again = True
        while again:
            again = False
            for smaller in self.smaller(case):
                if self.size(smaller) < self.size(case) and self.same_kind(self.problem(smaller, tables)):
                    case, again = smaller, True
                    break
        return case

    def smaller(self, case):
        """The inputs alone, then the query without one of its steps."""
        if case.sink_key is not None:
            yield replace(case, sink_key=None)
        for node in case.root.inputs:
            yield Case(case.name, node)
        for node in case.root.nodes():
            for child in node.inputs:
                if node is not case.root:
                    yield replace(case, root=case.root.replaced(node, child))

    def fewer_rows(self, case, tables):
        for name in list(tables):
            if tables[name].static:
                continue
            size = max(1, len(tables[name].log) // 2)
            while size >= 1:
                start = 0
                while start < len(tables[name].log):
                    smaller = self.without(tables[name], start, size)
                    trial = {**tables, name: smaller}
                    if smaller and self.same_kind(self.problem(case, trial)):
                        tables = trial
                    else:
                        start += size
                size //= 2
        return tables

    def without(self, table, start, size):
        """The table without some changes; None when what is left takes back what is not there."""
        made = copy.copy(table)
        made.log = table.log[:start] + table.log[start + size :]
        return made if consistent(made) else None


def consistent(table):
    """False for a changelog that takes back what is not there, or that gives a key of its own twice."""
    names = [c.name for c in table.columns]
    places, whole = [names.index(u) for u in table.unique], "UB" in table.modes
    live = {}
    for kind, row in table.log:
        identity = tuple(row[p] for p in places) if places else str(row)
        content = str(row[:-1] if "versioned" in table.traits else row)
        there = live.setdefault(identity, [])
        if kind in ("+I", "+U"):
            if places and there and whole:
                return False
            there.append(content)
        elif whole and content not in there:
            return False
        elif there:
            there.remove(content) if whole else there.clear()
    return True


def script_of(case, tables, setting, session, problem):
    """A text that shows the failure: the script with the rows of its tables as comments, both queries, the answer."""
    lines = [f"-- {setting}", *(f"SET '{k}' = '{v}';" for k, v in session)]
    for table in tables.values():
        lines += [table.declaration(f"{table.name}.jsonl") + ";",
                  *("--   " + line for line in table.lines().splitlines())]
    lines += [case.select(False) + ";", "-- DuckDB: " + case.select(True).replace("\n", "\n--   "),
              *(f"--   {list(row)}" for row in (case.expected or [])[:20]), "-- " + problem.replace("\n", "\n-- ")]
    return "\n".join(lines) + "\n"
