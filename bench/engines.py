"""The two engines that bench/run.py measures: how each runs a script, and what a run cost."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
SQL = HERE / "nexmark"


@dataclass
class Cost:
    wall_s: float
    core_s: float  # user and system of the whole process; of Flink the TaskManager's
    peak_mib: float


class Failed(Exception):
    """A run that ended with an error; the text is what the engine said."""


def waited(command, **arguments):
    """Runs a process to its end: what it cost."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **arguments)
    problem = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(problem)
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def fill(text, **values):
    """Replaces ${NAME} by values[NAME.lower()]."""
    return re.sub(r"\$\{(\w+)\}", lambda m: str(values[m[1].lower()]), text)


def tables(mode, **values):
    """The statements that declare the events and the three views."""
    return fill((SQL / f"tables-{mode}.sql").read_text(), **values) + "\n" + (SQL / "views.sql").read_text()


def query_parts(query):
    """(the sink's CREATE TABLE, the INSERT, the INSERT's query) of a file in bench/nexmark."""
    text = "\n".join(line for line in (SQL / f"{query}.sql").read_text().splitlines() if not line.startswith("--"))
    create, insert = (part.strip() for part in text.split(";")[:2])
    return create + ";\n", insert + ";\n", re.sub(r"^INSERT INTO \w+\s+", "", insert) + ";\n"


class Penstock:
    def __init__(self, build, work, checkpoint_interval="10 s"):
        self.build, self.work = pathlib.Path(build).resolve(), pathlib.Path(work)
        self.checkpoints = ["-D", f"execution.checkpointing.dir={self.work / 'checkpoints'}",
                            "-D", f"execution.checkpointing.interval={checkpoint_interval}"]

    def script(self, name, text):
        path = self.work / name
        path.write_text(text)
        return path

    def run(self, text, parallelism):
        """Runs a script in a process of its own."""
        return waited([self.build / "penstock", "run", "-p", str(parallelism), "--fresh", *self.checkpoints,
                       self.script("penstock.sql", text)])

    def repeat(self, setup, statement, parallelism, runs):
        """Runs a statement several times in one process after a first time that does not count."""
        command = [self.build / "bench" / "penstock_bench_repeat", str(parallelism), str(runs + 1),
                   self.script("setup.sql", setup), self.script("statement.sql", statement)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr)
        costs = [json.loads(line) for line in done.stdout.splitlines()]
        return [Cost(c["wall_s"], c["core_s"], c["peak_mib"]) for c in costs[1:]]

    def parse_only(self, files, runs):
        """Events per core second of the bare parser, by loop: the best of the runs."""
        best = {}
        for file in files:
            done = subprocess.run([self.build / "bench" / "penstock_bench_json", file, str(runs)],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise Failed(done.stderr)
            for line in map(json.loads, done.stdout.splitlines()):
                best[line["loop"]] = max(best.get(line["loop"], 0), line["events"] / line["core_s"])
        return best

    def content(self, setup, query, key):
        """The final rows of a query as a multiset of tuples of text; `key`: see fold."""
        path = self.script("content.sql", setup + query)
        done = subprocess.run([self.build / "penstock", "run", "--format", "json", path], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr)
        changes = (json.loads(line) for line in done.stdout.splitlines())
        return fold(((c["kind"], c["row"]) for c in changes if "row" in c), key)


class Flink:
    """A session cluster of the peer script, with checkpoints, without mini-batch, state on the heap."""
    OPTIONS = ["--slots", "2", "--memory", "4096", "--conf", "state.backend.type=hashmap",
               "--conf", "taskmanager.memory.managed.fraction=0.05"]

    # A lost TaskManager is noticed within seconds (by default after twenty), and the job restarts at once.
    RECOVERY = {"heartbeat.interval": "1 s", "heartbeat.timeout": "5 s", "restart-strategy.type": "fixed-delay",
                "restart-strategy.fixed-delay.attempts": "1000", "restart-strategy.fixed-delay.delay": "100 ms"}

    def __init__(self, script, work, checkpoint_interval="10 s", **settings):
        self.script, self.work = str(script), pathlib.Path(work)
        settings = {"execution.checkpointing.interval": checkpoint_interval, **settings}
        self.settings = [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
        self.task_manager = None  # the one that was started after a crash

    def start(self):
        subprocess.run([self.script, "start", *self.OPTIONS, *self.settings], check=True)

    def stop(self):
        if self.task_manager:
            self.task_manager.kill()
            self.task_manager.wait()
        subprocess.run([self.script, "stop"], check=False, stdout=subprocess.DEVNULL)

    def crash(self):
        """SIGKILL for the TaskManager; another one is started by the same command, as a supervisor would."""
        found = subprocess.run(["pgrep", "-f", "[T]askManagerRunner"], capture_output=True, text=True).stdout.split()
        if len(found) != 1:
            raise Failed(f"{len(found)} TaskManagers run on this machine, not one")
        place = pathlib.Path("/proc") / found[0]
        command = (place / "cmdline").read_bytes().split(b"\0")[:-1]
        environment = dict(entry.split(b"=", 1) for entry in (place / "environ").read_bytes().split(b"\0") if b"=" in entry)
        os.kill(int(found[0]), signal.SIGKILL)
        if self.task_manager:
            self.task_manager.wait()
        with open(self.work / "taskmanager.log", "a") as log:
            self.task_manager = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def sql(self, text, *arguments):
        path = self.work / "flink.sql"
        path.write_text(text)
        done = subprocess.run([self.script, "sql", path, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr[-2000:])
        return done

    def run(self, text, parallelism, timeout):
        done = self.sql(text, "--parallelism", str(parallelism), "--stats", "--timeout", str(timeout))
        stats = json.loads(done.stderr.splitlines()[-1])
        return Cost(stats["wall_s"], stats["taskmanager_cpu_s"], stats["taskmanager_peak_mib"])

    def content(self, setup, query, key):
        rows = []
        for line in self.sql(setup + query, "--parallelism", "1").stdout.splitlines():
            if match := re.fullmatch(r"([+-][IUD])\[(.*)\]", line):
                rows.append((match[1], match[2].split(", ")))
        return fold(rows, key)


def plain(value):
    """One text for what the engines print differently: zeros at the end of a fraction."""
    return re.sub(r"^(-?\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d*?)0+$", lambda m: m[1] + m[2].rstrip("."), str(value))


def key_of(create):
    """The positions of the primary key's columns in a CREATE TABLE; none where it has no key."""
    names = re.findall(r"(?:^|[(,])\s*`?(\w+)`? (?=BIGINT|VARCHAR|TIMESTAMP)", create)
    key = re.search(r"PRIMARY KEY \(([^)]+)\)", create)
    return [names.index(name.strip(" `")) for name in key[1].split(",")] if key else []


def fold(changes, key=()):
    """The rows that are left, as a multiset; of changes by key (which need not take back what they replace) the last."""
    if key:
        last = {}
        for kind, row in changes:
            row = tuple(map(plain, row))
            if kind in ("+I", "+U"):
                last[tuple(row[i] for i in key)] = row
            elif kind == "-D":
                last.pop(tuple(row[i] for i in key), None)
        return Counter(last.values())
    content = Counter()
    for kind, row in changes:
        content[tuple(map(plain, row))] += 1 if kind in ("+I", "+U") else -1
    return Counter({row: count for row, count in content.items() if count})
