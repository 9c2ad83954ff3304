#!/usr/bin/env python3
"""Formats of messages against a real broker and a real schema registry: schemas that change while a job reads, what a
sink registers, change records with their metadata.

Starts a broker and a registry on free ports with the peers scripts and stops them at the end. Prints one line a test;
exit code 77 when a script is missing.
"""
import argparse
import base64
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

from peers import ROOT, SKIPPED, Kafka, Missing, Registry, run_tests


def number(value):
    """Avro's int and long."""
    bits, out = (value << 1) ^ (value >> 63), bytearray()
    while bits >= 128:
        out.append(bits & 127 | 128)
        bits >>= 7
    return bytes(out) + bytes([bits])


def text(value):
    return number(len(value.encode())) + value.encode()


def double(value):
    return struct.pack("<d", value)


def record(name, *fields):
    return json.dumps({"type": "record", "name": name, "fields": [json.loads(field) for field in fields]})


def field(name, kind, **more):
    return json.dumps({"name": name, "type": kind, **more})


def kind_of(*symbols, **more):
    return field("kind", {"type": "enum", "name": "Kind", "symbols": symbols, **more})


# What protoc makes of: syntax = "proto3"; package acme; message Order { enum Kind { NONE = 0; BIG = 5; }
# message Address { string city = 1; int32 zip = 2; } int64 id = 1; Kind kind = 2; repeated sint32 deltas = 3;
# Address address = 4; map<string, double> prices = 5; }
ORDER_DESCRIPTORS = base64.b64decode(
    "CtoCCgtvcmRlci5wcm90bxIEYWNtZSK8AgoFT3JkZXISDgoCaWQYASABKANSAmlkEiQKBGtpbmQYAiABKA4yEC5hY21lLk9yZGVy"
    "LktpbmRSBGtpbmQSFgoGZGVsdGFzGAMgAygRUgZkZWx0YXMSLQoHYWRkcmVzcxgEIAEoCzITLmFjbWUuT3JkZXIuQWRkcmVzc1IH"
    "YWRkcmVzcxIvCgZwcmljZXMYBSADKAsyFy5hY21lLk9yZGVyLlByaWNlc0VudHJ5UgZwcmljZXMaLwoHQWRkcmVzcxISCgRjaXR5"
    "GAEgASgJUgRjaXR5EhAKA3ppcBgCIAEoBVIDemlwGjkKC1ByaWNlc0VudHJ5EhAKA2tleRgBIAEoCVIDa2V5EhQKBXZhbHVlGAIg"
    "ASgBUgV2YWx1ZToCOAEiGQoES2luZBIICgROT05FEAASBwoDQklHEAViBnByb3RvMw==")
# Order(id=-5, kind=BIG, deltas=[0, -1, 300], address=Address(city="Rome", zip=12), prices={"a": 1.5}), by Python's protobuf.
ORDER = base64.b64decode("CPv//////////wEQBRoEAAHYBCIICgRSb21lEAwqDAoBYREAAAAAAAD4Pw==")


class Test:
    def __init__(self, penstock, broker, registry, folder):
        self.penstock, self.broker, self.registry, self.folder = penstock, broker, registry, folder

    def table(self, name, topic, columns, **options):
        given = {"connector": "kafka", "topic": topic, "properties.bootstrap.servers": self.broker.servers}
        given.update(options)
        listed = ", ".join(f"'{key}' = '{value}'" for key, value in given.items())
        return f"CREATE TABLE {name} ({columns}) WITH ({listed});\n"

    def command(self, script):
        path = self.folder / f"script-{time.monotonic_ns()}.sql"
        path.write_text(script)
        return [str(self.penstock), "run", str(path), "--format", "json"]

    def run(self, script, fails=False):
        done = subprocess.run(self.command(script), text=True, capture_output=True, timeout=120)
        assert (done.returncode != 0) == fails, f"exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr}"
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if fails:
            return " ".join(line.get("message", "") for line in lines) + done.stderr
        return [(line["kind"], line["row"]) for line in lines if "row" in line]

    def read(self, topic, columns, query="SELECT * FROM t;", **options):
        """What a topic holds now."""
        options = {"scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset", **options}
        return self.run(self.table("t", topic, columns, **options) + query)

    def produce(self, topic, messages):
        """Messages of any bytes."""
        values = ", ".join(f"(X'{message.hex()}')" for message in messages)
        self.run(self.table("t", topic, "v BYTES", format="raw") + f"INSERT INTO t VALUES {values};")

    def register(self, subject, schema):
        body = json.dumps({"schema": schema}).encode()
        request = urllib.request.Request(f"{self.registry.url}/subjects/{subject}/versions", body,
                                         {"Content-Type": "application/vnd.schemaregistry.v1+json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["id"]

    def wait_for(self, topic, columns, count, **options):
        """Reads the topic until it holds so many rows."""
        end = time.monotonic() + 60
        while True:
            rows = [row for _, row in self.read(topic, columns, format="json", **options)]
            if len(rows) >= count or time.monotonic() > end:
                assert len(rows) == count, f"{topic}: {len(rows)} rows, wanted {count}: {rows[-3:]}"
                return rows

    # ---- Tests

    def schemas_change_while_a_job_reads(self):
        """Five changes of the writer's schema: rows resolved or bad with their schema's id, none lost."""
        for topic in ("orders", "good", "bad"):
            self.broker.topic(topic, 1)
        wanted = record("Order", field("id", "long"), kind_of("A", "B", "OTHER", default="OTHER"),
                        field("amount", ["null", "double"], default=None), field("region", "string", default="eu"),
                        field("note", ["null", "string"], default=None))
        columns = "id BIGINT NOT NULL, kind STRING NOT NULL, amount DOUBLE, region STRING NOT NULL, note STRING"
        bad_columns = "`raw` BYTES, error STRING, `position` STRING"
        script = "SET 'penstock.bad-rows.orders' = 'bad';\n" + self.table(
            "orders", "orders", columns, format="avro-confluent", **{
                "avro-confluent.url": self.registry.url, "avro-confluent.schema": wanted,
                "scan.startup.mode": "earliest-offset"})
        script += self.table("good", "good", columns, format="json") + self.table("bad", "bad", bad_columns, format="json")
        script += "INSERT INTO good SELECT * FROM orders;"
        amount = field("amount", "double")
        versions = [  # schema, (record, good row or None for bad) each
            (record("Order", field("id", "int"), kind_of("A", "B"), amount),
             [(number(i) + number(i % 2) + double(i / 2), [i, "AB"[i % 2], i / 2, "eu", None]) for i in range(5)]),
            # a field more
            (record("Order", field("id", "int"), field("extra", {"type": "array", "items": "string"}),
                    kind_of("A", "B"), amount, field("note", ["null", "string"], default=None)),
             [(number(10) + number(1) + text("x") + number(0) + number(0) + double(1) + number(1) + text("hi"),
               [10, "A", 1.0, "eu", "hi"])]),
            # a field less
            (record("Order", field("id", "int"), kind_of("A", "B")),
             [(number(20 + i) + number(1), [20 + i, "B", None, "eu", None]) for i in range(3)]),
            # a wider number
            (record("Order", field("id", "long"), kind_of("A", "B"), amount),
             [(number(1 << 40) + number(0) + double(2.5), [1 << 40, "A", 2.5, "eu", None])]),
            # a type that does not go with the table's
            (record("Order", field("id", "string"), kind_of("A", "B")), [(text("five") + number(0), None)] * 4),
            # a symbol more, and a branch more, which only some records use
            (record("Order", field("id", "long"), kind_of("A", "B", "C"), field("amount", ["null", "double", "string"])),
             [(number(50) + number(2) + number(1) + double(3), [50, "OTHER", 3.0, "eu", None]),
              (number(51) + number(0) + number(2) + text("three"), None),
              (number(52) + number(0) + number(0), [52, "A", None, "eu", None])])]
        job = subprocess.Popen(self.command(script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        good, bad, ids = [], 0, {}
        try:
            for version, (schema, records) in enumerate(versions):
                ids[version] = self.register(f"orders-{version}", schema)
                self.produce("orders", [b"\0" + struct.pack(">i", ids[version]) + data for data, _ in records])
                good += [row for _, row in records if row]
                bad += sum(row is None for _, row in records)
                assert sorted(self.wait_for("good", columns, len(good))) == sorted(good)
            rows = self.wait_for("bad", bad_columns, bad)
            assert job.poll() is None, job.stdout.read()[-2000:]
        finally:
            job.terminate()
            job.communicate(timeout=60)
        errors = [error for _, error, _ in rows]
        assert len(good) + len(rows) == sum(len(records) for _, records in versions)
        assert sum(f"schema id {ids[4]}: field 'id'" in error for error in errors) == 4, errors
        assert sum(f"schema id {ids[5]}: " in error for error in errors) == 1, errors

    def a_sink_registers_its_schema(self):
        """Rows written by one job and read by another, key and value through the registry."""
        self.broker.topic("copy", 2)
        columns = "id BIGINT NOT NULL, at TIMESTAMP(3), price DECIMAL(10, 2), tags ARRAY<STRING>, who ROW<name STRING, age INT>"
        options = {"key.format": "avro-confluent", "key.fields": "id", "value.format": "avro-confluent",
                   "key.avro-confluent.url": self.registry.url, "value.avro-confluent.url": self.registry.url}
        self.run(self.table("t", "copy", columns, **options) + """INSERT INTO t VALUES
            (1, TIMESTAMP '2026-01-01 00:00:00.123', -12.34, ARRAY['a', CAST(NULL AS STRING)], ROW('ann', 30)),
            (2, CAST(NULL AS TIMESTAMP(3)), CAST(NULL AS DECIMAL(10, 2)), CAST(NULL AS ARRAY<STRING>),
             CAST(NULL AS ROW<name STRING, age INT>));""")
        subjects = self.registry.call("subjects").split()
        assert {"copy-key", "copy-value"} <= set(subjects), subjects
        rows = sorted(row for _, row in self.read("copy", columns, **options))
        assert rows == [[1, "2026-01-01 00:00:00.123", -12.34, ["a", None], {"name": "ann", "age": 30}],
                        [2, None, None, None, None]], rows
        error = self.run(self.table("t", "copy", "id STRING", format="avro-confluent", **{
            "avro-confluent.url": self.registry.url, "avro-confluent.subject": "copy-key"}) +
            "INSERT INTO t VALUES ('x');", fails=True)
        assert "refuses the schema for subject 'copy-key'" in error, error

    def a_registry_that_is_not_there_is_named(self):
        """The job fails and says which address does not answer."""
        self.broker.topic("nowhere", 1)
        self.produce("nowhere", [b"\0\0\0\0\1\2"])
        options = {"scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset",
                   "avro-confluent.url": "http://127.0.0.1:1"}
        error = self.run(self.table("t", "nowhere", "a INT", format="avro-confluent", **options) + "SELECT * FROM t;",
                         fails=True)
        assert "http://127.0.0.1:1/schemas/ids/1" in error, error

    def bare_records_round_trip(self):
        """Format avro: records without a header."""
        self.broker.topic("bare", 1)
        columns = "a INT, b STRING NOT NULL, c MAP<STRING, DOUBLE>"
        self.run(self.table("t", "bare", columns, format="avro") +
                 "INSERT INTO t VALUES (1, 'x', MAP['k', 1.5]), (CAST(NULL AS INT), 'y', CAST(NULL AS MAP<STRING, DOUBLE>));")
        rows = [row for _, row in self.read("bare", columns, "SELECT b, a FROM t;", format="avro")]
        assert rows == [["x", 1], ["y", None]], rows

    def changes_and_their_metadata(self):
        """Format debezium-json: operations, metadata of the record and of the connector; debezium-avro-confluent."""
        self.broker.topic("changes", 1)
        source = '"source":{"ts_ms":1000,"db":"shop","table":"t"},"ts_ms":2000'
        lines = ['{"before":null,"after":{"id":1,"n":"a"},"op":"c",%s}', '{"before":{"id":1,"n":"a"},"after":{"id":1,"n":"b"},"op":"u",%s}',
                 '{"before":{"id":1,"n":"b"},"after":null,"op":"d",%s}']
        self.produce("changes", [(line % source).encode() for line in lines])
        columns = ("id INT, n STRING, db STRING METADATA FROM 'value.source.database' VIRTUAL, "
                   "o BIGINT METADATA FROM 'offset' VIRTUAL, at TIMESTAMP_LTZ(3) METADATA FROM 'value.ingestion-timestamp' VIRTUAL")
        rows = self.read("changes", columns, "SELECT id, n, db, o, at FROM t;", format="debezium-json")
        assert [(op, row[:4]) for op, row in rows] == [
            ("+I", [1, "a", "shop", 0]), ("-U", [1, "a", "shop", 1]), ("+U", [1, "b", "shop", 1]), ("-D", [1, "b", "shop", 2])], rows
        assert all(row[4] == "1970-01-01 00:00:02Z" for _, row in rows), rows
        # The same changes as Avro: an update is written as a deletion and a creation.
        self.broker.topic("avro_changes", 1)
        options = {"format": "debezium-avro-confluent", "debezium-avro-confluent.url": self.registry.url}
        bounded = {"scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset"}
        self.run(self.table("t", "changes", "id INT, n STRING", format="debezium-json", **bounded) +
                 self.table("copy", "avro_changes", "id INT, n STRING", **options) + "INSERT INTO copy SELECT * FROM t;")
        rows = self.read("avro_changes", "n STRING, id BIGINT", **options)
        assert rows == [("+I", ["a", 1]), ("-D", ["a", 1]), ("+I", ["b", 1]), ("-D", ["b", 1])], rows


    def upserts_through_the_registry(self):
        """Changes of a database to an upsert-kafka table whose keys and values the registry describes, and back."""
        for topic in ("rows", "upserts"):
            self.broker.topic(topic, 1)
        self.produce("rows", [b'{"after":{"id":1,"n":"a"},"op":"c"}', b'{"after":{"id":2,"n":"x"},"op":"r"}',
                              b'{"before":{"id":1,"n":"a"},"after":{"id":1,"n":"b"},"op":"u"}',
                              b'{"before":{"id":2,"n":"x"},"op":"d"}'])
        columns = "id INT NOT NULL, n STRING, PRIMARY KEY (id) NOT ENFORCED"
        options = {"connector": "upsert-kafka", "key.format": "avro-confluent", "value.format": "avro-confluent",
                   "key.avro-confluent.url": self.registry.url, "value.avro-confluent.url": self.registry.url}
        bounded = {"scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset"}
        self.run(self.table("t", "rows", columns, format="debezium-json", **bounded) +
                 self.table("u", "upserts", columns, **options) + "INSERT INTO u SELECT * FROM t;")
        state = {}
        rows = self.run(self.table("u", "upserts", columns, **options, **{"scan.bounded.mode": "latest-offset"}) +
                        "SELECT * FROM u;")
        for op, (key, value) in rows:
            if op in ("+I", "+U"):
                state[key] = value
            else:
                del state[key]
        assert state == {1: "b"}, rows

    def protobuf_messages(self):
        """A message of protobuf's own library is read, and written as the same bytes; a bad one goes to its lane."""
        descriptors = self.folder / "order.desc"
        descriptors.write_bytes(ORDER_DESCRIPTORS)
        options = {"format": "protobuf", "protobuf.descriptor-file": descriptors,
                   "protobuf.message-class-name": "com.acme.OrderProto$Order"}
        columns = "id BIGINT, kind STRING, deltas ARRAY<INT>, address ROW<city STRING, zip INT>, prices MAP<STRING, DOUBLE>"
        for topic in ("proto", "proto_copy", "proto_bad"):
            self.broker.topic(topic, 1)
        self.produce("proto", [ORDER, b"\x08"])
        bounded = {"scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset"}
        self.run("SET 'penstock.bad-rows.t' = 'bad';\n" + self.table("t", "proto", columns, **options, **bounded) +
                 self.table("bad", "proto_bad", "`raw` BYTES, error STRING, `position` STRING", format="json") +
                 self.table("copy", "proto_copy", columns, **options) + "INSERT INTO copy SELECT * FROM t;")
        assert [row for _, row in self.read("proto_copy", "v BYTES", format="raw")] == [
            [base64.b64encode(ORDER).decode()]]
        rows = [row for _, row in self.read("proto", columns, "SELECT id, kind, deltas[3], address.zip, prices['a'] FROM t;",
                                            **options, **{"protobuf.ignore-parse-errors": "true"})]
        assert rows == [[-5, "BIG", 300, 12, 1.5]], rows
        bad = [row[1:] for _, row in self.read("proto_bad", "`raw` BYTES, error STRING, `position` STRING", format="json")]
        assert bad == [["bad protobuf message: the record ends too early", "proto-0:1"]], bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", default=str(ROOT / "build" / "penstock"))
    parser.add_argument("--filter", default="", help="only tests whose name has this part")
    arguments = parser.parse_args()
    names = [name for name in ("schemas_change_while_a_job_reads", "a_sink_registers_its_schema",
                               "a_registry_that_is_not_there_is_named", "bare_records_round_trip",
                               "changes_and_their_metadata", "upserts_through_the_registry", "protobuf_messages") if arguments.filter in name]
    try:
        with tempfile.TemporaryDirectory() as folder, Kafka() as broker, Registry() as registry:
            test = Test(pathlib.Path(arguments.penstock).resolve(), broker, registry, pathlib.Path(folder))
            return run_tests("formats", [(name, getattr(test, name)) for name in names])
    except Missing as missing:
        print(f"skip   e2e formats: {missing}")
        return SKIPPED


sys.exit(main())
