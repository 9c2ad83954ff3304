#!/usr/bin/env python3
"""Runs Flink's own programs over bounded tables as a stream and as batch jobs: the tables must end alike.

A program's sinks after the stream, folded to tables, are compared with what the batch job writes, which must be
insertions, with memory for everything and with next to nothing. Programs that batch mode refuses are listed; those that
differ for a reason are in DIFFERENT. Options: --penstock PATH, --conformance FOLDER (default $PENSTOCK_CONFORMANCE or
../shared/conformance), --filter TEXT.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = {
    "batch": ("-D", "execution.runtime-mode=batch"),
    "spill": ("-D", "execution.runtime-mode=batch", "-D", "state.memory.budget=1 kb", "-p", "3"),
}
LATE = "rows are late in the stream; in batch mode a window holds every row"
RACE = "rows of one key of the sink overwrite each other, in no certain order at parallelism 3"
BROKEN = "the changelog takes back less than it adds: of rows of one key a stream to a keyed sink forgets some"
# Programs whose tables end differently, and why.
DIFFERENT = {
    "programs/changelog_normalize_semantic/retract-source-with-non-key-filter": BROKEN,
    "programs/group_window_aggregate/group-window-aggregate-hop-event-time": LATE,
    "programs/group_window_aggregate/group-window-aggregate-session-event-time": LATE,
    "programs/over_window/over-aggregate-non-time-range-unbounded-sum-retract-mode-source-sink-primary-key-partition-by-non-pk": RACE,
    "programs/table_sink/insert-into-upsert-with-sink-upsert-materializer-writable-metadata-v1": RACE,
    "programs/window_aggregate/window-aggregate-cumulate-event-time-two-phase-distinct-split": LATE,
    "programs/window_aggregate/window-aggregate-cumulate-event-time-two-phase-with-offset": LATE,
    "programs/window_aggregate/window-aggregate-cumulate-event-time-with-offset": LATE,
    "programs/window_aggregate/window-aggregate-hop-event-time": LATE,
    "programs/window_aggregate/window-aggregate-hop-event-time-two-phase-distinct-split": LATE,
    "programs/window_aggregate/window-aggregate-hop-event-time-two-phase-with-offset": LATE,
    "programs/window_aggregate/window-aggregate-hop-event-time-two-phase-with-offset-distinct-split": LATE,
    "programs/window_aggregate/window-aggregate-tumble-event-time": LATE,
    "programs/window_aggregate/window-aggregate-tumble-event-time-two-phase-distinct-split": LATE,
    "programs/window_aggregate/window-aggregate-tumble-event-time-two-phase-with-offset": LATE,
    "programs/window_join/window-join-cumulate-event-time": LATE,
    "programs/window_join/window-join-full-outer-tumble-event-time": LATE,
    "programs/window_join/window-join-hop-event-time": LATE,
    "programs/window_join/window-join-inner-tumble-event-time": LATE,
    "programs/window_join/window-join-left-tumble-event-time": LATE,
    "programs/window_join/window-join-semi-tumble-event-time": LATE,
}


def run(arguments, programs, case, directory, options):
    """(error or None, content of each sink)."""
    phase = programs.phases(case, "straight", "")[0]
    os.makedirs(directory, exist_ok=True)
    script = programs.render(case, phase, directory)
    done = subprocess.run([arguments.penstock, "run", str(script), "-D", "table.dml-sync=true", *options],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        return done.stderr.strip() or f"exit code {done.returncode}", {}
    content = {}
    for sink in case.sinks:
        schema = programs.parse_schema(sink["schema"])
        types = [column.type for column in schema.columns]
        changes = programs._read_changes(programs._sink_path(sink, phase, directory), types)
        if "batch" in str(options) and any(kind != "+I" for kind, _ in changes):
            return "a batch job wrote more than insertions", {}
        content[sink["name"]] = sorted(programs.materialize(changes, types, schema.key_indices))
    return None, content


def check(arguments, programs, case):
    with tempfile.TemporaryDirectory(prefix="penstock-batch-") as folder:
        try:
            error, stream = run(arguments, programs, case, os.path.join(folder, "stream"), ())
            if error:
                return "refused by the stream", ""
            for name, options in RUNS.items():
                error, batch = run(arguments, programs, case, os.path.join(folder, name), options)
                if error and "in batch mode" in error:
                    return "refused", error.splitlines()[0]
                if error:
                    return "failed", f"{name}: {error[-300:]}"
                if batch != stream:
                    return "different", f"{name}: stream {stream}\n  batch  {batch}"
        except Exception as problem:  # noqa: BLE001: whatever goes wrong is the outcome
            return "failed", repr(problem)
    return "equal", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", default=str(ROOT / "build/penstock"))
    parser.add_argument("--conformance",
                        default=os.environ.get("PENSTOCK_CONFORMANCE", str(ROOT / "../shared/conformance")))
    parser.add_argument("--filter", default="")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    arguments.penstock = str(pathlib.Path(arguments.penstock).resolve())
    if not pathlib.Path(arguments.conformance, "harness").is_dir():
        print("batch conformance: skipped, there are no programs")
        return 0
    sys.path.insert(0, arguments.conformance)
    from harness import programs  # noqa: PLC0415: its folder is an argument
    cases = [case for path in sorted(pathlib.Path(arguments.conformance, "programs").glob("*.json"))
             for case in programs.load_programs(path) if arguments.filter in case.id]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(lambda case: check(arguments, programs, case), cases))
    counts, bad = {}, 0
    for case, (outcome, detail) in zip(cases, outcomes):
        if outcome in ("different", "failed") and case.id in DIFFERENT:
            outcome = "different for a reason"
        counts[outcome] = counts.get(outcome, 0) + 1
        if outcome in ("different", "failed", "refused"):
            print(f"{outcome} {case.id}: {detail}")
        bad += outcome in ("different", "failed")
    print("batch conformance: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    return 1 if bad else 0


sys.exit(main())
