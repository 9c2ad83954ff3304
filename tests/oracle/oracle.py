#!/usr/bin/env python3
"""Random queries over random changelogs: what Penstock ends with must be what DuckDB says of the final tables.

Each seed makes tables (tables.py) and queries (generator.py). Penstock runs them at parallelism 1 and 3, over a savepoint
at a random point with another parallelism behind it, as a batch job, and killed several times with checkpoints (crash.py),
with random batch sizes; every final result is compared. Options:
--rescale N (N seeds over savepoints alone, from every parallelism of 1 to 8 to every other one in turn),
--penstock PATH, --queries N, --seed S (the first), --jobs N, --only SEED[/QUERY], --settings WORDS, --keep DIR (failing
queries as small scripts), --coverage (prints the table of operators), --daily (seeds that change with the day), --no-shrink.
"""
import argparse
import collections
import os
import pathlib
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

import duckdb

from engines import Case, Duck, Penstock, Setting
from generator import Generator
from shrink import Shrinker, script_of
from tables import TableMaker
from values import difference, fold

QUERIES = 12  # of a seed


class Seed:
    """Tables, queries and settings of one seed."""

    def __init__(self, number):
        self.number = number
        rng = random.Random(number)
        self.time_type = rng.choice(("TIMESTAMP(3)", "TIMESTAMP_LTZ(3)"))
        self.tables = TableMaker(rng, self.time_type).tables()
        self.session = [("table.local-time-zone", "UTC"), ("table.exec.sink.require-on-conflict", "false"),
                        ("table.exec.sink.not-null-enforcer", "DROP")]
        self.features = []
        if rng.random() < 0.2:
            self.session += [("table.exec.mini-batch.enabled", "true"), ("table.exec.mini-batch.allow-latency", "1 s"),
                             ("table.exec.mini-batch.size", str(rng.choice((2, 5, 50))))]
            self.features.append("mini-batch")
        if rng.random() < 0.15:  # longer than any run: nothing goes
            self.session.append(("table.exec.state.ttl", "30 d"))
            self.features.append("state TTL")
        self.settings = self.choose_settings(rng)

    def case(self, query, attempt):
        """A query; another one with each attempt."""
        mine = random.Random(f"{self.number}/{query}/{attempt}")
        root = Generator(mine, self.tables, self.time_type).query()
        case = Case(f"q{query}", root)
        if root.key and mine.random() < 0.35 and not root.sorted_by and not any(
                root.column(k).type.startswith(("MULTISET", "ARRAY")) for k in root.key):
            case.sink_key = root.key
            case.conflict = mine.choice(("", " ON CONFLICT DO DEDUPLICATE"))
            case.enforced = mine.random() < 0.5
        return case

    def choose_settings(self, rng):
        sizes = (1, 2, 7, 1024)
        batch = ("-D", "execution.runtime-mode=batch")
        if rng.random() < 0.5:
            batch += ("-D", "state.memory.budget=1 kb")
        return [Setting("p1", 1, rng.choice(sizes)), Setting("p3", 3, rng.choice(sizes)),
                Setting("savepoint", rng.randint(1, 8), rng.choice(sizes), rng.randint(1, 8)),
                Setting("batch", rng.choice((1, 3)), rng.choice(sizes), options=batch),
                Setting("crash", 1, rng.choice(sizes))]


def verdict(case, outcome):
    """None, or what is wrong with an outcome."""
    if outcome.error:
        return outcome.error
    if outcome.missing:
        return "the statement was not reached"
    columns = case.columns()
    if outcome.types:
        wanted = [c.type for c in columns]
        got = [t.replace(" NOT NULL", "") for t in outcome.types]
        if [t.replace(" ", "") for t in got] != [t.replace(" ", "") for t in wanted]:
            return f"types {[(c.name, g, w) for c, g, w in zip(columns, got, wanted) if g != w]}"
    if case.root.append and case.sink_key is None and any(kind != "+I" for kind, _ in outcome.rows):
        return "an append-only query gives updates"
    places = [[c.name for c in columns].index(k) for k in case.sink_key] if case.sink_key is not None else None
    rows, problem = fold(outcome.rows, places)
    return difference(case.expected, rows) or problem or unsorted(case, outcome)


def unsorted(case, outcome):
    if not case.root.sorted_by:
        return None
    place = [c.name for c in case.root.columns].index(case.root.sorted_by)
    times = [row[place] for _, row in outcome.rows]
    return None if times == sorted(times) else "rows are not in the order of time"


class Runner:
    """Runs seeds; one in each process."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.duck = Duck()

    def run(self, number):
        """(failures as texts, coverage) of a seed."""
        seed = Seed(number)
        wanted = self.arguments.only.partition("/")[2]
        self.duck.load(seed.tables)
        cases = [self.answered(seed, query) for query in range(QUERIES) if not wanted or wanted.lstrip("q") == str(query)]
        failures = []
        for setting in seed.settings:
            if self.arguments.settings and setting.name not in self.arguments.settings:
                continue
            failures += self.compare(seed, cases, setting)
        return failures, self.coverage(seed, cases)

    def answered(self, seed, query):
        """A query with DuckDB's answer; of those without rows most are left for another."""
        for attempt in range(3):
            case = seed.case(query, attempt)
            case.expected = self.duck.answer(case)
            if case.expected:
                break
        return case

    def compare(self, seed, cases, setting):
        with tempfile.TemporaryDirectory(prefix="penstock-oracle-") as folder:
            penstock = Penstock(self.arguments.penstock, folder, seed.tables, seed.session)
            outcomes = penstock.run(cases, setting, random.Random(f"{seed.number}/savepoint"))
        failures = []
        for case in (c for c in cases if c.name in outcomes):
            if setting.name == "batch" and (outcomes[case.name].error or "").startswith("unsupported"):
                continue
            case.expected = self.duck.answer(case, batch=setting.name == "batch")
            problem = verdict(case, outcomes[case.name])
            if problem and not (outcomes[case.name].missing and len(cases) > 1):
                failures.append(self.report(seed, case, setting, problem))
            elif problem:
                failures.append(f"seed {seed.number}/{case.name} ({setting}): {problem}")
        return failures

    def report(self, seed, case, setting, problem):
        head = f"FAILED seed {seed.number}/{case.name} ({setting})\n  {problem}"
        if self.arguments.no_shrink or setting.name == "crash":
            return head + f"\n{case.select(False)}"
        small = Shrinker(self.arguments.penstock, self.duck, seed, setting, verdict).shrink(case, problem)
        self.duck.load(seed.tables)
        text = script_of(*small)
        if self.arguments.keep:
            folder = pathlib.Path(self.arguments.keep)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{seed.number}-{case.name}-{setting.name}.sql").write_text(f"-- {head}\n".replace("\n", "\n-- ") + text)
        return f"{head}\n{text}"

    def coverage(self, seed, cases):
        counts = collections.Counter()
        for case in cases:
            labels = case.root.labels()
            if case.sink_key is not None:
                labels += ["sink with a primary key"] + ["ON CONFLICT"] * bool(case.conflict) + ["constraint enforcer"] * case.enforced
            counts.update({("operator", label) for label in labels + (seed.features if labels else [])})
            counts["queries"] += 1
            counts["two"] += len(case.root.labels()) + (case.sink_key is not None) >= 2
            counts["retracting"] += case.root.retracting(seed.tables)
            counts["empty"] += not case.expected
        return counts


PAIRS = [(a, b) for a in range(1, 9) for b in range(1, 9) if a != b]
RESCALED_QUERIES = 6  # of a seed


class Rescaler(Runner):
    """Seeds whose queries stop with a savepoint at a random point and go on with another number of subtasks."""

    def run(self, number):
        seed = Seed(number)
        self.duck.load(seed.tables)
        cases = [self.answered(seed, query) for query in range(RESCALED_QUERIES)]
        before, after = PAIRS[number % len(PAIRS)]
        setting = Setting("savepoint", before, random.Random(f"{number}/batch").choice((1, 7, 1024)), after)
        failures = self.compare(seed, cases, setting)
        counts, labels = collections.Counter(queries=len(cases)), {label for case in cases for label in case.root.labels()}
        labels |= {"sink with a primary key"} if any(case.sink_key is not None for case in cases) else set()
        counts.update({("operator", label) for label in labels})
        counts.update({("pair", (before, after))})
        return failures, counts


def print_rescaled(counts):
    pairs = [count for key, count in counts.items() if isinstance(key, tuple) and key[0] == "pair"]
    print(f"{len(pairs)} pairs of parallelisms, each in {min(pairs)} seeds or more; seeds by operator:")
    for key, count in sorted(counts.items(), key=lambda item: -item[1]):
        if isinstance(key, tuple) and key[0] == "operator":
            print(f"{key[1]:28}{count:9,}")


def work(arguments, numbers):
    runner = (Rescaler if arguments.rescale else Runner)(arguments)
    return [runner.run(number) for number in numbers]


def print_coverage(counts):
    queries = counts["queries"]
    print(f"\n{'operator':28}{'queries':>9}{'share':>8}")
    for key, count in sorted(counts.items(), key=lambda item: -item[1]):
        if isinstance(key, tuple):
            print(f"{key[1]:28}{count:9,}{100 * count / queries:7.1f}%")
    for word, text in (("two", "two or more stateful operators"), ("retracting", "retracting inputs"), ("empty", "empty results")):
        print(f"{text}: {100 * counts[word] / queries:.1f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", default="build/penstock")
    parser.add_argument("--queries", type=int, default=144)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count()))
    parser.add_argument("--daily", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--settings", nargs="*")
    parser.add_argument("--keep")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--rescale", type=int, default=0)
    parser.add_argument("--no-shrink", action="store_true")
    arguments = parser.parse_args()
    started = time.monotonic()
    if arguments.daily:
        arguments.seed = int(time.time() // 86400) * 100
    if arguments.only:
        numbers = [int(arguments.only.partition("/")[0])]
    else:
        numbers = [arguments.seed + n for n in range(arguments.rescale or -(-arguments.queries // QUERIES))]
    failed, counts = 0, collections.Counter()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        parts = [numbers[i : i + 4] for i in range(0, len(numbers), 4)]
        for results in pool.map(work, [arguments] * len(parts), parts):
            for failures, covered in results:
                failed += len(failures)
                counts.update(covered)
                print("".join(f"{failure}\n" for failure in failures), end="", flush=True)
    if arguments.rescale:
        print_rescaled(counts)
    elif arguments.coverage:
        print_coverage(counts)
    print(f"oracle: {counts['queries']} queries of seeds {numbers[0]}..{numbers[-1]}, DuckDB {duckdb.__version__}, "
          f"{failed} failures, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
