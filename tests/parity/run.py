#!/usr/bin/env python3
"""`penstock parity`: a stream runs into files, then its output is compared with a batch run of the same script.

    tests/parity/run.py --penstock build/penstock [--filter PART]

Each function below `# ---- Tests` is one test, named as a fact; prints a line for each that fails and a total.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

CLICKS = """CREATE TABLE clicks (id BIGINT, page STRING, price DOUBLE, at TIMESTAMP(3),
    WATERMARK FOR at AS at - INTERVAL '60' SECOND) WITH ('connector'='filesystem', 'path'='clicks.json', 'format'='json');
"""
WINDOWS = """SELECT window_start, window_end, page, COUNT(*) AS n, SUM(price) AS total
    FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, page;
"""
COUNTS = """CREATE TABLE counts (window_start TIMESTAMP(3), window_end TIMESTAMP(3), page STRING, n BIGINT, total DOUBLE)
    WITH ('connector'='filesystem', 'path'='counts', 'format'='json');
INSERT INTO counts """ + WINDOWS
LATE = """CREATE TABLE late_clicks (id BIGINT, page STRING, at TIMESTAMP(3), late_window_end TIMESTAMP(3))
    WITH ('connector'='filesystem', 'path'='late_clicks', 'format'='json');
SET 'penstock.late-rows.clicks' = 'late_clicks';
"""


class Case:
    """A folder with a script, its input and its output."""

    def __init__(self, penstock, folder):
        self.penstock, self.folder = penstock, folder

    def call(self, *arguments):
        return subprocess.run([str(self.penstock), *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=60)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def clicks(self, rows):
        """Rows of (minute, page, price); ids count from 1, one minute late ones are behind the watermark."""
        self.write("clicks.json", "".join(json.dumps({"id": i, "page": page, "price": price, "at": at(minute)}) + "\n"
                                          for i, (minute, page, price) in enumerate(rows, 1)))

    def stream(self, script):
        self.write("job.sql", script)
        done = self.call("run", "job.sql")
        assert done.returncode == 0, done
        return done

    def parity(self, *arguments, code):
        done = self.call("parity", "job.sql", *arguments)
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def files(self, sink):
        return sorted(path for path in (self.folder / sink).rglob("*") if path.is_file() and path.name[0] not in "._")

    def change(self, sink, change):
        """Puts each row of a JSON sink through `change`, which returns the rows there are in its place."""
        for path in self.files(sink):
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            path.write_text("".join(json.dumps(new) + "\n" for row in rows for new in change(row)))


def at(minute):
    return f"2026-01-01 {10 + int(minute) // 60:02}:{int(minute) % 60:02}:{int(minute * 60) % 60:02}"


def spread(count=600):
    """Clicks over an hour on three pages."""
    return [(i / 10, ("home", "cart", "help")[i % 3], i / 7) for i in range(count)]


def has(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in\n{text}"


# ---- Tests


def equal_output_is_exit_code_0(case):
    case.clicks(spread())
    case.stream(CLICKS + COUNTS)
    for arguments in (["--from", "earliest"], ["--from", "2026-01-01 10:15:00", "--to", "2026-01-01T10:45:00"],
                      ["--from", "earliest", "--to", "2026-01-01 10:30:00", "-p", "3"]):
        text = case.parity(*arguments, code=0)
        has(text, "0 late not yet reprocessed, 0 nondeterministic, 0 unexplained")
    has(case.parity("--from", "2026-01-01 10:15:00", "--to", "2026-01-01 10:45:00", code=0),
        "18 rows in the stream, 18 in batch: 18 equal", "read over [2026-01-01 10:10:00.000, 2026-01-01 10:50:00.000)")


def every_format_of_files_is_read_back(case):
    case.clicks(spread())
    script = CLICKS + "".join(
        f"CREATE TABLE c_{name} (window_start TIMESTAMP(3), window_end TIMESTAMP(3), page STRING, n BIGINT, total DOUBLE) "
        f"WITH ('connector'='filesystem', 'path'='c_{name}', 'format'='{name}');" for name in ("csv", "json", "parquet", "avro"))
    inserts = "".join(f"INSERT INTO c_{name} {WINDOWS}" for name in ("csv", "json", "parquet", "avro"))
    case.stream(script + "EXECUTE STATEMENT SET BEGIN " + inserts + "END;")
    text = case.parity("--from", "earliest", code=0)
    assert text.count("36 rows in the stream, 36 in batch: 36 equal") == 4, text


def a_changed_row_is_unexplained_and_named(case):
    case.clicks(spread())
    case.stream(CLICKS + COUNTS)
    case.change("counts", lambda row: [{**row, "n": 99}] if (row["window_start"], row["page"]) ==
                ("2026-01-01 10:20:00", "cart") else [row])
    text = case.parity("--from", "2026-01-01 10:00:00", code=1)
    has(text, "35 equal, 0 late not yet reprocessed, 0 nondeterministic, 1 unexplained",
        "unexplained      [2026-01-01 10:20:00.000, 2026-01-01 10:25:00.000) ", "page=cart: n: stream 99, batch 16")
    # Outside of the range it does not count.
    case.parity("--from", "2026-01-01 10:25:00", code=0)
    case.parity("--from", "earliest", "--to", "2026-01-01 10:24:00", code=0)


def missing_and_repeated_rows_are_unexplained(case):
    case.clicks(spread())
    case.stream(CLICKS + COUNTS)
    case.change("counts", lambda row: {"cart": [row, row], "help": []}.get(row["page"], [row])
                if row["window_end"] == "2026-01-01 10:30:00" else [row])
    text = case.parity("--from", "earliest", code=1)
    has(text, "2 unexplained", "page=cart: only in the stream (n=", "page=help: missing in the stream (n=")


def rows_in_the_late_lane_explain_their_windows(case):
    case.clicks(spread(300) + [(3.5, "cart", 1.0), (3.6, "cart", 2.0), (12, "home", 1.0)])
    case.stream(CLICKS + LATE + COUNTS)
    text = case.parity("--from", "earliest", code=0)
    has(text, "2 late not yet reprocessed, 0 nondeterministic, 0 unexplained",
        "late             [2026-01-01 10:00:00.000, 2026-01-01 10:05:00.000) ", "page=cart: n: stream 17, batch 19")
    # Another page of the same window has no late row.
    case.change("counts", lambda row: [{**row, "n": 5}] if row["window_start"][11:] == "10:00:00" and
                row["page"] == "help" else [row])
    has(case.parity("--from", "earliest", code=1), "2 late not yet reprocessed, 0 nondeterministic, 1 unexplained",
        "page=help: n: stream 5, batch 16")


def late_rows_without_a_lane_are_unexplained(case):
    case.clicks(spread(300) + [(3.5, "cart", 1.0)])
    case.stream(CLICKS + COUNTS)
    has(case.parity("--from", "earliest", code=1), "0 late not yet reprocessed, 0 nondeterministic, 1 unexplained")


def late_rows_explain_sessions_that_they_would_have_joined(case):
    case.clicks([(0, "a", 1), (10, "a", 1), (30, "b", 1), (5.5, "a", 1), (60, "b", 1)])
    case.stream(CLICKS + LATE + """
        CREATE TABLE s (window_start TIMESTAMP(3), window_end TIMESTAMP(3), page STRING, n BIGINT)
          WITH ('connector'='filesystem', 'path'='s', 'format'='json');
        INSERT INTO s SELECT window_start, window_end, page, COUNT(*)
          FROM TABLE(SESSION(TABLE clicks PARTITION BY page, DESCRIPTOR(at), INTERVAL '6' MINUTE))
          GROUP BY window_start, window_end, page;""")
    has(case.parity("--from", "earliest", code=0), "4 rows in the stream, 3 in batch: 2 equal, 2 late")


def columns_that_a_replay_changes_are_left_out_and_named(case):
    case.clicks(spread(100))
    case.stream(CLICKS + """CREATE TABLE copy (at TIMESTAMP(3), id BIGINT, tag STRING, written TIMESTAMP_LTZ(3))
          WITH ('connector'='filesystem', 'path'='copy', 'format'='json');
        INSERT INTO copy SELECT at, id, UUID(), NOW() FROM clicks WHERE page <> 'help';""")
    has(case.parity("--from", "2026-01-01 10:01:00", code=0),
        "nondeterministic columns left out: tag (UUID), written (CURRENT_TIMESTAMP); they differ in")
    case.change("copy", lambda row: [{**row, "id": -1}] if row["id"] == 50 else [row])
    has(case.parity("--from", "2026-01-01 10:01:00", code=1), "id=50: missing", "id=-1: only in the stream")


def conditions_that_a_replay_changes_explain_rows(case):
    case.clicks(spread(100))
    case.stream(CLICKS + """CREATE TABLE copy (at TIMESTAMP(3), id BIGINT)
          WITH ('connector'='filesystem', 'path'='copy', 'format'='json');
        INSERT INTO copy SELECT at, id FROM clicks WHERE RAND() < 0.5;""")
    has(case.parity("--from", "earliest", code=0), "conditions use RAND: a replay gives other rows", "0 unexplained")


def doubles_are_equal_up_to_their_rounding(case):
    case.clicks(spread())
    case.stream(CLICKS + COUNTS)
    case.change("counts", lambda row: [{**row, "total": row["total"] * (1 + 5e-10)}])
    has(case.parity("--from", "earliest", code=0), "36 equal")
    case.change("counts", lambda row: [{**row, "total": row["total"] * (1 + 5e-9)}])
    has(case.parity("--from", "earliest", code=1), "0 equal", "36 unexplained", "total: stream")


GROUPS = """CREATE TABLE pages (page STRING, n BIGINT, PRIMARY KEY (page) NOT ENFORCED)
      WITH ('connector'='values', 'path'='pages.json');
    INSERT INTO pages SELECT page, COUNT(*) FROM clicks GROUP BY page;"""


def plans_without_a_bound_need_earliest(case):
    case.clicks(spread())
    case.stream(CLICKS + GROUPS)
    has(case.parity("--from", "2026-01-01 10:00:00", code=1), "GROUP BY without a window", "--from earliest")
    has(case.parity("--from", "earliest", code=0), "3 rows in the stream, 3 in batch: 3 equal")
    case.write("job.sql", CLICKS + """CREATE TABLE o (id BIGINT, at TIMESTAMP(3)) WITH ('connector'='filesystem', 'path'='o',
          'format'='json');
        INSERT INTO o SELECT a.id, a.at FROM clicks a JOIN clicks b ON a.id = b.id;""")
    has(case.parity("--from", "2026-01-01 10:00:00", code=1), "a regular join")


def rows_that_cannot_be_placed_need_earliest(case):
    case.clicks(spread())
    case.stream(CLICKS + """CREATE TABLE n (page STRING, n BIGINT) WITH ('connector'='filesystem', 'path'='n', 'format'='json');
        INSERT INTO n SELECT page, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '5' MINUTE))
          GROUP BY window_start, window_end, page;""")
    has(case.parity("--from", "2026-01-01 10:00:00", code=1), "no column that tells", "window_start")
    has(case.parity("--from", "earliest", code=0), "36 equal")


def one_bound_of_a_window_places_it(case):
    case.clicks(spread())
    case.stream(CLICKS + """CREATE TABLE n (closed TIMESTAMP(6), page STRING, n BIGINT)
          WITH ('connector'='filesystem', 'path'='n', 'format'='json');
        INSERT INTO n SELECT window_end, page, COUNT(*)
          FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(at), INTERVAL '5' MINUTE, INTERVAL '10' MINUTE))
          GROUP BY window_start, window_end, page;""")
    # Ends 10:20, 10:25 and 10:30.
    has(case.parity("--from", "2026-01-01 10:10:00", "--to", "2026-01-01 10:30:00", code=0),
        "9 rows in the stream, 9 in batch: 9 equal", "read over [2026-01-01 10:00:00.000, 2026-01-01 10:40:00.000)")


def joins_and_frames_with_bounds_read_what_they_reach(case):
    case.clicks(spread())
    case.stream(CLICKS + """CREATE TABLE pairs (a BIGINT, b BIGINT, at TIMESTAMP(3))
          WITH ('connector'='filesystem', 'path'='pairs', 'format'='json');
        CREATE TABLE sums (id BIGINT, at TIMESTAMP(3), s DOUBLE) WITH ('connector'='filesystem', 'path'='sums', 'format'='csv');
        INSERT INTO pairs SELECT x.id, y.id, x.at FROM clicks x JOIN clicks y
          ON x.page = y.page AND y.at BETWEEN x.at - INTERVAL '1' MINUTE AND x.at;
        INSERT INTO sums SELECT id, at, SUM(price) OVER (PARTITION BY page ORDER BY at
          RANGE BETWEEN INTERVAL '3' MINUTE PRECEDING AND CURRENT ROW) FROM clicks;""")
    text = case.parity("--from", "2026-01-01 10:10:00", "--to", "2026-01-01 10:20:00", code=0)
    has(text, "sums (filesystem): 100 rows in the stream, 100 in batch: 100 equal", "pairs (filesystem)")


def the_report_as_json(case):
    case.clicks(spread())
    case.stream(CLICKS + COUNTS)
    case.change("counts", lambda row: [{**row, "n": 99}] if row["page"] == "cart" and
                row["window_start"] == "2026-01-01 10:20:00" else [row])
    lines = [json.loads(line) for line in case.parity("--from", "earliest", "--format", "json", code=1).splitlines()]
    assert (lines[0]["sink"], lines[0]["equal"], lines[0]["unexplained"]) == ("counts", 35, 1), lines
    assert lines[1]["difference"] == "unexplained" and lines[1]["columns"] == {"n": {"stream": "99", "batch": "16"}}, lines
    assert lines[1]["key"]["page"] == "cart", lines


def nothing_outside_changes(case):
    case.clicks(spread())
    with (case.folder / "clicks.json").open("a") as file:
        file.write("this is no record\n")
    script = """SET 'execution.checkpointing.dir' = 'cp';
        CREATE TABLE bad (raw STRING) WITH ('connector'='filesystem', 'path'='bad', 'format'='json');
        SET 'penstock.bad-rows.clicks' = 'bad';
        CREATE TABLE printed (id BIGINT, at TIMESTAMP(3)) WITH ('connector'='print');
        """ + CLICKS + COUNTS + "INSERT INTO printed SELECT id, at FROM clicks;"
    case.stream(script)

    def listed():
        return sorted((str(path), path.stat().st_mtime_ns) for path in case.folder.rglob("*") if path.is_file())

    before = listed()
    text = case.parity("--from", "earliest", "-D", "state.memory.budget=1 mb", code=0)
    has(text, "36 equal", "printed (print): not compared")
    assert listed() == before, "files have changed"


def what_is_not_there_has_no_rows(case):
    case.clicks(spread())
    case.stream(CLICKS + LATE + COUNTS)
    for sink in ("late_clicks", "counts"):
        shutil.rmtree(case.folder / sink, ignore_errors=True)
        text = case.parity("--from", "earliest", code=sink == "counts")
        has(text, f"'{sink}' has nothing yet")
    has(text, "0 rows in the stream, 36 in batch: 0 equal", "36 unexplained", "missing in the stream")


def instants_and_versioned_tables_in_a_zone(case):
    case.write("rates.json", "".join(json.dumps({"kind": kind, "row": row}) + "\n" for kind, row in (
        ("+I", ["p0", 10, "2026-01-01 08:00:00Z"]), ("+U", ["p0", 20, "2026-01-01 10:20:00Z"]))))
    case.write("clicks.json", "".join(json.dumps({"id": i, "page": f"p{i % 2}", "at": f"2026-01-01 10:{i:02}:00Z"}) + "\n"
                                      for i in range(60)))
    case.stream("""SET 'table.local-time-zone' = 'Europe/Berlin';
        CREATE TABLE clicks (id BIGINT, page STRING, at TIMESTAMP_LTZ(3), WATERMARK FOR at AS at)
          WITH ('connector'='filesystem', 'path'='clicks.json', 'format'='json');
        CREATE TABLE rates (page STRING, rate INT, at TIMESTAMP_LTZ(3), WATERMARK FOR at AS at,
          PRIMARY KEY (page) NOT ENFORCED) WITH ('connector'='values', 'path'='rates.json');
        CREATE TABLE o (id BIGINT, at TIMESTAMP_LTZ(3), rate INT) WITH ('connector'='filesystem', 'path'='o', 'format'='json');
        INSERT INTO o SELECT id, clicks.at, rate FROM clicks LEFT JOIN rates FOR SYSTEM_TIME AS OF clicks.at
          ON clicks.page = rates.page;""")
    has(case.parity("--from", "2026-01-01 11:15:00", "--to", "2026-01-01 11:25:00", code=0),
        "10 rows in the stream, 10 in batch: 10 equal")


def large_output_is_compared_within_the_budget(case):
    case.clicks([])
    case.stream("""CREATE TABLE n (id BIGINT, at TIMESTAMP(3), WATERMARK FOR at AS at) WITH ('connector'='filesystem',
          'path'='numbers', 'format'='csv');
        CREATE TABLE g (id BIGINT, f STRING) WITH ('connector'='datagen', 'number-of-rows'='60000', 'fields.id.kind'='sequence',
          'fields.id.start'='1', 'fields.id.end'='60000', 'fields.f.length'='3');
        INSERT INTO n SELECT id, TO_TIMESTAMP('2026-01-01 10:00:00') FROM g;""")
    case.stream("""CREATE TABLE n (id BIGINT, at TIMESTAMP(3), WATERMARK FOR at AS at) WITH ('connector'='filesystem',
          'path'='numbers', 'format'='csv');
        CREATE TABLE c (id BIGINT, at TIMESTAMP(3), t STRING) WITH ('connector'='filesystem', 'path'='c', 'format'='json');
        INSERT INTO c SELECT id, at, 'row ' || CAST(id AS STRING) FROM n;""")
    case.change("c", lambda row: [{**row, "t": "x"}] if row["id"] == 44444 else [row])
    has(case.parity("--from", "earliest", "-D", "state.memory.budget=1 mb", code=1), "59999 equal", "2 unexplained",
        "t=row 44444: missing", "id=44444, t=x: only in the stream")


def wrong_usage_is_exit_code_2(case):
    case.write("job.sql", CLICKS + COUNTS)
    for arguments in ([], ["--from", "soon"], ["--from", "earliest", "--to", "never"],
                      ["--from", "2026-01-02", "--to", "2026-01-01"], ["--from", "earliest", "--format", "xml"]):
        case.parity(*arguments, code=2)
    case.write("job.sql", "SELECT 1;")
    has(case.parity("--from", "earliest", code=1), "no INSERT")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", required=True)
    parser.add_argument("--filter", default="")
    arguments = parser.parse_args()
    penstock = pathlib.Path(arguments.penstock).resolve()
    tests = [(name, value) for name, value in list(globals().items())
             if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("case",)
             and value.__code__.co_argcount == 1 and arguments.filter in name]
    failed = 0
    for name, test in tests:
        with tempfile.TemporaryDirectory(prefix="penstock-parity-") as folder:
            try:
                test(Case(penstock, pathlib.Path(folder)))
            except Exception:  # noqa: BLE001: any failure is the test's outcome
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
