"""A few requests of Kafka's protocol, for what no command-line tool tells: offsets as a read_committed reader sees them,
and the deletion of a group. Formats: the protocol guide of Apache Kafka (ListOffsets v2, DeleteGroups v1). One broker.
"""
import contextlib
import socket
import struct

LIST_OFFSETS, DELETE_GROUPS = 2, 42
LATEST = -1


def text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def request(server, key, version, body):
    host, port = server.split(":")
    head = struct.pack(">hhi", key, version, 1) + text("penstock-tests")
    with contextlib.closing(socket.create_connection((host, int(port)), timeout=30)) as connection:
        connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        with connection.makefile("rb") as answers:
            size, = struct.unpack(">i", answers.read(4))
            return answers.read(size)[4:]  # behind the correlation id


def end_offset(server, topic, partition, committed):
    """Behind the last record; `committed`: the last stable offset, where a read_committed reader stops."""
    body = struct.pack(">ibi", -1, 1 if committed else 0, 1) + text(topic)
    body += struct.pack(">iiq", 1, partition, LATEST)
    answer = request(server, LIST_OFFSETS, 2, body)
    skip = 4 + 4 + 2 + len(topic) + 4  # throttle time, topics, the name, partitions
    number, error, _, offset = struct.unpack(">ihqq", answer[skip:skip + 22])
    assert (number, error) == (partition, 0), (number, error)
    return offset


def delete_group(server, group):
    answer = request(server, DELETE_GROUPS, 1, struct.pack(">i", 1) + text(group))
    error, = struct.unpack(">h", answer[-2:])
    assert error == 0, f"group {group}: error {error}"
