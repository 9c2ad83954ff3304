#!/usr/bin/env python3
"""The command line as a user meets it: options, exit codes, what goes to which stream, pipes, first row and memory.

    tests/cli/run.py --penstock build/penstock [--filter PART]

Each function below `# ---- Tests` is one test, named as a fact; prints a line for each that fails and a total.
"""
import argparse
import contextlib
import fcntl
import itertools
import json
import os
import pathlib
import pty
import random
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNBOUNDED = "CREATE TEMPORARY TABLE t (id BIGINT) WITH ('connector'='datagen');"
NUMBERS = "SELECT n FROM (VALUES (1), (2), (2)) AS v (n)"
COUNTS = "SELECT n, COUNT(*) AS c FROM (VALUES (1), (2), (2)) AS v (n) GROUP BY n"


class Cli:
    """Runs penstock in a folder of its own."""

    def __init__(self, penstock, folder):
        self.penstock, self.folder = penstock, folder

    def run(self, *arguments, timeout=300, **options):
        return subprocess.run([str(self.penstock), *map(str, arguments)], cwd=self.folder, capture_output=True,
                              text=True, timeout=timeout, **options)

    def start(self, *arguments, **options):
        return subprocess.Popen([str(self.penstock), *map(str, arguments)], cwd=self.folder, text=True,
                                stderr=subprocess.PIPE, **options)

    def on_terminal(self, command, rows=30, columns=110, environment=None):
        """Runs a command on a pseudo terminal of that size; returns its exit code and everything it wrote there."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe(command[0], list(map(str, command)), {**os.environ, "TERM": "xterm", **(environment or {})})
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        written = b""
        with contextlib.suppress(OSError):  # the way a terminal tells that its program has ended
            while data := os.read(terminal, 1 << 16):
                written += data
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode().replace("\r\n", "\n")

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


def equal(got, wanted):
    assert got == wanted, f"got {got!r}\nwanted {wanted!r}"


def usage(done, part):
    """Wrong usage: exit code 2, nothing on standard output, a message."""
    equal((done.returncode, done.stdout), (2, ""))
    assert part in done.stderr, done.stderr


def screens(written):
    """What a terminal showed: the frames between cursor movements, without escape sequences."""
    return [re.sub(r"\x1b\[[0-9]*[a-zA-Z]", "", frame) for frame in re.split(r"\x1b\[[0-9]+F", written)]


# ---- Tests


def version_and_help_go_to_standard_output(cli):
    done = cli.run("--version")
    assert done.returncode == 0 and done.stdout.startswith("penstock ") and not done.stderr, done
    for arguments in (["--help"], ["run", "--help"], ["explain", "--help"], ["metrics", "--help"]):
        done = cli.run(*arguments)
        assert done.returncode == 0 and "--format" in done.stdout and not done.stderr, done


def wrong_usage_is_exit_code_2(cli):
    script = cli.file("ok.sql", "SELECT 1;")
    usage(cli.run(), "nothing to do")
    usage(cli.run("--no-such-option"), "--no-such-option")
    usage(cli.run("run"), "file is required")
    usage(cli.run("run", "missing.sql"), "missing.sql")
    usage(cli.run("run", "-i", "missing.sql", script), "missing.sql")
    usage(cli.run("run", script, "--format", "xml"), "xml")
    usage(cli.run("run", script, "-p", "0"), "-p")
    usage(cli.run("run", script, "-p", "two"), "-p")
    usage(cli.run("run", script, "-D", "no-value"), "KEY=VALUE")
    usage(cli.run("run", script, "-D", "table.local-time-zone=Nowhere"), "Nowhere")
    usage(cli.run("run", script, "-D", "execution.checkpointing.num-retained=7abc"), "7abc")
    usage(cli.run("run", script, "-D", "table.exec.state.ttl=soon"), "soon")
    usage(cli.run("run", script, "-D", "table.dml-sync=yes"), "yes")
    usage(cli.run("run", script, "--savepoint", "dir"), "--stop-when-idle")
    usage(cli.run("metrics"), "job is required")
    usage(cli.run("metrics", "job", "--format", "xml"), "xml")


def a_failing_statement_is_exit_code_1_and_told_on_standard_error(cli):
    done = cli.run("-c", "SELECT 1 AS one; SELECT nothing; SELECT 2;", "--format", "csv")
    equal((done.returncode, done.stdout), (1, "op,one\n+I,1\n"))
    assert "statement 2" in done.stderr and "nothing" in done.stderr, done.stderr


def continue_on_error_executes_the_rest(cli):
    done = cli.run("-c", "SELECT 1 AS one; SELECT nothing; SELECT 2 AS two;", "--format", "csv", "--continue-on-error")
    equal((done.returncode, done.stdout), (1, "op,one\n+I,1\nop,two\n+I,2\n"))


def json_puts_errors_on_standard_output(cli):
    done = cli.run("-c", "SELECT 1 AS one; SELECT nothing;", "--format", "json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    equal((done.returncode, done.stderr), (1, ""))
    equal(events[1], {"kind": "+I", "row": [1]})
    equal([event.get("status") for event in events if "status" in event], ["ok", "error"])


def formats_print_the_same_rows(cli):
    done = cli.run("-c", COUNTS, "--format", "changelog")
    equal(done.stdout, "op | n | c\n+I | 1 | 1\n+I | 2 | 1\n-U | 2 | 1\n+U | 2 | 2\n")
    done = cli.run("-c", COUNTS, "--format", "csv")
    equal(done.stdout, "op,n,c\n+I,1,1\n+I,2,1\n-U,2,1\n+U,2,2\n")
    done = cli.run("-c", COUNTS, "--format", "table")
    equal(done.stdout, "+---+---+\n| n | c |\n+---+---+\n| 1 | 1 |\n| 2 | 2 |\n+---+---+\n2 rows\n")


def without_a_terminal_the_format_is_changelog(cli):
    equal(cli.run("-c", COUNTS).stdout, cli.run("-c", COUNTS, "--format", "changelog").stdout)


def csv_quotes_what_needs_it_and_keeps_null_apart_from_empty(cli):
    query = "SELECT 'a,b' AS x, '' AS y, CAST(NULL AS STRING) AS z, 'say \"hi\"' AS w"
    equal(cli.run("-c", query, "--format", "csv").stdout, 'op,x,y,z,w\n+I,"a,b","",,"say ""hi"""\n')


def options_on_the_command_line_are_as_set_statements(cli):
    query = "SELECT CAST(TO_TIMESTAMP_LTZ(0, 3) AS STRING) AS t"
    done = cli.run("-c", query, "--format", "csv", "-D", "table.local-time-zone=Asia/Tokyo")
    equal(done.stdout, "op,t\n+I,1970-01-01 09:00:00.000\n")
    done = cli.run("-c", "SET 'table.local-time-zone' = 'UTC';" + query, "--format", "csv",
                   "-D", "table.local-time-zone=Asia/Tokyo")
    equal(done.stdout, "op,t\n+I,1970-01-01 00:00:00.000\n")


def options_take_one_value_each(cli):
    script = cli.file("one.sql", "SET;")
    done = cli.run("run", "-D", "a=1", "-D", "b=2=3", "-i", cli.file("i.sql", "SET 'c' = '4';"), script, "--format", "csv")
    equal((done.returncode, done.stdout), (0, "op,options\n+I,'a' = '1'\n+I,'b' = '2=3'\n+I,'c' = '4'\n"))


def cells_cannot_upset_a_terminal(cli):
    query = "SELECT X'001bff' AS b, U&'a\\000ab\\001b[2J' AS t"
    equal(cli.run("-c", query).stdout, "op | b | t\n+I | x'001bff' | a\\nb\\x1b[2J\n")


def parallelism_is_the_default_of_operators(cli):
    script = cli.file("p.sql", UNBOUNDED + "SELECT id, COUNT(*) FROM t GROUP BY id;")
    text = cli.run("explain", script, "-p", "3").stdout
    assert "x3" in text or "parallelism=3" in text or "parallelism 3" in text, text


def explain_runs_nothing(cli):
    script = cli.file("e.sql", UNBOUNDED + "SELECT id FROM t;")
    done = cli.run("explain", script)
    assert done.returncode == 0 and "Source t" in done.stdout, done


def a_state_backend_that_is_not_there_is_told(cli):
    done = cli.run("-c", COUNTS, "-D", "state.backend.type=forst", "--format", "csv")
    assert done.returncode == 0 and "state is kept in memory" in done.stderr and "forst" in done.stderr, done
    done = cli.run("-c", COUNTS, "-D", "state.backend.type=hashmap", "--format", "csv")
    equal((done.returncode, done.stderr), (0, ""))


def init_scripts_come_first(cli):
    init = cli.file("init.sql", "CREATE TEMPORARY VIEW v AS SELECT 7 AS seven;")
    done = cli.run("run", "-i", init, cli.file("main.sql", "SELECT * FROM v;"), "--format", "csv")
    equal(done.stdout, "op,seven\n+I,7\n")


def a_job_goes_on_from_its_savepoint(cli):
    def write(name, rows):
        cli.file(name, "".join(json.dumps({"kind": "+I", "row": [row]}) + "\n" for row in rows))

    def script(path):
        return cli.file("job.sql", f"""CREATE TABLE s (n INT) WITH ('connector'='values', 'path'='{path}', 'bounded'='false');
            CREATE TABLE o (n INT, c BIGINT, PRIMARY KEY (n) NOT ENFORCED)
              WITH ('connector'='values', 'path'='out.json');
            INSERT INTO o SELECT n, COUNT(*) FROM s GROUP BY n;""")

    write("one.json", [1, 1, 2])
    done = cli.run("run", script("one.json"), "--stop-when-idle", "--savepoint", "sp")
    equal((done.returncode, done.stderr), (0, ""))
    write("two.json", [1])
    done = cli.run("run", script("two.json"), "--stop-when-idle", "--from-savepoint", "sp")
    equal((done.returncode, done.stderr), (0, ""))
    last = [json.loads(line) for line in (cli.folder / "out.json").read_text().splitlines()][-1]
    equal(last, {"kind": "+U", "row": [1, 3]})
    done = cli.run("run", script("two.json"), "--stop-when-idle", "--from-savepoint", "missing")
    assert done.returncode == 1 and "missing" in done.stderr, done
    done = cli.run("state", "inspect", "sp")
    assert done.returncode == 0 and "savepoint sp/job-1" in done.stdout and "groups: 2 keys" in done.stdout, done
    equal(cli.run("state", "verify", "sp").returncode, 0)
    # The first version, a file, as it was written then.
    shutil.copytree(ROOT / "tests" / "cli" / "savepoint_version1", cli.folder / "sp1")
    assert (cli.folder / "sp1" / "job-1").is_file() and (cli.folder / "sp" / "job-1").is_dir()
    (cli.folder / "out.json").unlink()
    done = cli.run("run", script("two.json"), "--stop-when-idle", "--from-savepoint", "sp1")
    equal((done.returncode, done.stderr), (0, ""))
    last = [json.loads(line) for line in (cli.folder / "out.json").read_text().splitlines()][-1]
    equal(last, {"kind": "+U", "row": [1, 3]})
    state = next((cli.folder / "sp" / "job-1").glob("state-*"))
    data = bytearray(state.read_bytes())
    data[len(data) // 2] ^= 1
    state.write_bytes(data)
    done = cli.run("run", script("two.json"), "--stop-when-idle", "--from-savepoint", "sp")
    assert done.returncode == 1 and state.name in done.stderr and "checksum" in done.stderr, done


def state_of_checkpoints_can_be_looked_into(cli):
    cli.file("in.json", "".join(json.dumps({"kind": "+I", "row": row}) + "\n" for row in ([1, "a"], [1, "b"], [2, "b"])))
    script = cli.file("job.sql", """SET 'execution.checkpointing.dir' = 'cp';
        CREATE TABLE s (n INT, t STRING) WITH ('connector'='values', 'path'='in.json');
        CREATE TABLE o (n INT, c BIGINT, PRIMARY KEY (n) NOT ENFORCED) WITH ('connector'='values', 'path'='out.json');
        INSERT INTO o SELECT n, COUNT(DISTINCT t) FROM s GROUP BY n;""")
    equal(cli.run("run", script).returncode, 0)
    for folder in ("cp", "cp/job", "cp/job/jobs/insert-into_o-1"):
        done = cli.run("state", "inspect", folder)
        assert done.returncode == 0 and "checkpoint 1 of job 'insert-into_o-1'" in done.stdout, done
        assert "fixed       groups: 2 keys" in done.stdout and "in.json" in done.stdout, done
    done = cli.run("state", "verify", "cp")
    assert done.returncode == 0 and done.stdout.startswith("ok: checkpoint 1 in cp/job/jobs/insert-into_o-1: "), done
    lines = cli.run("state", "dump", "cp", "--operator", "GroupAggregate", "--state", "groups").stdout.splitlines()
    equal([line.split(" | ")[2:5] for line in lines[1:]], [["groups", "0", "n=1"], ["groups", "0", "n=2"]])
    lines = cli.run("state", "dump", "cp", "--key", "1").stdout.splitlines()
    equal(len(lines), 4)
    done = cli.run("state", "inspect", "cp", "--checkpoint", "7")
    assert done.returncode == 1 and "no checkpoint 7" in done.stderr, done
    state = next((cli.folder / "cp/job/jobs/insert-into_o-1").glob("state-*"))
    state.write_bytes(state.read_bytes()[:-1])
    done = cli.run("state", "verify", "cp")
    assert done.returncode == 1 and done.stdout.startswith("DAMAGED: checkpoint 1") and state.name in done.stdout, done
    done = cli.run("state", "inspect", "in.json")
    assert done.returncode == 1 and "in.json" in done.stderr, done
    done = cli.run("state", "dump", "missing")
    assert done.returncode == 1 and "missing" in done.stderr, done
    usage(cli.run("state"), "subcommand")


def a_table_on_a_terminal_refreshes_and_ends_with_its_content(cli):
    script = cli.file("t.sql", """CREATE TABLE t (k INT, n INT) WITH ('connector'='datagen', 'number-of-rows'='900',
        'rows-per-second'='900', 'fields.k.min'='1', 'fields.k.max'='3', 'fields.n.min'='1', 'fields.n.max'='1');
        SELECT k, SUM(n) AS total FROM t GROUP BY k;""")
    code, written = cli.on_terminal([cli.penstock, "run", script])
    equal(code, 0)
    frames = screens(written)
    totals = [sum(map(int, re.findall(r"^\| \d \| (\d+) +\|$", frame, re.M))) for frame in frames]
    assert len(frames) > 3 and totals[0] < 900 and totals == sorted(totals) and totals[-1] == 900, totals
    assert frames[-1].endswith("3 rows\n") and "op" not in frames[-1], frames[-1]


def a_table_on_a_terminal_shows_the_newest_rows_that_fit(cli):
    query = "SELECT n FROM (VALUES " + ", ".join(f"({i})" for i in range(40)) + ") AS v (n)"
    code, written = cli.on_terminal([cli.penstock, "-c", query], rows=12)
    assert code == 0 and "| 0  |" in written and written.endswith("40 rows\n"), written


def early_results_end_as_the_results(cli):
    """What the early lane told last of each window and group is what the query gave; before, it told other things."""
    def sink(name, more):
        return (f"CREATE TABLE {name} (page STRING, at_end TIMESTAMP(3), n BIGINT{more}) "
                f"WITH ('connector'='values', 'path'='{name}.json');\n")

    def changes(name):
        return [json.loads(line) for line in (cli.folder / f"{name}.json").read_text().splitlines()]

    script = cli.file("early.sql", """CREATE TABLE clicks (page STRING, event_time TIMESTAMP(3),
          WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND)
        WITH ('connector'='clickstream', 'number-of-rows'='200000', 'events-per-second'='200', 'malformed-share'='0');
        """ + sink("results", "") + sink("early", ", is_final BOOLEAN, PRIMARY KEY (page, at_end) NOT ENFORCED") + """
        SET 'penstock.early-results.results' = 'early';
        SET 'penstock.early-interval' = '20 ms';
        INSERT INTO results SELECT page, window_end, COUNT(*)
        FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(event_time), INTERVAL '1' MINUTE, INTERVAL '3' MINUTE))
        GROUP BY page, window_start, window_end;""")
    done = cli.run("run", script, "-p", "2")
    equal(done.returncode, 0)
    assert re.fullmatch(r"note on statement \d+: \d+ late rows .*\n", done.stderr), done.stderr
    told = {}
    for change in changes("early"):
        page, end, _, final = change["row"]
        assert change["kind"] == "+U" and not told.get((page, end), [False])[-1], change
        told[page, end] = change["row"]
    assert any(not change["row"][3] for change in changes("early"))
    assert all(row[3] for row in told.values())
    equal(sorted(row[:3] for row in told.values()), sorted(change["row"] for change in changes("results")))


def the_first_query_of_the_readme_runs(cli):
    block = re.search(r"```bash\nbuild/penstock (-c .*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    done = subprocess.run(["bash", "-c", f"{cli.penstock} {block}"], cwd=cli.folder, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[0] == "op | window_start | events | pages", done
    assert len(lines) > 6 and lines[3].startswith("+I | 2025-01-01 00:0") and lines[3].endswith(" | 50"), lines


def demo(cli, events):
    """The demo on a copy of its files; slow enough to be watched, and telling often."""
    for folder in ("examples", "tools"):
        shutil.copytree(ROOT / folder, cli.folder / folder)
    tables = cli.folder / "examples" / "clickstream" / "tables-demo.sql"
    tables.write_text(tables.read_text().replace("'seed' = '42'", "'seed' = '42', 'rows-per-second' = '150000'"))
    return ["bash", "tools/demo.sh", "-D", "penstock.early-interval=100 ms"], {"DEMO_EVENTS": str(events), "PENSTOCK": str(cli.penstock)}


def check_sums(text, events):
    read, aggregated, late, malformed = re.search(
        r"read ([\d,]+) = aggregated ([\d,]+) \+ late ([\d,]+) \+ malformed ([\d,]+);", text).groups()
    equal(int(read.replace(",", "")), events)
    assert f"demo: in the files: aggregated {aggregated} + late {late} + malformed {malformed} = {read}" in text, text
    assert late != "0" and malformed != "0", text


def the_demo_on_a_terminal_shows_open_windows_and_its_sums(cli):
    command, environment = demo(cli, 300_000)
    code, written = cli.on_terminal(command, rows=24, columns=80, environment=environment)
    equal(code, 0)
    frames = screens(written)
    shown = [frame for frame in frames if "| window |" in frame]
    assert any("| open   |" in frame for frame in shown), written[:3000]
    assert "| final  |" in shown[-1] and "| open" not in shown[-1], shown[-1]
    line = r"read [\d,]+ \([\d,]+/s\)\s+watermark [-\d: ]+\s+lag [\d.]+ s\s+late [\d,]+\s+malformed [\d,]+\n"
    assert any(re.search(line, frame) for frame in shown), shown[0]
    for frame in shown[1:-1]:
        assert len(frame.splitlines()) < 24 and all(len(row) < 80 for row in frame.splitlines()), frame
    check_sums(frames[-1], 300_000)


def the_demo_without_a_terminal_prints_plain_lines_and_its_sums(cli):
    command, environment = demo(cli, 300_000)
    done = subprocess.run(command, cwd=cli.folder, capture_output=True, text=True, env={**os.environ, **environment})
    equal(done.returncode, 0)
    assert "\x1b" not in done.stdout + done.stderr
    assert "| final  |" in done.stderr, done.stderr
    check_sums(done.stderr + done.stdout, 300_000)


def a_reader_that_has_seen_enough_ends_the_job(cli):
    for form in ("csv", "json", "changelog"):
        with cli.start("-c", UNBOUNDED + "SELECT * FROM t", "--format", form, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            equal(process.wait(timeout=20), 0)
            equal(process.stderr.read(), "")


def a_reader_that_leaves_ends_a_query_that_gives_no_rows(cli):
    for form in ("csv", "table"):
        with cli.start("-c", UNBOUNDED + "SELECT * FROM t WHERE id < 0", "--format", form, stdout=subprocess.PIPE) as process:
            if form == "csv":
                equal(process.stdout.readline(), "op,id\n")
            process.stdout.close()
            equal(process.wait(timeout=20), 0)


def a_full_disk_under_standard_output_is_an_error(cli):
    for form in ("csv", "json", "changelog", "table"):
        with open("/dev/full", "w") as full, cli.start("-c", "SELECT 1", "--format", form, stdout=full) as process:
            equal(process.wait(timeout=20), 1)
            assert "No space left" in process.stderr.read()


def checkpointed(cli, name="job.sql", where="", uid="", source="in"):
    """A script with checkpoints whose only job counts what it reads; an idle stop leaves its run unfinished."""
    (cli.folder / source).mkdir(exist_ok=True)
    return cli.file(name, f"""
        SET 'execution.checkpointing.dir' = 'checkpoints'; {uid}
        CREATE TABLE numbers (k INT, n INT) WITH ('connector' = 'filesystem', 'path' = '{source}', 'format' = 'json',
          'source.monitor-interval' = '1 s');
        CREATE TABLE counts (k INT, c BIGINT, s BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'print');
        INSERT INTO counts SELECT k, COUNT(*), SUM(n) FROM numbers {where} GROUP BY k;""")


def until_idle(cli, script, *arguments):
    """What the job printed (to standard error) until it was idle."""
    done = cli.run("run", script, "--stop-when-idle", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def newest(cli, kind):
    return max((cli.folder / "checkpoints").glob(f"job/jobs/*/{kind}-*"))


def a_script_goes_on_where_its_unfinished_run_was(cli):
    script = checkpointed(cli)
    cli.file("in/1.json", '{"k":1,"n":5}')
    equal(until_idle(cli, script), ["+I[1, 1, 5]"])
    cli.file("in/2.json", '{"k":1,"n":6}')
    equal(until_idle(cli, script), ["-U[1, 1, 5]", "+U[1, 2, 11]"])
    equal(until_idle(cli, script), [])
    equal(until_idle(cli, script, "--fresh"), ["+I[1, 1, 5]", "-U[1, 1, 5]", "+U[1, 2, 11]"])


def a_damaged_checkpoint_stops_the_start_and_names_its_file(cli):
    script = checkpointed(cli)
    cli.file("in/1.json", '{"k":1,"n":5}')
    for kind in ("manifest", "state"):
        until_idle(cli, script, "--fresh")
        path = newest(cli, kind)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        done = cli.run("run", script, "--stop-when-idle")
        equal((done.returncode, done.stdout), (1, ""))
        assert path.name in done.stderr and "--fresh" in done.stderr, done.stderr
    equal(until_idle(cli, script, "--fresh"), ["+I[1, 1, 5]"])


def verify_tells_which_sinks_are_exactly_once(cli):
    cli.file("events.json", "".join(
        f'{{"id":{i},"k":{i % 5},"ts":"2026-01-01 00:{i // 60:02}:{i % 60:02}"}}\n' for i in range(300)))
    tables = f"""
SET 'execution.checkpointing.dir' = '{cli.folder}/checkpoints';
SET 'execution.checkpointing.interval' = '1 s';
CREATE TABLE events (id BIGINT, k INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
  WITH ('connector' = 'filesystem', 'path' = '{cli.folder}/events.json', 'format' = 'json');
CREATE TABLE windows (w TIMESTAMP(3), k INT, n BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '{cli.folder}/out', 'format' = 'json');
CREATE TABLE log (id BIGINT) WITH ('connector' = 'print');
"""
    insert = ("INSERT INTO windows SELECT window_start, k, COUNT(*) FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), "
              "INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;\n")
    done = cli.run("verify", cli.file("job.sql", tables + insert), "--runs", 40)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^exactly-once +windows \(filesystem\), 150 rows$", done.stdout, re.M), done.stdout
    assert not (pathlib.Path(cli.folder) / "out").exists(), "nothing outside changes"
    assert not (pathlib.Path(cli.folder) / "checkpoints").exists(), "nothing outside changes"
    again = cli.file("again.sql", tables + "INSERT INTO log SELECT id FROM events;\n")
    done = cli.run("verify", again, "--runs", 40)
    assert done.returncode == 1 and "at-least-once      log (print), 300 rows" in done.stdout, done.stdout
    assert re.search(r"first row: again: \+I\[\d+\]", done.stdout), done.stdout
    assert cli.run("verify", again, "--runs", 40, "--accept", "at-least-once").returncode == 0


def a_changed_statement_is_refused_with_the_difference(cli):
    uid = "SET 'pipeline.uid' = 'mine';"
    script = checkpointed(cli, uid=uid)
    cli.file("in/1.json", '{"k":1,"n":5}')
    until_idle(cli, script)
    changed = checkpointed(cli, uid=uid)
    changed.write_text(changed.read_text().replace("k, COUNT(*), SUM(n)", "n, COUNT(*), MAX(k)")
                       .replace("GROUP BY k", "GROUP BY n"))
    cli.file("in/2.json", '{"k":1,"n":6}')
    done = cli.run("run", changed, "--stop-when-idle")
    equal((done.returncode, done.stdout), (1, ""))
    for part in ("5005", "group_aggregate@counts", "--allow-non-restored-state"):
        assert part in done.stderr, done.stderr
    assert "+I[6, 1, 1]" in until_idle(cli, changed, "--allow-non-restored-state")


def an_interrupt_ends_the_jobs_in_order(cli):
    for checkpoints in ("", "SET 'execution.checkpointing.dir' = 'checkpoints';"):
        script = cli.file("job.sql", checkpoints + """
            CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '5000');
            CREATE TABLE out1 (id BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
            CREATE TABLE seen (id BIGINT) WITH ('connector' = 'print');
            EXECUTE STATEMENT SET BEGIN INSERT INTO out1 SELECT id FROM numbers; INSERT INTO seen SELECT id FROM numbers; END;""")
        shutil.rmtree(cli.folder / "out", ignore_errors=True)
        with cli.start("run", script, stdout=subprocess.PIPE) as process:
            printed = [process.stderr.readline() for _ in range(100)]
            process.send_signal(signal.SIGINT)
            printed += process.stderr.read().splitlines(keepends=True)
            equal(process.wait(timeout=20), 130)
            equal(process.stdout.read(), "")
        written = [path.read_text().splitlines() for path in (cli.folder / "out").iterdir()]
        equal(sum(len(lines) for lines in written), len(printed))


def a_stopped_job_goes_on_where_it_was(cli):
    script = checkpointed(cli)
    cli.file("in/1.json", '{"k":1,"n":5}')
    with cli.start("run", script) as process:
        equal(process.stderr.readline(), "+I[1, 1, 5]\n")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(timeout=20), 143)
    cli.file("in/2.json", '{"k":1,"n":6}')
    equal(until_idle(cli, script), ["-U[1, 1, 5]", "+U[1, 2, 11]"])


def two_jobs_of_one_identity_are_refused(cli):
    script = cli.file("job.sql", """SET 'execution.checkpointing.dir' = 'checkpoints'; SET 'pipeline.uid' = 'same';
        CREATE TABLE out1 (n INT) WITH ('connector' = 'print'); CREATE TABLE out2 (n INT) WITH ('connector' = 'print');
        INSERT INTO out1 SELECT 1; INSERT INTO out2 SELECT 2;""")
    done = cli.run("run", script)
    equal(done.returncode, 1)
    assert "same" in done.stderr and "pipeline.uid" in done.stderr, done.stderr


@contextlib.contextmanager
def small_disk(cli):
    """A folder on a device of 4 MB, and a file that fills it; None where this machine lets nobody mount."""
    disk = cli.folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], capture_output=True).returncode:
        print("skipped: no tmpfs can be mounted", flush=True)
        yield None
        return
    try:
        yield disk / "ballast"
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(ballast):
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def lines_until(process, part):
    for line in process.stderr:
        if part in line:
            return line
    raise AssertionError(f"it ended without {part!r}")


def a_job_whose_checkpoints_find_no_room_waits_for_it(cli):
    with small_disk(cli) as ballast:
        if ballast is None:
            return
        script = serving(cli, rate=20000, more="SET 'restart-strategy.type' = 'fixed-delay'; "
                                               "SET 'restart-strategy.fixed-delay.attempts' = '1';")
        script.write_text(script.read_text().replace("'checkpoints'", "'disk/checkpoints'"))
        with running(cli, script) as process:
            fill(ballast)
            line = lines_until(process, "alarm:")
            assert "No space left" in line and "paused" in line, line
            equal(listed(cli)[0]["state"], "RESTARTING")
            seen = len(written(cli))
            ballast.unlink()
            until(lambda: len(written(cli)) > seen + 2)
            ask(cli, "stop", "job", "--drain")
            equal(process.wait(timeout=20), 0)
        counts = [count for _, count in sorted(windows_of(cli).items())]
        equal(counts[:-1], [1000] * (len(counts) - 1))


def a_job_whose_sink_finds_no_room_waits_for_it(cli):
    with small_disk(cli) as ballast:
        if ballast is None:
            return
        script = serving(cli, rate=20000, more="SET 'restart-strategy.type' = 'fixed-delay'; "
                                               "SET 'restart-strategy.fixed-delay.attempts' = '1';")
        script.write_text(script.read_text().replace("'path' = 'out'", "'path' = 'disk/out'"))
        with running(cli, script) as process:
            until(lambda: len(written(cli, "disk/out")) > 2)
            fill(ballast)
            line = lines_until(process, "alarm:")
            assert "No space left" in line and "paused" in line and "disk/out" in line, line
            equal(listed(cli)[0]["state"], "RESTARTING")
            seen = len(written(cli, "disk/out"))
            ballast.unlink()
            until(lambda: len(written(cli, "disk/out")) > seen + 2)
            ask(cli, "stop", "job", "--drain")
            equal(process.wait(timeout=20), 0)
            rest = process.stderr.read()
            equal((rest.count("tries to go on"), rest.count("alarm:")), (1, 0))
        counts = [count for _, count in sorted(windows_of(cli, "disk/out").items())]
        equal(counts[:-1], [1000] * (len(counts) - 1))


def checkpoints_in_memory_serve_failures_of_the_job(cli):
    with small_disk(cli) as ballast:
        if ballast is None:
            return
        script = serving(cli, rate=20000)
        script.write_text(script.read_text().replace("SET 'execution.checkpointing.dir' = 'checkpoints';", "")
                          .replace("'path' = 'out'", "'path' = 'disk/out'"))
        with cli.start("run", script) as process:
            try:
                lines_until(process, "checkpoints are kept in memory")
                until(lambda: (cli.folder / "disk" / "out").exists() and len(written(cli, "disk/out")) > 2)
                fill(ballast)
                lines_until(process, "alarm:")
                seen = len(written(cli, "disk/out"))
                ballast.unlink()
                until(lambda: len(written(cli, "disk/out")) > seen + 2)
                process.send_signal(signal.SIGTERM)
                process.stderr.read()
                equal(process.wait(timeout=20), 143)
            finally:
                process.kill()
        counts = windows_of(cli, "disk/out").values()
        equal(set(counts), {1000})


def checkpoints_without_a_folder_are_told(cli):
    done = cli.run("-c", "SET 'execution.checkpointing.interval' = '1 s';"
                         "CREATE TABLE out1 (n INT) WITH ('connector' = 'print'); INSERT INTO out1 SELECT 1")
    equal(done.returncode, 0)
    assert "+I[1]" in done.stderr and "execution.checkpointing.dir" in done.stderr, done.stderr


def a_job_that_fails_and_starts_again_says_so(cli):
    script = cli.file("job.sql", """SET 'execution.checkpointing.dir' = 'checkpoints';
        SET 'restart-strategy.type' = 'fixed-delay'; SET 'restart-strategy.fixed-delay.attempts' = '2';
        SET 'restart-strategy.fixed-delay.delay' = '10 ms';
        CREATE TABLE big (s STRING) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
        CREATE TABLE source1 (s STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '200000');
        INSERT INTO big SELECT s FROM source1;""")
    done = subprocess.run(["bash", "-c", f"ulimit -f 64; trap '' XFSZ; exec {cli.penstock} run {script}"],
                          cwd=cli.folder, capture_output=True, text=True, timeout=300)
    equal(done.returncode, 1)
    equal(done.stderr.count("starts again"), 2)
    assert "after 2 restarts" in done.stderr, done.stderr


def in_batch(cli, more=""):
    """A batch script of two jobs over a few thousand rows: one joins and groups, the other one reads numbers."""
    (cli.folder / "in").mkdir(exist_ok=True)
    return cli.file("batch.sql", f"""
        SET 'execution.runtime-mode' = 'batch'; {more}
        CREATE TABLE numbers (k INT, n STRING) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
        CREATE TABLE counts (k INT, c BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
        CREATE TABLE sums (k INT, s BIGINT) WITH ('connector' = 'filesystem', 'path' = 'sums', 'format' = 'csv');
        INSERT INTO counts SELECT a.k, COUNT(*) FROM numbers a JOIN numbers b ON a.k = b.k GROUP BY a.k;
        INSERT INTO sums SELECT k, SUM(CAST(n AS BIGINT)) FROM numbers GROUP BY k;""")


def a_batch_run_that_failed_is_run_again_without_doubles(cli):
    script = in_batch(cli, "SET 'execution.checkpointing.dir' = 'checkpoints';")
    rows = [f'{{"k":{n % 3000},"n":"{n}"}}\n' for n in range(6000)]
    cli.file("in/1.json", "".join([*rows, '{"k":1,"n":"no number"}\n']))
    spilling = ("-D", "state.memory.budget=1 kb", "-D", "io.tmp.dirs=" + str(cli.folder))
    for _ in range(2):  # the second time the first job has ended before
        failed = cli.run("run", script, *spilling)
        assert failed.returncode == 1 and "no number" in failed.stderr, failed.stderr
        equal(sum(int(line.split(",")[1]) for line in written(cli)), 2999 * 4 + 9)
        equal(written(cli, "sums") if (cli.folder / "sums").exists() else [], [])
    cli.file("in/1.json", "".join(rows))
    equal(cli.run("run", script, *spilling).returncode, 0)
    equal((len(written(cli)), len(written(cli, "sums"))), (3000, 3000))
    assert not list(cli.folder.glob("penstock-*")), "spilled files were left"


def a_batch_job_that_cannot_spill_names_the_folder(cli):
    script = in_batch(cli, "SET 'state.memory.budget' = '1 kb'; SET 'io.tmp.dirs' = 'in/1.json';")
    cli.file("in/1.json", "".join(f'{{"k":{n},"n":"{n}"}}\n' for n in range(6000)))
    failed = cli.run("run", script)
    equal(failed.returncode, 1)
    assert "in/1.json/penstock" in failed.stderr, failed.stderr


def serving(cli, name="job.sql", rate=5000, more=""):
    """A script with checkpoints whose job runs until it is ended."""
    return cli.file(name, f"""
        SET 'execution.checkpointing.dir' = 'checkpoints'; SET 'execution.checkpointing.interval' = '100 ms'; {more}
        CREATE TABLE numbers (id BIGINT, at AS TO_TIMESTAMP_LTZ(id, 3), WATERMARK FOR at AS at) WITH
          ('connector' = 'datagen', 'rows-per-second' = '{rate}', 'fields.id.kind' = 'sequence', 'fields.id.start' = '0',
           'fields.id.end' = '9000000000');
        CREATE TABLE counts (w TIMESTAMP_LTZ(3), c BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
        INSERT INTO counts SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE numbers, DESCRIPTOR(at),
          INTERVAL '1' SECOND)) GROUP BY window_start, window_end;""")


def until(holds):
    """Waits, but not for ever."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it does not come"


@contextlib.contextmanager
def running(cli, script, *arguments):
    """The script in a process of its own, from its first checkpoint on; killed where the test does not end it."""
    with cli.start("run", script, *arguments) as process:
        try:
            until(lambda: process.poll() is not None or [job for job in listed(cli) if job["checkpoints"]["completed"]])
            assert process.poll() is None, process.stderr.read()
            yield process
        finally:
            process.kill()


def listed(cli, more=()):
    done = cli.run("list", "--format", "json", *more)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def written(cli, folder="out"):
    """The rows of a filesystem table, of files that count."""
    files = [path for path in (cli.folder / folder).iterdir() if not path.name.startswith(".")]
    return sorted(line for path in files for line in path.read_text().splitlines())


def ask(cli, command, *arguments):
    done = cli.run(command, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_running_job_is_listed_and_tells_its_metrics(cli):
    equal(ask(cli, "list"), "There are no running jobs.\n")
    with running(cli, serving(cli)) as process:
        socket = next((cli.folder / "checkpoints").glob("job/jobs/*/control"))
        equal(socket.stat().st_mode & 0o777, 0o600)
        job = listed(cli)[0]
        equal((job["job"], job["script"], job["state"], job["process"]),
              ("insert-into_counts-1", "job", "RUNNING", process.pid))
        assert re.search(r"job/insert-into_counts-1 +RUNNING +\d+", ask(cli, "list", "--dir", "checkpoints")), job
        metrics = json.loads(ask(cli, "metrics", "job", "--format", "json"))
        counted = next(one for one in metrics["operators"] if one["operator"].startswith("WindowAggregate"))
        head = next(one for one in metrics["operators"] if "busy_seconds" in one)
        load = sum(head[kind + "_seconds"] for kind in ("busy", "idle", "backpressured"))
        # A job is entered into the list when its tasks may run already, a moment on a machine that is busy.
        assert 0.3 * metrics["uptime_seconds"] < load <= metrics["uptime_seconds"] + 1, metrics
        assert re.search(r"busy \d+ %, idle \d+ %, back-pressured \d+ %", ask(cli, "metrics", "job")), metrics
        assert counted["rows_in"] > 0 and metrics["checkpoints"]["completed"] > 0 and metrics["uptime_seconds"] > 0, metrics
        text = ask(cli, "metrics", "insert-into_counts-1")
        assert "RUNNING" in text and "WindowAggregate" in text, text
        done = cli.run("metrics", "other")
        equal((done.returncode, done.stdout), (1, ""))
        assert "no job 'other'" in done.stderr and "job/insert-into_counts-1" in done.stderr, done.stderr


def a_running_job_tells_the_forecast_of_its_state(cli):
    script = pathlib.Path(serving(cli, rate=200000))
    tables, insert = (cli.folder / script).read_text().split("INSERT INTO")
    (cli.folder / script).write_text(f"{tables}EXPLAIN STATE INSERT INTO{insert} INSERT INTO{insert}")
    with running(cli, str(script)):
        operators = json.loads(ask(cli, "metrics", "job", "--format", "json"))["operators"]
        told = [one["state_forecast_bytes"] for one in operators if "state_forecast_bytes" in one]
        assert told and all(bytes > 0 for bytes in told), operators
        assert re.search(r"state bytes +forecast", ask(cli, "metrics", "job"))
        assert "penstock_state_forecast_bytes{" in ask(cli, "metrics", "job", "--format", "prometheus")


def back_pressure_is_seen_at_the_task_before_the_slow_one(cli):
    script = cli.file("job.sql", """
        SET 'execution.checkpointing.dir' = 'checkpoints'; SET 'execution.checkpointing.interval' = '100 ms';
        CREATE TABLE numbers (k INT, s STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '10000000');
        CREATE TABLE sums (k INT, a STRING, b STRING, c BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO sums SELECT k, MAX(SHA512(s)), MIN(SHA512(SHA512(s))), COUNT(DISTINCT s) FROM numbers GROUP BY k;""")
    def heads():
        operators = json.loads(ask(cli, "metrics", "job", "--format", "json"))["operators"]
        heads = {one["operator"]: one for one in operators if "busy_seconds" in one}
        return (next(one for name, one in heads.items() if name.startswith(start)) for start in ("Source", "GroupAggregate"))

    with running(cli, script, "-p", "2"):
        until(lambda: next(heads())["backpressured_seconds"] > 0)
        _, slow = heads()
    assert slow["busy_seconds"] > 5 * slow["backpressured_seconds"], slow


def explain_names_guarantees_and_columns_that_a_replay_changes(cli):
    tables = """CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen');
        CREATE TABLE files (n INT, at TIMESTAMP_LTZ(3), id STRING) WITH ('connector' = 'filesystem', 'path' = 'o', 'format' = 'csv');
        CREATE TABLE shown (n INT) WITH ('connector' = 'print'); CREATE TABLE hole (n INT) WITH ('connector' = 'blackhole');
        EXPLAIN EXECUTE STATEMENT SET BEGIN
          INSERT INTO files SELECT n, MAX(at), id FROM (SELECT n, NOW() AS at, UUID() AS id FROM numbers) GROUP BY n, id;
          INSERT INTO shown SELECT n FROM numbers WHERE RAND() < 0.5;
          INSERT INTO hole SELECT n + 1 FROM numbers; END;"""
    tables = tables.replace("SELECT n, MAX(at), id FROM (SELECT n, NOW() AS at, UUID() AS id FROM numbers) GROUP BY n, id",
                            "SELECT n, at, id FROM (SELECT n, NOW() AS at, UUID() AS id FROM numbers)")
    text = cli.run("-c", tables, "--format", "table").stdout
    assert "Sink(files): none without checkpoints (exactly-once with them); pattern 3" in text, text
    text = cli.run("-c", "SET 'execution.checkpointing.dir' = 'c'; SET 'execution.checkpointing.interval' = '500 ms';" + tables,
                   "--format", "table").stdout
    assert re.search(r"Sink\(files\): exactly-once; pattern 2, .* every 500 ms", text), text
    assert "Sink(shown): at-least-once; pattern 1" in text and "Sink(hole): none" in text, text
    assert "Sink(files): a replay gives other values for at (CURRENT_TIMESTAMP), id (UUID)" in text, text
    assert "Sink(shown): a replay may give other rows: conditions use RAND" in text, text
    assert "Sink(hole): a replay" not in text, text
    done = cli.run("-c", tables.replace("'connector' = 'print'", "'connector' = 'print', 'sink.delivery-guarantee' = 'exactly-once'"))
    assert done.returncode == 1 and "sink.delivery-guarantee" in done.stderr, done.stderr


def metrics_for_prometheus_follow_its_format(cli):
    with running(cli, serving(cli)):
        text = ask(cli, "metrics", "job/insert-into_counts-1", "--format", "prometheus")
    helped, typed, names = set(), {}, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            helped.add(line.split()[2])
        elif line.startswith("# TYPE "):
            typed[line.split()[2]] = line.split()[3]
        else:
            name = re.fullmatch(r'(penstock_[a-z_]+)\{job="insert-into_counts-1"(,operator="[^"]+",subtask="\d+")?\} [-+.e\d]+',
                                line)
            assert name, line
            names.add(name[1])
            equal(name[1].endswith("_total"), typed[name[1]] == "counter")
    assert helped == set(typed) and names <= helped and "penstock_rows_in_total" in names, text
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    equal(set(re.findall(r"^\| `(penstock_[a-z_]+)`", page, re.M)), set(typed))


def stop_ends_a_job_in_order_and_it_goes_on_later(cli):
    script = serving(cli)
    with running(cli, script) as process:
        equal(ask(cli, "stop", "job"), "Stopped job insert-into_counts-1.\n")
        equal(process.wait(timeout=20), 0)
    assert not list((cli.folder / "checkpoints").glob("job/jobs/*/control"))
    equal(listed(cli), [])
    equal(listed(cli, ["--all"])[0]["state"], "SUSPENDED")
    with running(cli, script):
        equal(ask(cli, "stop", "job", "--drain"), "Stopped job insert-into_counts-1.\n")
    equal(listed(cli, ["--all"])[0]["state"], "FINISHED")
    # Every window is there once, none was cut at the stop: only the last, which was drained, is not full.
    rows = [line.rsplit(",", 1) for line in written(cli)]
    equal(len({window for window, _ in rows}), len(rows))
    equal([count for _, count in rows[:-1]], ["1000"] * (len(rows) - 1))
    assert len(rows) > 1, rows


def windows_of(cli, folder="out"):
    """Window start -> rows in it; fails where a window is there twice."""
    rows = [line.rsplit(",", 1) for line in written(cli, folder)]
    equal(len({window for window, _ in rows}), len(rows))
    return {window: int(count) for window, count in rows}


def savepoint_path(text):
    return re.search(r"^Savepoint completed\. Path: (.*)$", text, re.M)[1]


def a_savepoint_of_a_running_job_starts_a_fork(cli):
    script = serving(cli, rate=20000)
    with running(cli, script) as process:
        done = cli.run("savepoint", "job")
        equal((done.returncode, done.stdout), (1, ""))
        assert "execution.checkpointing.savepoint-dir" in done.stderr, done.stderr
        until(lambda: written(cli))
        path = savepoint_path(ask(cli, "savepoint", "job", "sp"))
        assert path.startswith(str(cli.folder / "sp" / "savepoint-insert-into_counts-1-")), path
        equal(process.poll(), None)
        before = windows_of(cli)
        ask(cli, "stop", "job")
    text = ask(cli, "state", "inspect", "sp")
    assert "savepoint" in text and "insert-into_counts-1" in text and "WindowAggregate" in text, text
    shutil.rmtree(cli.folder / "checkpoints")  # it stands alone
    fork = serving(cli, "fork.sql", rate=20000, more="SET 'pipeline.uid' = 'fork';")
    fork.write_text(fork.read_text().replace("'path' = 'out'", "'path' = 'forked'"))
    with running(cli, fork, "--from-savepoint", path, "-p", "3"):
        until(lambda: written(cli, "forked"))
        ask(cli, "stop", "fork", "--drain")
    # What the savepoint stands behind is not written again, and nothing behind it is lost.
    forked = windows_of(cli, "forked")
    second = {window: int(window[18:20]) for window in [*forked, *before]}  # of the minute
    assert second[min(forked)] <= second[max(before)] + 1, (min(forked), max(before))
    equal([count for _, count in sorted(forked.items())[:-1]], [1000] * (len(forked) - 1))
    original = windows_of(cli)
    assert not set(original) - set(forked) - {window for window in original if window < min(forked)}
    assert min(original) not in forked or len(before) < 2, (min(original), min(forked))


def a_stop_with_a_savepoint_is_gone_on_from(cli):
    script = serving(cli, rate=20000, more="SET 'execution.checkpointing.savepoint-dir' = 'points';")
    with running(cli, script) as process:
        path = savepoint_path(ask(cli, "stop", "job", "--savepoint", "points"))
        equal(process.wait(timeout=20), 0)
    with running(cli, script, "--from-savepoint", path, "-p", "2"):
        for _ in range(6):  # as many as one likes
            second = savepoint_path(ask(cli, "savepoint", "job"))  # where the option says
        assert second.startswith("points/savepoint-"), second
        ask(cli, "stop", "job")
    done = cli.run("run", script, "--from-savepoint", second)
    equal(done.returncode, 1)
    assert "unfinished run" in done.stderr, done.stderr
    with running(cli, script):
        ask(cli, "stop", "job", "--drain")
    counts = [count for _, count in sorted(windows_of(cli).items())]
    equal(counts[:-1], [1000] * (len(counts) - 1))


def a_savepoint_behind_its_exactly_once_sinks_needs_rewind(cli):
    script = serving(cli, rate=20000)
    with running(cli, script) as process:
        path = savepoint_path(ask(cli, "savepoint", "job", "sp"))
        seen = len(written(cli))
        until(lambda: len(written(cli)) > seen + 3)
        ask(cli, "stop", "job")
    done = cli.run("run", script, "--from-savepoint", path, "--fresh")
    equal(done.returncode, 1)
    for part in ("PS-5601", "counts", "--rewind", "pipeline.uid"):
        assert part in done.stderr, done.stderr
    with running(cli, script) as process:  # the run that was to be replaced still goes on
        ask(cli, "stop", "job")
    first = written(cli)
    equal(len(set(first)), len(first))
    with running(cli, script, "--from-savepoint", path, "--rewind") as process:
        until(lambda: len(written(cli)) > len(first) + 3)
        ask(cli, "stop", "job")
        assert "rewound" in (errors := process.stderr.read()) and "counts" in errors, errors
    again = written(cli)
    assert len(set(again)) < len(again), "the windows behind the savepoint are there twice"
    usage(cli.run("run", script, "--rewind"), "--from-savepoint")


def cancel_ends_a_job_at_once(cli):
    with running(cli, serving(cli)) as process:
        equal(ask(cli, "cancel", "job"), "Cancelled job insert-into_counts-1.\n")
        equal(process.wait(timeout=20), 1)
        assert "cancelled" in process.stderr.read()
    equal(listed(cli, ["--all"])[0]["state"], "SUSPENDED")


def a_job_whose_process_is_gone_is_told_so(cli):
    script = serving(cli)
    with running(cli, script) as process:
        process.kill()
        process.wait(timeout=20)
    assert list((cli.folder / "checkpoints").glob("job/jobs/*/control")), "the socket of a killed process stays"
    equal(listed(cli), [])
    for command in ("metrics", "savepoint", "stop", "cancel"):
        done = cli.run(command, "job")
        equal((done.returncode, done.stdout), (1, ""))
        assert "no process runs the job" in done.stderr and "SUSPENDED" in done.stderr, done.stderr
    with running(cli, script):  # and is replaced
        ask(cli, "stop", "job")


def a_name_that_means_several_jobs_is_refused(cli):
    script = cli.file("job.sql", """
        SET 'execution.checkpointing.dir' = 'checkpoints'; SET 'execution.checkpointing.interval' = '100 ms';
        CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100');
        CREATE TABLE counts (id BIGINT) WITH ('connector' = 'blackhole');
        CREATE TABLE others (id BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO counts SELECT id FROM numbers; INSERT INTO others SELECT id FROM numbers;""")
    with running(cli, script):
        until(lambda: len(listed(cli)) == 2)
        done = cli.run("stop", "job")
        equal(done.returncode, 1)
        assert "several" in done.stderr and "insert-into_others-2" in done.stderr, done.stderr
        ask(cli, "stop", "insert-into_others-2")
        equal([job["job"] for job in listed(cli)], ["insert-into_counts-1"])


def the_summary_advises_the_delay_of_watermarks(cli):
    # Every tenth row is 7 s behind the newest, every hundredth 80 s.
    times = [i - (80 if i % 100 == 99 else 7 if i % 10 == 9 else 0) for i in range(1000)]
    cli.file("clicks.csv", "".join(f"{1000 + t}\n" for t in times))
    script = """CREATE TABLE clicks (s BIGINT, ts AS TO_TIMESTAMP_LTZ(s, 0), WATERMARK FOR ts AS ts - INTERVAL '60' SECOND)
        WITH ('connector'='filesystem', 'path'='clicks.csv', 'format'='csv');
        CREATE TABLE sums (e TIMESTAMP(3), n BIGINT) WITH ('connector'='blackhole');
        INSERT INTO sums SELECT window_end, COUNT(*) FROM TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)
        GROUP BY window_start, window_end"""
    for parallelism in "1", "2":
        done = cli.run("-p", parallelism, "--progress", "-c", script)
        line = next(line for line in done.stderr.splitlines() if line.startswith("clicks: "))
        assert line.startswith("clicks: at 15 s 1.00 %, at 30 s 1.00 %, at 60 s (now) you drop up to 1.00 %"), done.stderr
        assert line.endswith("at 90 s 0 %, at 2 min 0 %, at 4 min 0 %"), done.stderr


def a_hot_key_is_spread_over_the_subtasks_and_counted_the_same(cli):
    """One key has nine rows in ten; windows, and updates that take rows back."""
    rows = [f"{'hot' if i % 10 else 'k' + str(i % 700)},{i * 7919 % 5000},{i // 40}\n" for i in range(60000)]
    cli.file("rows.csv", "".join(rows))
    tables = """CREATE TABLE r (k STRING, x BIGINT, s BIGINT, ts AS TO_TIMESTAMP_LTZ(s, 0), WATERMARK FOR ts AS ts)
        WITH ('connector'='filesystem', 'path'='rows.csv', 'format'='csv');"""
    window = """SELECT k, window_end, COUNT(*) AS n, SUM(x) AS s, COUNT(DISTINCT x) AS d, MIN(x) AS l, MAX(k) AS m
        FROM TUMBLE(TABLE r, DESCRIPTOR(ts), INTERVAL '1000' SECOND) GROUP BY k, window_start, window_end"""
    updates = """SELECT b, COUNT(*) AS n, SUM(x) AS s, COUNT(DISTINCT k) AS d FROM (SELECT x, k, COUNT(*) AS b
        FROM (SELECT x, CASE WHEN k = 'hot' THEN k ELSE 'cold' END AS k FROM r) GROUP BY x, k) GROUP BY b"""
    mini = "table.exec.mini-batch."
    for query, options in ((window, []), (updates, ["-D", mini + "enabled=true", "-D", mini + "size=5000", "-D",
                                                    mini + "allow-latency=1 s"])):
        folded = {}
        for mode in "none", "salt":
            done = cli.run("-p", "2", "--progress", "--format", "csv", "-D", "penstock.hot-keys=" + mode, *options, "-c",
                           tables + query)
            equal(done.returncode, 0)
            rows = set()
            for line in done.stdout.splitlines()[1:]:
                kind, row = line.split(",", 1)
                (rows.add if kind in ("+I", "+U") else rows.discard)(row)
            folded[mode] = rows
        equal(folded["salt"], folded["none"])
        if query == window:
            line = next(line for line in done.stderr.splitlines() if line.startswith("hot keys of "))
            share = float(re.search(r"\(hot\) ([0-9.]+) % on 2 subtasks", line)[1])
            assert 85 < share < 91, line
            busiest = float(re.search(r"busiest subtask adds up ([0-9.]+) %", line)[1])
            assert busiest <= 55, line


def a_hot_key_gets_a_subtask_of_its_own_when_a_job_goes_on(cli):
    """Mid-stream, from two subtasks to three; what depends on the order of a key's rows comes out the same."""
    lines = [json.dumps({"kind": "+I", "row": [f"k{i % 70}" if i % 10 == 0 else "hot", i]}) + "\n" for i in range(900)]

    def run(mode, count, bounded, *options):
        cli.file("rows.jsonl", "".join(lines[:count]))
        done = cli.run("--progress", "--format", "csv", "-D", "penstock.hot-keys=" + mode, "-D", "penstock.hot-keys.after=100",
                       *options, "-c", f"""CREATE TABLE r (k STRING, x INT) WITH ('connector'='values', 'path'='rows.jsonl',
                           'bounded'='{bounded}');
                       SELECT k, COUNT(*) AS n, FIRST_VALUE(x) AS f, LAST_VALUE(x) AS l, LISTAGG(CAST(x AS STRING)) AS a
                       FROM r GROUP BY k""")
        equal(done.returncode, 0)
        return done

    def fold(*runs):
        rows = {}
        for line in (line for done in runs for line in done.stdout.splitlines()[1:]):
            kind, row = line.split(",", 1)
            if kind in ("+I", "+U"):
                rows[row.split(",")[0]] = row
        return rows

    expected = run("none", 900, "true", "-p", "1")
    first = run("dedicated", 500, "false", "-p", "2", "--stop-when-idle", "--savepoint", "sp")
    assert "(hot)" in first.stderr and "on a shared subtask" in first.stderr, first.stderr
    assert "dedicated' chooses keys when" in first.stderr, first.stderr
    second = run("dedicated", 900, "true", "-p", "3", "--from-savepoint", "sp")
    assert re.search(r"\(hot\) 9[01]\.[0-9] % on subtask 2 of its own; since then the busiest subtask takes 9", second.stderr), \
        second.stderr
    equal(fold(first, second), fold(expected))


FORECAST_JOBS = {
    "window": ("BIGINT, b TIMESTAMP(3), c BIGINT, d BIGINT", """SELECT u, window_start, COUNT(*), SUM(v)
        FROM TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE) GROUP BY u, window_start, window_end"""),
    "session": ("BIGINT, b TIMESTAMP(3), c BIGINT", """SELECT u, window_start, COUNT(*)
        FROM SESSION(TABLE clicks PARTITION BY u, DESCRIPTOR(ts), INTERVAL '30' SECOND) GROUP BY u, window_start, window_end"""),
    "keep-last": ("BIGINT, b BIGINT, c STRING", """SELECT u, s, p FROM
        (SELECT *, ROW_NUMBER() OVER (PARTITION BY u ORDER BY ts DESC) AS n FROM clicks) WHERE n = 1"""),
    "top-n": ("BIGINT, b BIGINT, c STRING", """SELECT u, s, p FROM
        (SELECT *, ROW_NUMBER() OVER (PARTITION BY u ORDER BY v DESC) AS n FROM clicks) WHERE n <= 5"""),
    "join": ("BIGINT, b STRING, c STRING", "SELECT c.u, c.p, o.item FROM clicks c JOIN orders o ON c.u = o.u"),
    "filtered-join": ("BIGINT, b STRING, c STRING", """SELECT c.u, c.p, o.item FROM clicks c JOIN orders o ON c.u = o.u
        WHERE c.v < 300 AND o.price > 50"""),
    "greatest-text": ("BIGINT, b STRING, c BIGINT", "SELECT u, MAX(p), COUNT(*) FROM clicks GROUP BY u"),
}


def zipf_tables(cli):
    """100,000 clicks of 20,000 users and 25,000 orders of the same, by Zipf's law; texts of many lengths."""
    generator = random.Random(11)
    users = [rank * 7 + 100000 for rank in range(20000)]
    generator.shuffle(users)

    def draw(skew, count):
        weights = list(itertools.accumulate((rank + 1) ** -skew for rank in range(len(users))))
        return generator.choices(users, cum_weights=weights, k=count)

    cli.file("clicks.csv", "".join(
        f"{u},{i * 20 + generator.randrange(5000)},{'x' * generator.randrange(2, 40)}{i % 977},{generator.randrange(1000)}\n"
        for i, u in enumerate(draw(1.0, 100000))))
    cli.file("orders.csv", "".join(
        f"{u},item-{generator.randrange(10 ** generator.randrange(1, 12))},{generator.randrange(100)}\n"
        for u in draw(0.5, 25000)))
    return """CREATE TABLE clicks (u BIGINT, s BIGINT, p STRING, v INT, ts AS TO_TIMESTAMP_LTZ(s, 3),
          WATERMARK FOR ts AS ts - INTERVAL '10' SECOND) WITH ('connector'='filesystem', 'path'='clicks.csv',
          'format'='csv', 'scan.watermark.emit.strategy'='on-event');
        CREATE TABLE orders (u BIGINT, item STRING, price INT)
          WITH ('connector'='filesystem', 'path'='orders.csv', 'format'='csv');"""


def a_run_of_what_was_explained_tells_the_forecast_beside_the_state(cli):
    """The forecast of 5 % of the rows is within a quarter of what is measured, with state in memory and with RocksDB
    below its budget."""
    tables = zipf_tables(cli)
    for backend in "hashmap", "rocksdb":
        script = tables
        for name, (columns, query) in FORECAST_JOBS.items():
            script += f"""CREATE TABLE `{name}` (a {columns}) WITH ('connector'='blackhole');
                EXPLAIN STATE INSERT INTO `{name}` {query}; INSERT INTO `{name}` {query};"""
        done = cli.run("--progress", "-D", "state.backend.type=" + backend, "-D", "table.exec.state.ttl=1 d", "-c", script)
        equal(done.returncode, 0)
        told = re.findall(r"state of \S+ \(id=\S+@(\S+)\): ([0-9.]+ \w+) at most, forecast ([0-9.]+ \w+)", done.stderr)
        equal([name for name, _, _ in told], list(FORECAST_JOBS))
        for name, most, forecast in told:
            ratio = in_bytes(forecast) / in_bytes(most)
            assert abs(ratio - 1) < 0.25, f"{name} on {backend} took {most}, forecast {forecast}"


def in_bytes(text):
    number, unit = text.split()
    return float(number) * 1000 ** ["B", "KB", "MB", "GB"].index(unit)


def state_is_forecast_from_a_twentieth_of_zipf_data(cli):
    """Window, deduplication, Top-N, join and groups: distinct keys within a quarter of what a count gives."""
    generator = random.Random(7)
    ranks = generator.choices(range(20000), weights=[1 / (rank + 1) for rank in range(20000)], k=200000)
    cli.file("clicks.csv", "".join(f"{rank * 7 + 100000},{i // 50},page{rank % 90}\n" for i, rank in enumerate(ranks)))
    tables = """CREATE TABLE clicks (u BIGINT, s BIGINT, p STRING, ts AS TO_TIMESTAMP_LTZ(s, 0), WATERMARK FOR ts AS ts)
        WITH ('connector'='filesystem', 'path'='clicks.csv', 'format'='csv');"""
    window = """SELECT u, window_end, COUNT(*) FROM TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '600' SECOND)
        GROUP BY u, window_start, window_end"""
    rank = "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY u ORDER BY {} DESC) AS n FROM clicks) WHERE n <= {}"
    distinct = len(set(ranks))
    in_window = statistics.mean(len(set(ranks[at:at + 30000])) for at in range(0, 180000, 30000))
    for query, keys in ((window, in_window), ("SELECT u, COUNT(*) FROM clicks GROUP BY u", distinct),
                        (rank.format("ts", 1), distinct), (rank.format("s", 5), distinct),
                        ("SELECT a.p FROM clicks a JOIN clicks b ON a.u = b.u", distinct)):
        done = cli.run("-c", tables + "EXPLAIN STATE " + query)
        equal(done.returncode, 0)
        found = re.search(r": ([0-9,]+) keys", done.stdout)
        assert found, done.stdout
        forecast = int(found[1].replace(",", ""))
        assert abs(forecast / keys - 1) < 0.25, f"{forecast} of {keys}: {done.stdout}"
        assert "total: " in done.stdout and ("warning: grows for ever" in done.stdout) == (query != window), done.stdout


def the_state_of_100_million_keys_of_1_kb_is_100_gb(cli):
    done = cli.run("-c", """CREATE TABLE users (user_id BIGINT, profile STRING) WITH ('connector' = 'datagen');
        SET 'penstock.state.keys.users.user_id' = '100000000'; SET 'penstock.state.bytes.users.profile' = '1000';
        SET 'table.exec.state.ttl' = '1 d';
        EXPLAIN STATE SELECT user_id, profile FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY PROCTIME()
        DESC) AS n FROM users) WHERE n = 1""")
    equal(done.returncode, 0)
    found = re.search(r"100,000,000 keys, declared x ([0-9]+) B = ([0-9]+) GB, with its structures ([0-9]+) GB", done.stdout)
    assert found, done.stdout
    width, payload, whole = map(int, found.groups())
    assert 1000 <= width <= 1050 and 100 <= payload <= 105 and payload < whole < 140, done.stdout
    assert "warning" not in done.stdout, done.stdout


def the_first_row_comes_within_a_second(cli):
    best = 9.0
    for _ in range(5):  # the machine may be busy; the best of a few tells what the program needs
        start = time.monotonic()
        with cli.start("-c", UNBOUNDED + "SELECT * FROM t", "--format", "csv", stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            assert process.stdout.readline().startswith("+I,")
            best = min(best, time.monotonic() - start)
            process.stdout.close()
    assert best < 1, f"{best:.2f} s"


def the_start_takes_less_than_100_ms(cli):
    """Of processor time, so that other programs on the machine do not count."""
    best = 9.0
    for _ in range(10):
        before = os.times()
        cli.run("-c", "SET 'a' = 'b'")
        after = os.times()
        best = min(best, after.children_user + after.children_system - before.children_user - before.children_system)
    assert best < 0.1 or "san" in str(cli.penstock), f"{best * 1000:.0f} ms"


def an_idle_job_takes_less_than_100_mb(cli):
    script = UNBOUNDED[:-2] + ", 'rows-per-second'='1'); SELECT * FROM t"
    with cli.start("-c", script, "--format", "csv", stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.readline()
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        kilobytes = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
        process.kill()
    assert kilobytes < 100_000 or "san" in str(cli.penstock), f"{kilobytes} KB"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", required=True)
    parser.add_argument("--filter", default="")
    arguments = parser.parse_args()
    penstock = pathlib.Path(arguments.penstock).resolve()
    tests = [(name, value) for name, value in list(globals().items())
             if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("cli",)
             and value.__code__.co_argcount == 1 and arguments.filter in name]
    failed = 0
    for name, test in tests:
        with tempfile.TemporaryDirectory(prefix="penstock-cli-") as folder:
            try:
                test(Cli(penstock, pathlib.Path(folder)))
            except Exception:  # noqa: BLE001: any failure is the test's outcome
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
