#!/usr/bin/env python3
"""Restore programs of the conformance set, restored at another parallelism.

Every program that is saved and restored runs with the public runner's own code, but saved at one parallelism and restored at
another, both from 1 to 8 by a seed; only those count that pass without. Changes may come in another order than in Flink's
test, so a program that pins every change is compared by its final content when the pinned comparison fails. Options:
--penstock PATH, --cases DIR (default $PENSTOCK_CONFORMANCE), --seed N, --rounds N, --filter REGEX, --jobs N, --verbose.
"""
import argparse
import copy
import os
import pathlib
import random
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = os.environ.get("PENSTOCK_CONFORMANCE", str(ROOT.parent / "shared" / "conformance"))


def load(folder):
    """The public runner's modules."""
    sys.path.insert(0, folder)
    from harness import engine, model, programs
    return engine, model, programs


def rescaling_engine(engine, binary, before, after):
    """An engine that saves at one parallelism and restores at another."""
    class Rescaling(engine.Engine):
        def run(self, script, timeout, *arguments):
            parallelism = after if "--from-savepoint" in arguments else before
            return super().run(script, timeout, *arguments, "-p", str(parallelism))
    return Rescaling(binary)


def folded(case, keys_of):
    """The case with its sinks compared by final content."""
    made = copy.deepcopy(case)
    for step in made.program["setup"]:
        if step["kind"].startswith("SINK") and step["changelog"]:
            step["changelog"] = False
            before, after = step.get("expectBefore") or [], step.get("expectAfter") or []
            step["expectBefore"] = final_rows(before, keys_of(step))
            step["expectAll"] = final_rows([*before, *after], keys_of(step))
    return made


def final_rows(changes, keys):
    """What changes such as '+U[1, a]' leave, by key or by whole rows."""
    rows = []
    for change in changes:
        kind, row = change[:2], change[3:-1]
        same = [r for r in rows if (r == row if not keys else [r.split(", ")[k] for k in keys] ==
                                    [row.split(", ")[k] for k in keys])]
        if same and (keys or kind in ("-U", "-D")):
            rows.remove(same[0])
        if kind in ("+I", "+U"):
            rows.append(row)
    return [f"+I[{row}]" for row in rows]


class Runner:
    def __init__(self, arguments):
        self.arguments = arguments
        self.engine, self.model, self.programs = load(arguments.cases)
        self.settings = self.model.Settings(30.0, True, "full")

    def passes(self, case, before, after):
        engine = rescaling_engine(self.engine, self.arguments.penstock, before, after)
        with tempfile.TemporaryDirectory(prefix="rescale-") as folder:
            return self.programs.run_program(engine, case, folder, self.settings)

    def keys_of(self, sink):
        return self.programs.parse_schema(sink["schema"]).key_indices

    def cases(self):
        folder = pathlib.Path(self.arguments.cases) / "programs"
        for path in sorted(folder.glob("*.json")):
            for case in self.programs.load_programs(str(path)):
                if case.has_restore and not case.excluded and re.search(self.arguments.filter, case.id):
                    yield case

    def check(self, case):
        """(ran, failures) of a case."""
        if self.passes(case, 1, 1).status != self.model.PASS:
            return False, []
        failures = []
        for number in range(self.arguments.rounds):
            rng = random.Random(f"{self.arguments.seed} {number} {case.id}")
            before, after = rng.sample(range(1, 9), 2)
            verdict = self.passes(case, before, after)
            if verdict.status != self.model.PASS:
                verdict = self.passes(folded(case, self.keys_of), before, after)
            if verdict.status != self.model.PASS:
                failures.append(f"{case.id} ({before} -> {after}): {verdict.status} {verdict.detail}")
        return True, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", default="build/penstock")
    parser.add_argument("--cases", default=CASES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--filter", default="")
    parser.add_argument("--jobs", type=int, default=2)
    runner = Runner(parser.parse_args())
    cases = list(runner.cases())
    with ThreadPoolExecutor(runner.arguments.jobs) as pool:
        outcomes = list(pool.map(runner.check, cases))
    failures = [failure for _, failed in outcomes for failure in failed]
    print("\n".join(failures))
    print(f"rescale: seed {runner.arguments.seed}, {sum(ran for ran, _ in outcomes)} of {len(cases)} restore programs, "
          f"{runner.arguments.rounds} rounds, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
