"""What the tests of the kafka connectors share: a broker of their own, tables, running and killing scripts."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from peers import ROOT, SKIPPED, Kafka, Missing


class Broker(Kafka):
    def run(self, *arguments, text=None):
        return self.call(*arguments, text=text)

    def produce(self, topic, keyed):
        """Keys and values through the Java client."""
        lines = "".join(f"{key}|{value}\n" for key, value in keyed)
        self.run("produce", topic, "--key-separator", "|", text=lines)


class KafkaCase:
    def __init__(self, penstock, broker, folder):
        self.penstock, self.broker, self.folder = penstock, broker, folder

    def table(self, name, topic, columns, **options):
        given = {"connector": "kafka", "topic": topic, "properties.bootstrap.servers": self.broker.servers,
                 "format": "json"}
        given.update({key.replace("__", "-").replace("_", "."): value for key, value in options.items()})
        listed = ", ".join(f"'{key}' = '{value}'" for key, value in given.items())
        return f"CREATE TABLE {name} ({columns}) WITH ({listed});\n"

    def command(self, script, *arguments):
        path = self.folder / f"script-{time.monotonic_ns()}.sql"
        path.write_text(script)
        return [str(self.penstock), "run", str(path), "--format", "json", *arguments]

    def run(self, script, *arguments, fails=False):
        done = subprocess.run(self.command(script, *arguments), text=True, capture_output=True, timeout=120)
        assert (done.returncode != 0) == fails, f"exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr}"
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if fails:
            return " ".join(line.get("message", "") for line in lines) + done.stderr
        return [line["row"] for line in lines if "row" in line]

    def start(self, script):
        return self.start_command(self.command(script))

    def start_command(self, command):
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def read(self, topic, columns, query, **options):
        options = {"scan_startup_mode": "earliest-offset", "scan_bounded_mode": "latest-offset", **options}
        return self.run(self.table("t", topic, columns, **options) + query)


def run_cases(doc, case, names):
    """Starts a broker, calls the named methods of `case`, one line each, stops the broker. Returns the exit code."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--penstock", type=pathlib.Path, default=ROOT / "build" / "penstock")
    parser.add_argument("tests", nargs="*", default=names)
    arguments = parser.parse_args()
    title = pathlib.Path(sys.argv[0]).stem.removesuffix("_test")
    try:
        broker, failures = Broker(), 0
    except Missing as missing:
        print(f"skip   e2e {title}: {missing}")
        return SKIPPED
    broker.run("start", "--clean")
    try:
        with tempfile.TemporaryDirectory() as folder:
            test = case(arguments.penstock.resolve(), broker, pathlib.Path(folder))
            for name in arguments.tests:
                begin, problem = time.monotonic(), None
                try:
                    getattr(test, name)()
                except Exception as error:  # a failing test must not keep the broker running
                    problem = f"{type(error).__name__}: {error}"
                print(f"{'FAILED' if problem else 'ok    '} e2e {title} {name} ({time.monotonic() - begin:.1f} s)",
                      flush=True)
                if problem:
                    failures += 1
                    print(problem, flush=True)
    finally:
        try:
            broker.run("stop")
        except RuntimeError:
            pass  # a test stopped it
    return 1 if failures else 0
