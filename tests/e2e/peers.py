"""Real servers for the end-to-end tests: a Kafka broker and a Flink cluster, on free ports, stopped at the end.

The scripts that run them are found through $PENSTOCK_PEERS (default ../shared/peers beside the repository); a test
whose script is missing is skipped by name. Also what the tests share: running scripts and printing outcomes.
"""
import contextlib
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PEERS = pathlib.Path(os.environ.get("PENSTOCK_PEERS", ROOT.parent / "shared" / "peers"))
SKIPPED = 77  # exit code of a test without its peer


class Missing(Exception):
    """A peer is not there: the test is skipped with this reason."""


def free_port(offsets):
    """A port p such that p + offset is free for each offset."""
    while True:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                for offset in offsets:
                    if offset:
                        stack.enter_context(socket.socket()).bind(("127.0.0.1", port + offset))
                return port
            except (OSError, OverflowError):
                continue


class Peer:
    """A server of one of the scripts; with `with`, it runs inside the block."""

    script, offsets = "", (0,)

    def __init__(self):
        if not (PEERS / self.script).exists():
            raise Missing(f"no script at {PEERS / self.script} ($PENSTOCK_PEERS)")
        self.port = free_port(self.offsets)

    def call(self, *arguments, text=None, timeout=600):
        done = subprocess.run([str(PEERS / self.script), *map(str, arguments), *self.where()], input=text, text=True,
                              capture_output=True, timeout=timeout, env=self.environment())
        if done.returncode != 0:
            raise RuntimeError(f"{self.script} {' '.join(map(str, arguments))}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def where(self):
        return []

    def environment(self):
        return dict(os.environ)

    def __enter__(self):
        self.call("start", *self.start_options())
        return self

    def __exit__(self, *_):
        self.call("stop")

    def start_options(self):
        return []


class Kafka(Peer):
    script, offsets = "kafka", (0, 1)  # the controller takes the next port

    def __init__(self):
        super().__init__()
        self.partitions = {}  # of the topics that topic() made

    @property
    def servers(self):
        return f"127.0.0.1:{self.port}"

    def where(self):
        return ["--port", str(self.port)]

    def start_options(self):
        return ["--clean"]

    def kill(self):
        """As a crash of the machine: nothing is brought to an end."""
        home = pathlib.Path(os.environ.get("PEERS_HOME", pathlib.Path.home() / ".cache" / "penstock-peers"))
        os.kill(int((home / "run" / f"kafka-{self.port}" / "kafka.pid").read_text().split()[0]), signal.SIGKILL)

    def topic(self, name, partitions):
        self.call("topic", "create", name, "--partitions", partitions)
        self.partitions[name] = partitions


class Registry(Peer):
    """A schema registry with Confluent's REST API."""

    script, offsets = "schema-registry", (0, 1)  # management takes the next port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def where(self):
        return ["--port", str(self.port)]

    def environment(self):
        return {"APICURIO_VERSION": "3.0.9", **os.environ}  # the newest for a JDK 17


class S3(Peer):
    """An object store; objects are gone when it stops."""

    script = "s3"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def where(self):
        return ["--port", str(self.port)]

    def start_options(self):
        return ["--clean"]

    def credentials(self):
        return {"AWS_ACCESS_KEY_ID": "penstock", "AWS_SECRET_ACCESS_KEY": "penstock"}

    def bucket(self, name):
        self.call("bucket", name)

    def put(self, bucket, key, content):
        """Writes an object without Penstock."""
        keys = self.credentials()
        subprocess.run(["curl", "-fsS", "-X", "PUT", "--data-binary", "@-", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
                        f"{keys['AWS_ACCESS_KEY_ID']}:{keys['AWS_SECRET_ACCESS_KEY']}",
                        "-H", f"x-amz-content-sha256: {hashlib.sha256(content).hexdigest()}",
                        f"{self.url}/{bucket}/{key}"], input=content, check=True, capture_output=True, timeout=60)

    def remove(self, bucket, key):
        keys = self.credentials()
        subprocess.run(["curl", "-fsS", "-X", "DELETE", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
                        f"{keys['AWS_ACCESS_KEY_ID']}:{keys['AWS_SECRET_ACCESS_KEY']}", f"{self.url}/{bucket}/{key}"],
                       check=True, capture_output=True, timeout=60)

    def list(self, bucket, prefix=""):
        """(size, key) of every object."""
        lines = self.call("list", bucket, prefix).splitlines()
        return [(int(size), key) for size, key in (line.split("\t", 1) for line in lines if line)]


class Flink(Peer):
    script, offsets = "flink", (0, 2, 4)  # REST, gateway, RPC

    def environment(self):
        return {**os.environ, "FLINK_PORT": str(self.port)}

    def start_options(self):
        return ["--memory", "2048", "--conf", "execution.checkpointing.interval=1h"]

    def sql(self, path, *options):
        """Runs a script; every INSERT is waited for."""
        return self.call("sql", path, *options)


def penstock(binary, *arguments, cwd=None, timeout=300):
    """Runs the command line; fails with its messages unless it succeeds. Returns (stdout, stderr)."""
    done = subprocess.run([str(binary), *map(str, arguments)], text=True, capture_output=True, timeout=timeout, cwd=cwd)
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout, done.stderr


def run_tests(title, tests):
    """Calls each (name, function); one line each. Returns the exit code of the test program."""
    failed = skipped = 0
    for name, test in tests:
        begin, problem = time.monotonic(), None
        try:
            test()
        except Missing as missing:
            skipped += 1
            print(f"skip   e2e {title} {name}: {missing}", flush=True)
            continue
        except Exception:  # a failing test must not keep servers running
            problem = traceback.format_exc(limit=-3)
            failed += 1
        print(f"{'FAILED' if problem else 'ok    '} e2e {title} {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        if problem:
            print(problem, flush=True)
    return 1 if failed else SKIPPED if skipped == len(tests) else 0
