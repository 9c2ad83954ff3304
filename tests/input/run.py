#!/usr/bin/env python3
"""Bad input end to end: each row of docs/reference/bad-input.md that needs files has its test here.

    tests/input/run.py --penstock build/penstock [--filter PART]

Each function below `# ---- Tests` is one test, named as a fact; prints a line for each that fails and a total. Rows of
the table that need no files are in tests/sql/input and tests/sql/errors, those that need a broker in tests/e2e.
"""
import argparse
import base64
import gzip
import json
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback


class Input:
    """Runs penstock in a folder of its own over files of that folder."""

    def __init__(self, penstock, folder):
        self.penstock, self.folder = penstock, folder

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def table(self, name, columns, path, form, **options):
        given = {"connector": "filesystem", "path": str(self.folder / path), "format": form}
        given.update({key.replace("__", "-").replace("_", "."): value for key, value in options.items()})
        listed = ", ".join(f"'{key}' = '{value}'" for key, value in given.items())
        return f"CREATE TABLE {name} ({columns}) WITH ({listed});\n"

    def run(self, script, *arguments, **options):
        path = self.file("script.sql", script)
        return subprocess.run([str(self.penstock), "run", str(path), "--format", "csv", *arguments],
                              cwd=self.folder, capture_output=True, text=True, timeout=120, **options)

    def rows(self, script, note=None):
        """Rows of the last SELECT of a script that succeeds; `note` must be among what was said about losses."""
        done = self.run(script)
        assert done.returncode == 0, done.stderr
        assert (note or "") in done.stderr and bool(note) == ("note on" in done.stderr), done.stderr
        return sorted(line[3:] for line in done.stdout.splitlines() if line.startswith("+I,"))

    def fails(self, script, *parts, **options):
        done = self.run(script, **options)
        assert done.returncode == 1, f"exit code {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
        for part in parts:
            assert part in done.stderr, f"no '{part}' in {done.stderr}"

    def lane(self, table, columns, query, form="json", source="in", note="", **options):
        """What a query gives and what its bad-rows lane gets: (rows, [{raw, error, position}])."""
        shutil.rmtree(self.folder / "bad", ignore_errors=True)
        script = self.table(table, columns, source, form, **options)
        script += self.table("bad", "`raw` BYTES, error STRING, `position` STRING", "bad", "json")
        script += self.table("good", "id INT, name STRING", "good", "json")
        script += f"SET 'penstock.bad-rows.{table}' = 'bad';\n" + query
        found = self.rows(script, note)
        lines = [json.loads(line) for path in sorted((self.folder / "bad").glob("part-*"))
                 for line in path.read_text().splitlines()]
        for line in lines:
            line["raw"] = base64.b64decode(line["raw"])
        return found, sorted(lines, key=lambda line: line["position"])


def equal(got, wanted):
    assert got == wanted, f"got {got!r}\nwanted {wanted!r}"


COLUMNS = "id INT, name STRING"
QUERY = "SELECT * FROM t;"


# ---- Tests


def a_malformed_json_record_fails_the_job_with_its_place(box):
    box.file("in/x.json", '{"id":1,"name":"a"}\n{"id":2,"name":\n{"id":3,"name":"c"}\n')
    box.fails(box.table("t", COLUMNS, "in", "json") + QUERY, "PS-5003", "x.json:20", "malformed JSON",
              "ignore-parse-errors", "penstock.bad-rows")


def malformed_json_is_skipped_and_counted_or_goes_to_the_lane(box):
    box.file("in/x.json", '{"id":1,"name":"a"}\n{"id":2,"name":\n{"id":3,"name":"c"}\n')
    script = box.table("t", COLUMNS, "in", "json", json_ignore__parse__errors="true") + QUERY
    equal(box.rows(script, "1 malformed record"), ["1,a", "3,c"])
    rows, bad = box.lane("t", COLUMNS, QUERY, note="1 malformed record")
    equal(rows, ["1,a", "3,c"])
    equal([line["raw"] for line in bad], [b'{"id":2,"name":'])
    assert bad[0]["position"].endswith("x.json:20") and "malformed JSON" in bad[0]["error"], bad


def a_wrong_type_fails_is_null_or_goes_to_the_lane(box):
    box.file("in/x.json", '{"id":1,"name":"a"}\n{"id":"x","name":"b"}\n')
    box.fails(box.table("t", COLUMNS, "in", "json") + QUERY, "PS-5003", "x.json:20", "as INT")
    script = box.table("t", COLUMNS, "in", "json", json_ignore__parse__errors="true") + QUERY
    equal(box.rows(script, "1 unreadable field read as NULL"), [",b", "1,a"])
    rows, bad = box.lane("t", COLUMNS, QUERY, note="1 malformed record")
    equal((rows, [line["raw"] for line in bad]), (["1,a"], [b'{"id":"x","name":"b"}']))


def a_missing_field_is_null_unless_it_shall_fail(box):
    box.file("in/x.json", '{"id":1}\n{"id":2,"name":"b"}\n')
    equal(box.rows(box.table("t", COLUMNS, "in", "json") + QUERY), ["1,", "2,b"])
    strict = {"json_fail__on__missing__field": "true"}
    box.fails(box.table("t", COLUMNS, "in", "json", **strict) + QUERY, "PS-5003", "x.json:0", "'name'")
    rows, bad = box.lane("t", COLUMNS, QUERY, note="1 malformed record", **strict)
    equal((rows, [line["raw"] for line in bad]), (["2,b"], [b'{"id":1}']))


def invalid_utf8_is_a_bad_record_in_every_text_format(box):
    box.file("in/x.json", b'{"id":1,"name":"\xff\xfe"}\n{"id":2,"name":"b"}\n')
    box.fails(box.table("t", COLUMNS, "in", "json") + QUERY, "PS-5003", "x.json:0", "UTF-8")
    rows, bad = box.lane("t", COLUMNS, QUERY, note="1 malformed record")
    equal((rows, [line["raw"] for line in bad]), (["2,b"], [b'{"id":1,"name":"\xff\xfe"}']))
    box.file("csv/x.csv", b"1,\xff\n2,b\n")
    box.fails(box.table("t", COLUMNS, "csv", "csv") + QUERY, "PS-5003", "x.csv:0", "UTF-8")
    rows, bad = box.lane("t", COLUMNS, QUERY, form="csv", source="csv", note="1 malformed record")
    equal((rows, [line["raw"] for line in bad]), (["2,b"], [b"1,\xff"]))
    box.file("raw/x.txt", b"\xff\nb\n")
    box.fails(box.table("t", "line STRING", "raw", "raw") + QUERY, "PS-5003", "x.txt:0", "UTF-8")
    rows, bad = box.lane("t", "line STRING", QUERY, form="raw", source="raw", note="1 malformed record")
    equal((rows, [line["raw"] for line in bad]), (["b"], [b"\xff"]))


def csv_records_of_another_length_or_type_are_bad(box):
    box.file("csv/x.csv", '1,a\n2\n3,c,d\nx,e\n4,"f\n')
    box.fails(box.table("t", COLUMNS, "csv", "csv") + QUERY, "PS-5003", "x.csv:4", "row length mismatch")
    rows, bad = box.lane("t", COLUMNS, QUERY, form="csv", source="csv", note="4 malformed records")
    equal(rows, ["1,a"])
    equal(sorted(line["raw"] for line in bad), [b"2", b"3,c,d", b'4,"f', b"x,e"])
    script = box.table("t", COLUMNS, "csv", "csv", csv_ignore__parse__errors="true") + QUERY
    equal(box.rows(script, "2 malformed records, 2 unreadable fields read as NULL"), [",e", "1,a", "2,"])


def a_null_literal_is_no_error(box):
    box.file("csv/x.csv", "n/a,a\n2,n/a\n")
    script = box.table("t", COLUMNS, "csv", "csv", csv_null__literal="n/a") + QUERY
    equal(box.rows(script), [",a", "2,"])


def the_lane_works_for_a_statement_set(box):
    box.file("in/x.json", '{"id":1,"name":"a"}\n{"id":\n{"id":3,"name":"c"}\n')
    script = box.table("t", COLUMNS, "in", "json") + box.table("one", "id INT", "one", "json")
    script += box.table("two", "name STRING", "two", "json")
    script += box.table("bad", "error STRING, `raw` STRING, `position` STRING", "bad", "csv")
    script += "SET 'penstock.bad-rows.t' = 'bad';\nEXECUTE STATEMENT SET BEGIN INSERT INTO one SELECT id FROM t;\n"
    done = box.run(script + "INSERT INTO two SELECT name FROM t WHERE id > 1; END;\n")
    assert done.returncode == 0 and "1 malformed record" in done.stderr, done.stderr
    count = {name: sum(len(path.read_text().splitlines()) for path in (box.folder / name).glob("part-*"))
             for name in ("one", "two", "bad")}
    equal(count, {"one": 2, "two": 1, "bad": 1})


def a_record_that_is_too_long_is_bad_and_the_rest_is_read(box):
    long = '{"id":2,"name":"' + "x" * 3_000_000 + '"}\n'
    box.file("in/x.json", '{"id":1,"name":"a"}\n' + long + '{"id":3,"name":"c"}\n')
    limit = "SET 'penstock.max-record-size.t' = '1 mb';\n"
    box.fails(box.table("t", COLUMNS, "in", "json") + limit + QUERY, "PS-5003", "longer than 1048576 bytes",
              "penstock.max-record-size")
    rows, bad = box.lane("t", COLUMNS, limit + QUERY, note="1 malformed record")
    equal((rows, len(bad), bad[0]["raw"][:15], len(bad[0]["raw"])), (["1,a", "3,c"], 1, b'{"id":2,"name":', 1000))
    equal(len(box.rows(box.table("t", COLUMNS, "in", "json") + QUERY)), 3)
    box.fails(box.table("t", COLUMNS, "in", "json") + limit.replace("1 mb", "much") + QUERY, "PS-4003",
              "penstock.max-record-size")


def deeply_nested_json_is_text_or_a_bad_record(box):
    deep = "[" * 50_000 + "]" * 50_000
    box.file("in/x.json", '{"id":1,"name":' + deep + ',"skipped":' + deep + '}\n{"id":2,"name":"b"}\n')
    equal(box.rows(box.table("t", COLUMNS, "in", "json") + "SELECT id, CHAR_LENGTH(name) FROM t;"), ["1,100000", "2,1"])
    script = box.table("t", "id ARRAY<INT>", "in", "json") + QUERY
    box.file("in/x.json", '{"id":' + deep + "}\n")
    box.fails(script, "PS-5003", "x.json:0")


def cut_off_and_corrupt_compressed_files_are_errors(box):
    packed = gzip.compress(b'{"id":1,"name":"a"}\n' * 1000)
    box.file("cut/x.json.gz", packed[: len(packed) // 2])
    box.fails(box.table("t", COLUMNS, "cut", "json") + QUERY, "x.json.gz", "cut off")
    box.file("bad/x.json.gz", packed[:30] + b"\0\0\0\0" + packed[34:])
    box.fails(box.table("t", COLUMNS, "bad", "json") + QUERY, "x.json.gz", "cannot decompress")
    box.file("not/x.json.gz", b"no gzip at all")
    box.fails(box.table("t", COLUMNS, "not", "json") + QUERY, "x.json.gz", "cannot decompress")
    box.file("zst/x.json.zst", b"\x28\xb5\x2f\xfd\x04\x00garbage")
    box.fails(box.table("t", COLUMNS, "zst", "json") + QUERY, "x.json.zst", "cannot decompress")


def broken_parquet_files_are_errors(box):
    script = box.table("t", "id BIGINT, name STRING", "pq", "parquet")
    values = ", ".join(f"({i}, 'name {i}')" for i in range(2000))
    equal(box.run(script + f"INSERT INTO t VALUES {values};").returncode, 0)
    (part,) = (box.folder / "pq").glob("part-*")
    whole = part.read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "empty": b"", "text": b"hello, world",
                          "footer": whole[:-200] + bytes(192) + whole[-8:]}.items():
        box.file(f"{name}/x.parquet", content)
        box.fails(box.table("t", "id BIGINT, name STRING", name, "parquet") + QUERY, "x.parquet")
    for at in range(4, len(whole) - 8, 61):  # never a crash, whatever byte is wrong
        box.file("flip/x.parquet", whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        done = box.run(box.table("t", "id BIGINT, name STRING", "flip", "parquet") + "SELECT COUNT(name) FROM t;")
        assert done.returncode in (0, 1), f"byte {at}: exit code {done.returncode}: {done.stderr[-300:]}"
    wrong = box.table("t", "id ARRAY<INT>, name STRING", "pq", "parquet")
    box.fails(wrong + QUERY, "id")


def a_path_that_does_not_exist_is_an_error(box):
    box.fails(box.table("t", COLUMNS, "nowhere", "json") + QUERY, "nowhere", "t")


def too_much_for_a_small_disk(box):
    script = """CREATE TABLE t (id BIGINT, word STRING) WITH ('connector'='datagen', 'number-of-rows'='100000');\n"""
    return script + box.table("o", "id BIGINT, word STRING", "out", "json") + "INSERT INTO o SELECT * FROM t;"


def a_file_that_may_not_grow_fails_the_job_and_leaves_no_half_file(box):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    box.fails(too_much_for_a_small_disk(box), "out/", "File too large", preexec_fn=limited)
    equal([path.name for path in (box.folder / "out").glob("*")], [])


def a_full_disk_at_the_sink_fails_the_job_and_leaves_no_half_file(box):
    """A disk of 256 KB, mounted in a name space of its own."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        print("skipped a_full_disk_at_the_sink_fails_the_job_and_leaves_no_half_file: no user name spaces here")
        return
    box.file("script.sql", too_much_for_a_small_disk(box))
    (box.folder / "out").mkdir()
    command = f"mount -t tmpfs -o size=256k none out && {box.penstock} run script.sql; echo $?; ls -A out"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", command], cwd=box.folder, capture_output=True, text=True,
                          timeout=120)
    equal(done.stdout, "1\n")
    for part in ("out/", "No space left on device", "free space on the device"):
        assert part in done.stderr, done.stderr


def a_typo_in_a_column_is_told_with_its_place_and_what_was_meant(box):
    box.file("in/x.json", '{"id":1,"name":"a"}\n')
    box.fails(box.table("t", COLUMNS, "in", "json") + "SELECT id,\n  nmae FROM t;", "PS-2002 at 3:3", "'nmae'", "name")
    box.fails(box.table("t", COLUMNS, "in", "json") + "SELECT * FROM tt;", "PS-2001 at 2:15", "'tt'")
    box.fails(box.table("t", COLUMNS, "in", "jsn") + QUERY, "PS-4005", "jsn")
    box.fails(box.table("t", COLUMNS, "in", "json", json_ignore__parse__error="true") + QUERY, "PS-4003",
              "json.ignore-parse-error")


def a_typo_in_the_name_of_a_lane_is_noticed(box):
    box.file("in/x.json", '{"id":1,"name":"a"}\n')
    script = box.table("t", COLUMNS, "in", "json") + "SET 'penstock.bad-rows.tt' = 'bad';\n" + QUERY
    equal(box.rows(script, "penstock.bad-rows.tt"), ["1,a"])
    box.fails(box.table("t", COLUMNS, "in", "json") + "SET 'penstock.bad-rows.t' = 'bda';\n" + QUERY, "PS-2001", "bda")


def expressions_of_any_size_are_computed_or_refused(box):
    one = " FROM (VALUES (1)) AS t (a);"
    equal(box.rows("SELECT a" + one.replace(";", " WHERE a IN (") + ",".join(map(str, range(100_000))) + ");"), ["1"])
    equal(box.rows("SELECT a" + one.replace(";", " WHERE ") + " OR ".join(f"a = {i}" for i in range(20_000)) + ";"), ["1"])
    equal(box.rows("SELECT a" + one.replace(";", " WHERE ") + " AND ".join(["a = 1"] * 20_000) + ";"), ["1"])
    equal(box.rows("SELECT " + " + ".join(["a"] * 900) + one), ["900"])
    for text in (" + ".join(["a"] * 20_000), " || ".join(["'a'"] * 20_000), "(" * 20_000 + "a" + ")" * 20_000,
                 "ABS(" * 20_000 + "a" + ")" * 20_000, "NOT " * 20_000 + "TRUE", "- " * 20_000 + "a", "a" + "[1]" * 20_000,
                 "CASE WHEN TRUE THEN " * 5000 + "a" + " END" * 5000, "a" + " IS NULL" * 20_000):
        box.fails("SELECT " + text + one, "PS-1004 at 1:")
    box.fails(" UNION ALL ".join(["SELECT 1 AS a"] * 5000) + ";", "PS-1004")
    box.fails("SELECT * FROM " + "(SELECT * FROM " * 3000 + "t" + ")" * 3000 + ";", "PS-1004")
    box.fails("CREATE TABLE x (a " + "ARRAY<" * 20_000 + "INT" + ">" * 20_000 + ") WITH ('connector'='blackhole');", "PS-1004")


def options_that_overflow_are_refused(box):
    box.file("in/x.json", '{"id":1,"name":"a"}\n')
    huge = "99999999999999999999"
    for key, value in {"source.monitor-interval": f"{huge} s", "sink.rolling-policy.file-size": f"{huge} MB"}.items():
        script = box.table("t", COLUMNS, "in", "json").replace(");", f", '{key}' = '{value}');")
        done = box.run(script + "INSERT INTO t VALUES (1, 'a');")
        assert done.returncode == 1 and key in done.stderr, f"{key}: {done.returncode} {done.stderr}"
    script = f"CREATE TABLE g (a INT) WITH ('connector'='datagen', 'number-of-rows'='{huge}');\nSELECT * FROM g;"
    box.fails(script, "number-of-rows")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penstock", required=True)
    parser.add_argument("--filter", default="")
    arguments = parser.parse_args()
    penstock = pathlib.Path(arguments.penstock).resolve()
    tests = [(name, value) for name, value in list(globals().items())
             if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("box",)
             and arguments.filter in name]
    failed = 0
    for name, test in tests:
        with tempfile.TemporaryDirectory(prefix="penstock-input-") as folder:
            try:
                test(Input(penstock, pathlib.Path(folder)))
            except Exception:  # noqa: BLE001: any failure is the test's outcome
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
