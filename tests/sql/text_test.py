"""Text tests as data: reading a .test file, and checking results against what it expects.

A file has three header lines (# name, # description, # group), lines `# skip MODE: reason`, and blocks separated by
blank lines:

    table NAME (columns..) [WITH ('k'='v', ..)]   then one row a line: [1,"a"] or -D [1,"a"]
    sink NAME (columns..) [WITH ('k'='v', ..)]    a table to write to
    file NAME                                     then its lines; in SQL it is {directory}/NAME
    set KEY VALUE
    statement                                     then SQL that must succeed (a view, an INSERT, ..)
    query [changelog [interleaved]]               then SQL, a line ----, the rows; or a line ====, an equivalent query
    rows NAME [changelog | key N,N..]             then the rows that must have arrived in that sink
    error NUMBER                                  then SQL that must fail with that number

Rows compare as a multiset after folding: of whole rows, or of the newest row of each key. `changelog` pins every
change in its order, at every batch size (parallelism 1); `interleaved`, for plans of several sources, at batch size 1
only, since a bigger batch changes the turns in which sources are read.
"""
import json
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Block:
    """One block of a file: its first word, the rest of that line, the lines below, its line number."""

    kind: str
    header: str
    body: list
    line: int

    def parts(self):
        """(SQL, expected rows or None, equivalent SQL or None) of a query."""
        for mark in ("----", "===="):
            if mark in self.body:
                at = self.body.index(mark)
                sql, rest = "\n".join(self.body[:at]), self.body[at + 1 :]
                return (sql, rest, None) if mark == "----" else (sql, None, "\n".join(rest))
        return "\n".join(self.body), [], None


@dataclass
class TextTest:
    """A parsed file."""

    path: object
    blocks: list = field(default_factory=list)
    skips: dict = field(default_factory=dict)  # configuration word -> reason


def parse(path):
    test, current, start = TextTest(path), [], 0
    lines = path.read_text().splitlines()
    if [line[:2] for line in lines[:3]] != ["# "] * 3:
        raise ValueError(f"{path}: three header lines are missing")
    for number, line in enumerate([*lines, ""], 1):
        if line.startswith("# skip "):
            word, _, reason = line[len("# skip ") :].partition(":")
            if not reason.strip():
                raise ValueError(f"{path}:{number}: a skip needs a reason")
            test.skips[word.strip()] = reason.strip()
        elif line.strip() and not line.startswith("#"):
            start = start if current else number
            current.append(line)
        elif current:
            kind, _, header = current[0].partition(" ")
            test.blocks.append(Block(kind, header.strip(), current[1:], start))
            current = []
    return test


def row_event(line):
    """A row line of a table block as the event that connector `values` reads."""
    kind, _, values = line.partition(" ") if line[0] in "+-" else ("+I", "", line)
    return {"kind": kind, "row": json.loads(values)}


def row_text(event):
    return f"{event['kind']} {json.dumps(event['row'], ensure_ascii=False)}"


def fold(rows, key=None):
    """Final content of a changelog as a multiset of row texts; with `key`, the newest row of each key."""
    content, newest = Counter(), {}
    for row in rows:
        kind, _, values = row.partition(" ")
        if key is None:
            content[values] += 1 if kind in ("+I", "+U") else -1
            continue
        parsed = json.loads(values)
        identity = json.dumps([parsed[k] for k in key])
        if kind in ("+I", "+U"):
            newest[identity] = values
        elif kind == "-D":
            newest.pop(identity, None)
    return Counter(newest.values()) if key is not None else Counter({k: n for k, n in content.items() if n})


def differs(expected, actual, key=None):
    """'' or what is missing and what is too much after folding."""
    wanted, got = fold(expected, key), fold(actual, key)
    missing, extra = wanted - got, got - wanted
    negative = [row for row, count in got.items() if count < 0 and wanted.get(row) != count]
    if not missing and not extra and not negative:
        return ""
    return f"missing {list(missing)}, extra {list(extra)}" + (f", taken back too often {negative}" if negative else "")


def check_rows(block, expected, rows, configuration):
    words = block.header.split()
    if "changelog" in words:
        pinned = configuration.parallelism == 1 and not configuration.in_batch() and ("interleaved" not in words or configuration.pristine())
        if pinned:
            return "" if expected == rows else f"expected {expected}\n  got      {rows}"
    key = [int(k) for k in words[words.index("key") + 1].split(",")] if "key" in words else None
    return differs(expected, rows, key)


def check(block, results, numbers, sinks, configuration):
    """'' when the block's statement did in all runs together what the block says, else what is wrong."""
    if block.kind == "rows":
        return check_rows(block, block.body, sinks[block.header.split()[0]], configuration)
    if block.kind == "error" and configuration.in_batch():
        return ""  # what a stream refuses may be fine
    outcomes = [results.get(number) for number in numbers]
    if None in outcomes:
        return "the statement was not reached"
    errors = [outcome["error"] for outcome in outcomes if outcome["error"]]
    if block.kind == "error":
        wanted = f"PS-{block.header}"
        return "" if any(wanted in error for error in errors) else f"expected {wanted}, got {errors or 'no error'}"
    if errors and configuration.in_batch() and "is not supported in batch mode" in errors[0]:
        return ""
    if errors:
        return f"failed: {errors[0]}"
    if block.kind == "statement":
        return ""
    _, expected, equivalent = block.parts()
    if equivalent is not None:
        return differs(outcomes[1]["rows"], outcomes[0]["rows"])
    return check_rows(block, expected, outcomes[0]["rows"], configuration)
