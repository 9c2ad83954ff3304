#!/usr/bin/env python3
"""Exactly-once from Kafka to Kafka on Penstock and on Apache Flink beside it, with the same script and broker.

  throughput  reads a topic up to its end with a checkpoint a second: events per core second of `etl` (a filter and a
              projection of every event) and `windows` (counts per key in windows of five minutes)
  latency     events made at a steady rate: from being made to being read by a read_committed consumer, p50 and p99, at each
              of the given checkpoint intervals
  recovery    in the middle of that Penstock's process, or Flink's TaskManager, is killed (kill -9) and started again at
              once: time from the kill to the first committed result of an event made after it

Core seconds as in run.py; Flink's options are its defaults, but that it notices a lost TaskManager within seconds. The broker is a real one ($PENSTOCK_PEERS), the clients are
librdkafka in a process of its own (kafka_client.py).
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))
from engines import Failed, Flink  # noqa: E402
from environments import python_with  # noqa: E402
from peers import PEERS, Kafka, Missing  # noqa: E402

CLIENT = ("confluent-kafka", "2.16.1")
TABLES = """
CREATE TABLE events (id BIGINT, k INT, made DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '{servers}', 'topic' = '{source}', 'format' = 'json',
      'scan.startup.mode' = 'earliest-offset'{bounded});
CREATE TABLE results ({columns})
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '{servers}', 'topic' = '{sink}', 'format' = 'json',
      'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '{sink}',
      'properties.transaction.timeout.ms' = '800000');
"""
QUERIES = {
    "etl": ("id BIGINT, k INT, made DOUBLE", "INSERT INTO results SELECT id, k, made FROM events WHERE MOD(id, 10) <> 3;"),
    "windows": ("w TIMESTAMP(3), k INT, n BIGINT, s BIGINT",
                "INSERT INTO results SELECT window_start, k, COUNT(*), SUM(id) "
                "FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, k;"),
}


class Bench:
    def __init__(self, options, broker, work):
        self.options, self.broker, self.work = options, broker, work
        self.python = python_with(*CLIENT)
        self.flink = None if options.without_flink else Flink(PEERS / "flink", work, "1 s", **Flink.RECOVERY)
        self.topics, self.results = 0, []

    def client(self, *arguments):
        return [str(self.python), str(HERE / "kafka_client.py"), *map(str, arguments)]

    def script(self, query, source, interval, bounded):
        """A script with a sink topic of its own; also returns the topic."""
        self.topics += 1
        sink = f"results-{self.topics}"
        self.broker.topic(sink, 2)
        columns, insert = QUERIES[query]
        text = f"SET 'execution.checkpointing.interval' = '{interval}';\n"
        text += TABLES.format(servers=self.broker.servers, source=source, sink=sink, columns=columns,
                              bounded=", 'scan.bounded.mode' = 'latest-offset'" if bounded else "") + insert
        return text, sink

    def penstock(self, text, name):
        path = self.work / f"{name}.sql"
        path.write_text(text)
        return [str(self.options.penstock), "run", "-D", f"execution.checkpointing.dir={self.work / name}", str(path)]

    def report(self, **result):
        self.results.append(result)
        print(json.dumps(result), flush=True)

    def throughput(self):
        self.broker.topic("events", 2)
        subprocess.run(self.client("load", self.broker.servers, "events", self.options.events), check=True)
        for query in QUERIES:
            for run in range(self.options.runs + 1):  # the first warms Flink up
                if self.flink:
                    text, _ = self.script(query, "events", "1 s", True)
                    cost = self.flink.run(text, 1, 900)
                    if run > 0:
                        self.cost("flink", query, cost.core_s, cost.wall_s)
                if run > 0:
                    text, sink = self.script(query, "events", "1 s", True)
                    began = time.monotonic()
                    process = subprocess.Popen(self.penstock(text, sink), stderr=subprocess.DEVNULL)
                    _, status, usage = os.wait4(process.pid, 0)
                    process.returncode = os.waitstatus_to_exitcode(status)
                    if process.returncode != 0:
                        raise Failed(f"penstock ended with {process.returncode}")
                    self.cost("penstock", query, usage.ru_utime + usage.ru_stime, time.monotonic() - began)

    def cost(self, engine, query, core_s, wall_s):
        self.report(measure="throughput", engine=engine, query=query, core_s=round(core_s, 2), wall_s=round(wall_s, 2),
                    events_per_core_s=round(self.options.events / core_s))

    def watched(self, engine, interval, crash):
        """(made, received) of every committed result of a steady flow; the time of the crash."""
        self.topics += 1
        source = f"flow-{self.topics}"
        self.broker.topic(source, 2)
        text, sink = self.script("etl", source, interval, False)
        running = getattr(self, f"run_{engine}")(text, sink)
        try:
            time.sleep(2 if engine == "penstock" else 8)
            watch = subprocess.Popen(self.client("watch", self.broker.servers, source, sink, self.options.rate,
                                                 self.options.seconds), stdout=subprocess.PIPE, text=True)
            crashed = None
            if crash:
                time.sleep(self.options.seconds / 3)
                crashed = time.time()
                running.crash()
            output, _ = watch.communicate()
        finally:
            running.stop()
        return [tuple(map(float, line.split())) for line in output.splitlines() if line], crashed

    def run_penstock(self, text, name):
        return RunningPenstock(self.penstock(text, name))

    def run_flink(self, text, _):
        return RunningFlink(self.flink, text)

    def latency(self, engine, interval):
        pairs, _ = self.watched(engine, interval, False)
        first = min((made for made, _ in pairs), default=0)
        steady = sorted(at - made for made, at in pairs if made > first + self.options.seconds / 3)
        expected = self.options.rate * self.options.seconds * 2 / 3 * 0.9
        if len(steady) < 0.9 * expected:
            return self.report(measure="latency", engine=engine, interval=interval, kept_up=False, rows=len(steady))
        self.report(measure="latency", engine=engine, interval=interval, kept_up=True, rows=len(steady),
                    p50_ms=round(statistics.median(steady) * 1000), p99_ms=round(steady[len(steady) * 99 // 100] * 1000))

    def recovery(self, engine, interval):
        pairs, crashed = self.watched(engine, interval, True)
        after = [at for made, at in pairs if made > crashed]
        if not after:
            return self.report(measure="recovery", engine=engine, interval=interval, recovered=False)
        self.report(measure="recovery", engine=engine, interval=interval, recovered=True, seconds=round(min(after) - crashed, 2))

    def run(self):
        if self.flink:
            self.flink.start()
        engines = ["penstock", *(["flink"] if self.flink else [])]
        try:
            if "throughput" in self.options.measures:
                self.throughput()
            for measure in ("latency", "recovery"):
                if measure not in self.options.measures:
                    continue
                for engine in engines:
                    for interval in self.options.intervals:
                        getattr(self, measure)(engine, interval)
        finally:
            if self.flink:
                self.flink.stop()


class RunningPenstock:
    def __init__(self, command):
        self.command = command
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def crash(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class RunningFlink:
    def __init__(self, flink, text):
        self.flink = flink
        self.job = flink.sql(text, "--detach").stdout.split()[-1]

    def crash(self):
        self.flink.crash()

    def stop(self):
        subprocess.run([self.flink.script, "cancel", self.job], check=False, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", type=pathlib.Path, default=HERE.parent / "build" / "penstock")
    parser.add_argument("--measures", type=lambda text: text.split(","), default=["throughput", "latency", "recovery"])
    parser.add_argument("--events", type=int, default=1_000_000, help="of throughput")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--rate", type=int, default=2000, help="events a second, of latency and recovery")
    parser.add_argument("--seconds", type=float, default=20, help="how long the flow lasts")
    parser.add_argument("--intervals", type=lambda text: text.split(","), default=["100 ms", "500 ms", "1 s"])
    parser.add_argument("--without-flink", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    options.penstock = options.penstock.resolve()
    try:
        broker = Kafka()
    except Missing as missing:
        sys.exit(f"exactly_once: {missing}")
    with broker, tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, broker, pathlib.Path(folder))
        try:
            bench.run()
        except Failed as failure:
            sys.exit(f"exactly_once: {failure}")
        finally:
            if options.json:
                options.json.write_text(json.dumps(bench.results, indent=1))


if __name__ == "__main__":
    main()
