"""Query plans that can be written down twice: as a Flink query for Penstock and as an equivalent one for DuckDB.

A Node is one step of a query. Its two texts name the inputs {0} and {1}; render() makes every node a common table
expression of its own. Names of columns occur once in a query, so that joins need no renaming and a node can be taken out
while a failing query is made smaller.
"""
import copy
from dataclasses import dataclass, field

OVER_NO_ROWS = " HAVING count(*) >= 1"  # over no rows an aggregate of all rows has a result in batch, none in a stream


@dataclass
class Node:
    """A step: texts, inputs, and what may be built on it."""

    label: str  # the operator as the coverage table names it, or None of what has no state
    inputs: list
    flink: str
    duck: str
    columns: list
    append: bool = False  # nothing is taken back
    rowtime: str = None  # the column that is a time attribute
    unique_time: bool = False
    key: tuple = None  # columns that are unique in the result
    window: tuple = None  # (start, end, time, specification) of rows that stand in windows
    table: object = None  # of a scan
    rows: float = 0  # about so many
    sorted_by: str = None  # the result must come in this order
    uses: set = field(default_factory=set)  # tables beside those of scans

    def column(self, name):
        return next(c for c in self.columns if c.name == name)

    def nodes(self):
        """All nodes, inputs first."""
        for node in self.inputs:
            yield from node.nodes()
        yield self

    def labels(self):
        return [node.label for node in self.nodes() if node.label]

    def tables(self):
        names = set()
        for node in self.nodes():
            names |= node.uses | ({node.table.name} if node.table else set())
        return names

    def retracting(self, tables):
        return any(not tables[name].append() for name in self.tables() if name in tables)

    def names(self):
        return ", ".join(c.name for c in self.columns)

    def replaced(self, old, new):
        """A copy with one node in place of another."""
        if self is old:
            return new
        made = copy.copy(self)
        made.inputs = [node.replaced(old, new) for node in self.inputs]
        return made


def render(root, duck):
    """The whole query."""
    parts, names = [], {}
    for node in root.nodes():
        text = node.duck if duck else node.flink
        for place, child in enumerate(node.inputs):
            text = text.replace(f"{{{place}}}", names[id(child)])
        names[id(node)] = f"n{len(parts) + 1}"
        parts.append(f"{names[id(node)]} AS (\n  {text})")
    if root.sorted_by and not duck:  # the order of an outer query is that of its last part: written without one
        last = parts.pop().split(" AS (\n  ", 1)[1][:-1]
        return (f"WITH {', '.join(parts)}\n" if parts else "") + last
    return f"WITH {', '.join(parts)}\nSELECT {root.names()} FROM n{len(parts)}"


MACROS = [
    # The start of the slot that a time stands in, and a time moved by microseconds.
    "CREATE MACRO slot(t, size, off) AS make_timestamp(((epoch_us(t) - off) // size) * size + off)",
    "CREATE MACRO after(t, us) AS make_timestamp(epoch_us(t) + us)",
    # The quotient of integers, rounded half away from zero; NULL where the divisor is 0.
    "CREATE MACRO rounded(a, n) AS CASE WHEN n = 0 THEN NULL ELSE sign(a) * ((abs(a) * 2 + n) // (2 * n)) END",
]


def seconds(milliseconds):
    """An interval as Flink writes it."""
    whole = milliseconds % 1000 == 0
    return f"INTERVAL '{milliseconds // 1000 if whole else f'{milliseconds / 1000:.3f}'}' SECOND"
