"""Penstock killed at random times: queries into files, exactly once, with checkpoints as often as can be.

The queries of a seed are INSERTs into the filesystem connector as debezium-json, which takes every change. The process
is killed up to KILLS times and started again, each time at another parallelism; the last start runs to the end. What the
visible files hold must be what an undisturbed run writes: folded, DuckDB's answer.
"""
import json
import random
import subprocess
import time

import engines
from values import row_of_file

KILLS = 3
OPTIONS = [("execution.checkpointing.interval", "1 ms"), ("restart-strategy.type", "none"), ("table.dml-sync", "true")]


def statements_of(case, folder):
    columns = ", ".join(f"{c.name} {c.type}" for c in case.root.columns)
    create = (f"CREATE TABLE {case.name} ({columns}) WITH ('connector' = 'filesystem', 'path' = '{folder / case.name}', "
              f"'format' = 'debezium-json', 'debezium-json.encode.decimal-as-plain-number' = 'true')")
    return [create, f"INSERT INTO {case.name} {case.select(False)}"]


def usable(case):
    """What such a file can hold."""
    return case.sink_key is None and not case.root.sorted_by and not any(c.type.startswith("MULTISET") for c in case.root.columns)


def write_script(penstock, cases):
    folder = penstock.folder
    statements = [f"SET '{k}' = '{v}'" for k, v in [*penstock.session, *OPTIONS,
                                                     ("execution.checkpointing.dir", str(folder / "checkpoints"))]]
    for table in penstock.tables.values():
        path = folder / f"{table.name}.jsonl"
        path.write_text(table.lines())
        slow = "" if table.static else ", 'source.sleep-after-elements' = '15', 'source.sleep-time' = '2 ms')"
        statements.append(table.declaration(path).removesuffix(")") + (slow or ")"))
    if "w0" in penstock.tables:
        statements.append(engines.VERSIONED_VIEW)
    numbers = {}
    for case in cases:
        statements += statements_of(case, folder)
        numbers[case.name] = len(statements)
    (folder / "job.sql").write_text(";\n".join(statements) + ";\n")
    return numbers


def has_ended(folder):
    """Whether the run was over when its process was killed: its record is gone."""
    root = folder / "checkpoints" / "job"
    return any(root.glob("jobs/*/manifest-*")) and not (root / "run").exists()


def run(penstock, cases, setting, rng):
    """Outcomes by case, as Penstock.run gives them."""
    cases = [case for case in cases if usable(case)]
    numbers = write_script(penstock, cases)
    longest, killed, results = 0.15 * len(cases) / 2, 0, {}
    while True:
        command = [penstock.binary, "run", str(penstock.folder / "job.sql"), "--format", "json", "--continue-on-error", "-p",
                   str(rng.randint(1, 4)), "-D", f"penstock.batch-rows={setting.batch_rows}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started = time.monotonic()
        try:
            output, errors = process.communicate(timeout=rng.uniform(0.02, longest) if killed < KILLS else 120)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            killed += 1
            for number, outcome in penstock.read(output).items():
                results.setdefault(number, outcome)
            if has_ended(penstock.folder):  # executing the script again would be a new run
                for number in numbers.values():
                    results.setdefault(number, engines.Outcome([]))
                death = None
                break
            if killed > KILLS:
                return {case.name: engines.Outcome([], f"does not end: {errors[-500:]}") for case in cases}
            continue
        longest = max(0.05, time.monotonic() - started)
        death = None if process.returncode in (0, 1) else f"exit code {process.returncode}: {errors.strip()[-1500:]}"
        for number, outcome in penstock.read(output).items():
            if not (number in results and getattr(results[number], "ended", False) and not results[number].error):
                results[number] = outcome
        break
    outcomes = {}
    for case in cases:
        outcome = results.get(numbers[case.name], engines.Outcome([], missing=not death))
        outcome.error = outcome.error or (death if not getattr(outcome, "ended", False) else None)
        outcome.rows, outcome.types = list(written(penstock.folder / case.name, case.root.columns)), None
        outcomes[case.name] = outcome
    return outcomes


def written(folder, columns):
    """The changes in the visible files."""
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        if path.is_file() and not path.name.startswith("."):
            for line in path.read_text().splitlines():
                change = json.loads(line, parse_float=str)
                for part, kind in (("before", "-D"), ("after", "+I")):
                    if row := change.get(part):
                        yield kind, row_of_file([row.get(c.name) for c in columns], columns)
