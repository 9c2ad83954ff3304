#!/usr/bin/env python3
"""Runs the tests of a build folder and prints one line each, then 'N passed, N failed, N skipped'.

Steps: checks of the sources (layers, tidy), the unit test binaries (*_test), the text tests of tests/sql, the
command line (tests/cli, tests/parity), bad input (tests/input), plans, and the conformance ratchet when the cases are there ($PENSTOCK_CONFORMANCE). What is
missing is skipped by name.
"""
import argparse
import os
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFORMANCE = pathlib.Path(os.environ.get("PENSTOCK_CONFORMANCE", ROOT.parent / "shared" / "conformance"))


class Tally:
    """Counts outcomes and prints them as they come."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def run(self, name, command, timeout=900):
        start = time.monotonic()
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
            ok, output = done.returncode == 0, done.stdout + done.stderr
        except subprocess.TimeoutExpired as expired:
            ok, output = False, f"timed out after {timeout} s\n{expired.stdout or ''}"
        print(f"{'ok    ' if ok else 'FAILED'} {name} ({time.monotonic() - start:.1f} s)", flush=True)
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print("\n".join(output.splitlines()[-60:]), flush=True)

    def skip(self, name, reason):
        print(f"skip   {name}: {reason}", flush=True)
        self.skipped += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--full", action="store_true", help="text tests in every configuration")
    arguments = parser.parse_args()
    build = ROOT / arguments.build
    penstock = build / "penstock"
    sanitized = "PENSTOCK_SANITIZE:STRING=\n" not in (build / "CMakeCache.txt").read_text()
    if sanitized:  # frames are several times as large: what is nested as deeply as it may be needs more stack
        resource.setrlimit(resource.RLIMIT_STACK, (256 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
        os.environ.setdefault("TSAN_OPTIONS", f"suppressions={ROOT / 'tools' / 'tsan_suppressions.txt'}")
    tally = Tally()
    tally.run("layers", [sys.executable, "tools/check_layers.py"])
    tally.run("tidy", [sys.executable, "tools/tidy.py"])
    for binary in sorted(build.rglob("*_test")):
        if binary.is_file() and os.access(binary, os.X_OK):
            tally.run(f"unit {binary.name}", [str(binary), "--gtest_brief=1"])
    text_runner = ROOT / "tests" / "sql" / "run.py"
    if text_runner.exists():
        tally.run("text tests", [sys.executable, str(text_runner), "--penstock", str(penstock),
                                 *(["--full"] if arguments.full else [])])
    cli_runner = ROOT / "tests" / "cli" / "run.py"
    if cli_runner.exists():
        tally.run("command line", [sys.executable, str(cli_runner), "--penstock", str(penstock)])
    tally.run("parity", [sys.executable, "tests/parity/run.py", "--penstock", str(penstock)])
    tally.run("bad input", [sys.executable, "tests/input/run.py", "--penstock", str(penstock)])
    plan_runner = ROOT / "tests" / "plan" / "run.py"
    if plan_runner.exists():
        tally.run("plans", [sys.executable, str(plan_runner), "--penstock", str(penstock)])
    tally.run("docs", [sys.executable, "tests/docs/run.py", "--penstock", str(penstock)])
    if sanitized:
        tally.skip("install", "a build with a sanitizer is not installed")
    else:
        tally.run("install", [sys.executable, "tests/install/run.py", "--build", str(build)])
    tally.run("kills", [sys.executable, "tests/kill/kill_test.py", "--penstock", str(penstock)])
    oracle = [sys.executable, "tests/oracle/run.py", "--penstock", str(penstock)]
    if subprocess.run([*oracle, "--available"], cwd=ROOT).returncode == 0:
        tally.run("random queries", [*oracle, "--queries", "144", "--daily"])
        tally.run("random late rows", [*oracle, "--late", "--queries", "40"])
    else:
        tally.skip("random queries", "DuckDB is not installed: ./dev oracle does it")
    baseline = ROOT / "tests" / "conformance" / "passing.json"
    if (CONFORMANCE / "run.py").exists():
        tally.run("conformance ratchet", [sys.executable, str(CONFORMANCE / "run.py"), "--penstock", str(penstock),
                                          "--baseline", str(baseline)], timeout=1200)
        if arguments.full:
            tally.run("restored at another parallelism", [sys.executable, "tests/conformance/rescale.py", "--penstock",
                                                          str(penstock), "--cases", str(CONFORMANCE)], timeout=1200)
    else:
        tally.skip("conformance ratchet", f"no cases at {CONFORMANCE}")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


sys.exit(main())
