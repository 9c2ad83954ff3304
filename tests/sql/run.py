#!/usr/bin/env python3
"""Runs the text tests of this folder: tables with rows inline, queries, expected rows.

A file has three header lines (# name, # description, # group) and blocks separated by blank lines:

    table NAME (columns..) [WITH ('k'='v', ..)]   then one row a line: [1,"a"] or -D [1,"a"]
    set KEY VALUE
    query [changelog]                             then SQL, a line ----, and the rows as they must arrive
    error NUMBER                                  then SQL that must fail with that number

Rows compare as a multiset after folding; `changelog` pins every change and their order (parallelism 1 only). Every
file runs in each configuration below. Options: --penstock PATH, --filter TEXT, --update (rewrites expected rows).
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from collections import Counter

HERE = pathlib.Path(__file__).resolve().parent
CONFIGURATIONS = {"parallelism 1": ["-p", "1"], "parallelism 3": ["-p", "3"]}


def parse(path):
    """(kind, header, body lines, line number) of each block."""
    blocks, current, start = [], [], 0
    lines = path.read_text().splitlines()
    for number, line in enumerate([*lines, ""], 1):
        if line.strip() and not line.startswith("#"):
            if not current:
                start = number
            current.append(line)
        elif current:
            head = current[0].split(None, 1)
            blocks.append((head[0], head[1] if len(head) > 1 else "", current[1:], start))
            current = []
    if [line[:2] for line in lines[:3]] != ["# "] * 3:
        raise ValueError(f"{path}: three header lines are missing")
    return blocks


def table_statement(header, rows, directory):
    name = header.split("(")[0].strip()
    data = pathlib.Path(directory) / f"{name}.jsonl"
    kinds = set()
    with open(data, "w") as out:
        for row in rows:
            kind, _, values = row.partition(" ") if row[0] in "+-" else ("+I", "", row)
            kinds.add(kind)
            out.write(json.dumps({"kind": kind, "row": json.loads(values)}) + "\n")
    options = {"connector": "values", "path": str(data)}
    if kinds - {"+I"}:
        options["changelog-mode"] = "I,UB,UA,D"
    if match := re.search(r"\bWITH\s*\((.*)\)\s*$", header, re.I):
        options |= dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", match[1]))
        header = header[: match.start()]
    listed = ", ".join(f"'{k}' = '{v}'" for k, v in options.items())
    return f"CREATE TABLE {header.strip()} WITH ({listed})"


def script_of(blocks, directory):
    """Statements, and which statement number each query or error block has."""
    statements, numbers = [], {}
    for index, (kind, header, body, _) in enumerate(blocks):
        if kind == "table":
            statements.append(table_statement(header, body, directory))
        elif kind == "set":
            key, _, value = header.partition(" ")
            statements.append(f"SET '{key}' = '{value}'")
        elif kind in ("query", "error"):
            sql = body[: body.index("----")] if "----" in body else body
            statements.append("\n".join(sql))
            numbers[index] = len(statements)
        else:
            raise ValueError(f"unknown block '{kind}'")
    return statements, numbers


def execute(penstock, statements, directory, options):
    script = pathlib.Path(directory) / "test.sql"
    script.write_text(";\n".join(statements) + ";\n")
    command = [penstock, "run", str(script), "--format", "json", "--continue-on-error", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    results, current = {}, None
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if "statement" in event:
            current = results.setdefault(event["statement"], {"rows": [], "error": None})
            if event.get("status") == "error":
                current["error"] = event["message"]
        else:
            current["rows"].append(f"{event['kind']} {json.dumps(event['row'], ensure_ascii=False)}")
    return results


def fold(rows):
    """Final content of a changelog as a multiset of row texts."""
    content = Counter()
    for row in rows:
        kind, _, values = row.partition(" ")
        content[values] += 1 if kind in ("+I", "+U") else -1
    return +content


def check(block, result, changelog_allowed):
    kind, header, body, _ = block
    if result is None:
        return "the statement was not reached"
    if kind == "error":
        wanted = f"PS-{header.strip()}"
        return "" if result["error"] and wanted in result["error"] else f"expected {wanted}, got {result['error']}"
    if result["error"]:
        return f"failed: {result['error']}"
    expected = body[body.index("----") + 1 :]
    if "changelog" in header:
        return "" if not changelog_allowed or expected == result["rows"] else f"expected {expected}\n  got {result['rows']}"
    missing, extra = fold(expected) - fold(result["rows"]), fold(result["rows"]) - fold(expected)
    return "" if not missing and not extra else f"missing {list(missing)}, extra {list(extra)}"


def update(path, blocks, results, numbers):
    lines = path.read_text().splitlines()
    for index in sorted(numbers, reverse=True):
        kind, _, body, start = blocks[index]
        if kind != "query":
            continue
        sql_lines = body.index("----") if "----" in body else len(body)
        rows = results[numbers[index]]["rows"]
        lines[start + sql_lines : start + len(body)] = ["----", *rows]
    path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", default="build/penstock")
    parser.add_argument("--filter", default="")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    failures, checks = [], 0
    for path in sorted(HERE.rglob("*.test")):
        if arguments.filter not in str(path):
            continue
        blocks = parse(path)
        for name, options in CONFIGURATIONS.items():
            with tempfile.TemporaryDirectory(prefix="penstock-text-") as directory:
                statements, numbers = script_of(blocks, directory)
                results = execute(arguments.penstock, statements, directory, options)
            if arguments.update:
                update(path, blocks, results, numbers)
                break
            for index, number in numbers.items():
                checks += 1
                problem = check(blocks[index], results.get(number), name == "parallelism 1")
                if problem:
                    failures.append(f"{path.relative_to(HERE)}:{blocks[index][3]} ({name}): {problem}")
    print("\n".join(failures))
    print(f"text tests: {checks} checks, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
