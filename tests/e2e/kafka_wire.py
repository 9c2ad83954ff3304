"""A few requests of Kafka's protocol, for what no command-line tool tells: offsets as a read_committed reader sees them,
what such a reader gets and when, the deletion of a group; and topics without a process of their own. Formats: the protocol
guide of Apache Kafka (Fetch v4, ListOffsets v2, CreateTopics v2, DeleteGroups v1, record batches v2 without compression). One broker.
"""
import contextlib
import itertools
import socket
import struct
import time

FETCH, LIST_OFFSETS, CREATE_TOPICS, DELETE_GROUPS = 1, 2, 19, 42
LATEST = -1
BATCH_HEAD = struct.Struct(">qiibIhiqqqhii")  # of a record batch
COMPRESSED, TRANSACTIONAL, CONTROL = 7, 16, 32  # of its attributes


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


def open_transaction(server, topic, partitions, patience_s=20):
    """The partition in which a transaction stays open, as text; None: all are over. The broker answers EndTxn before it has
    written the markers, so these are waited for: less long than a transaction lives that nobody ends."""
    give_up = time.monotonic() + patience_s
    for partition in partitions:
        while (stable := end_offset(server, topic, partition, True)) != (end := end_offset(server, topic, partition, False)):
            if time.monotonic() > give_up:
                return f"{topic}-{partition}: readers stop at {stable}, the end is {end}: a transaction is open"
            time.sleep(0.05)
    return None


def default_partition(key, partitions):
    """Where Kafka's default partitioner puts a key: murmur2 (org.apache.kafka.common.utils.Utils)."""
    mask, factor, data = 0xffffffff, 0x5bd1e995, key.encode()
    value = 0x9747b28c ^ len(data)
    whole = len(data) & ~3
    for word, in struct.iter_unpack("<I", data[:whole]):
        word = word * factor & mask
        value = value * factor & mask ^ (word ^ word >> 24) * factor & mask
    if data[whole:]:
        value = (value ^ int.from_bytes(data[whole:], "little")) * factor & mask
    value = (value ^ value >> 13) * factor & mask
    return ((value ^ value >> 15) & 0x7fffffff) % partitions


PROGRESS, PROGRESS_PARTITIONS = "penstock-progress", 50  # docs/formats/kafka_progress.md


def newest_decided(server, job):
    """The epoch of the last committed record of progress of a job."""
    reader = CommittedReader(server, PROGRESS, [default_partition(job, PROGRESS_PARTITIONS)])
    return max((int(value.split()[2], 16) for key, value in reader.read_to_end() if key.decode() == job), default=0)


def create_topics(server, names, partitions):
    body = struct.pack(">i", len(names))
    for name in names:
        body += text(name) + struct.pack(">ihii", partitions, 1, 0, 0)  # one replica, no assignments, no configuration
    answer = request(server, CREATE_TOPICS, 2, body + struct.pack(">ib", 30_000, 0))
    at = 4 + 4  # throttle time, topics
    for name in names:
        at += 2 + len(name)
        error, size = struct.unpack_from(">hh", answer, at)
        assert error == 0, f"topic {name}: error {error}"
        at += 4 + max(0, size)
    for name, partition in itertools.product(names, range(partitions)):
        while not has_leader(server, name, partition):
            time.sleep(0.01)


def has_leader(server, topic, partition):
    try:
        return end_offset(server, topic, partition, True) >= 0
    except AssertionError:  # error 3, 5, or 6: it is not known yet
        return False


def delete_group(server, group):
    answer = request(server, DELETE_GROUPS, 1, struct.pack(">i", 1) + text(group))
    error, = struct.unpack(">h", answer[-2:])
    assert error == 0, f"group {group}: error {error}"


def varint(data, at):
    """(a zigzag number, the place behind it)."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return (value >> 1) ^ -(value & 1), at


def field(data, at):
    size, at = varint(data, at)
    return (None, at) if size < 0 else (data[at:at + size], at + size)


def records(data, count):
    """(key, value) of the records of a batch."""
    at = 0
    for _ in range(count):
        size, at = varint(data, at)
        end = at + size
        at += 1  # attributes
        for _ in range(2):  # time and offset, as differences
            _, at = varint(data, at)
        key, at = field(data, at)
        value, at = field(data, at)
        yield key, value
        at = end


class CommittedReader:
    """What a read_committed reader gets of a topic, as it becomes visible."""

    def __init__(self, server, topic, partitions):  # their numbers
        self.server, self.topic = server, topic
        self.positions = dict.fromkeys(partitions, 0)

    def skip(self):
        """Everything that is visible now was there before."""
        for partition in self.positions:
            self.positions[partition] = end_offset(self.server, self.topic, partition, True)

    def read_to_end(self):
        """[(key, value)] up to where a reader would wait now."""
        ends = {partition: end_offset(self.server, self.topic, partition, True) for partition in self.positions}
        found = []
        while any(self.positions[partition] < end for partition, end in ends.items()):
            found += self.read(wait_ms=100)  # an answer may hold nothing but what was taken back
        return found

    def read(self, wait_ms=0):
        """[(key, value)] that are new; waits a moment until there is anything."""
        body = struct.pack(">iiiibi", -1, wait_ms, 1, 1 << 24, 1, 1) + text(self.topic)
        body += struct.pack(">i", len(self.positions))
        for partition, position in self.positions.items():
            body += struct.pack(">iqi", partition, position, 1 << 22)
        answer = request(self.server, FETCH, 4, body)
        at, found = 4 + 4 + 2 + len(self.topic) + 4, []  # throttle time, topics, the name, partitions
        for _ in self.positions:
            partition, error, _, stable, aborted = struct.unpack_from(">ihqqi", answer, at)
            assert error == 0, f"{self.topic}-{partition}: error {error}"
            at += 26
            gone = [struct.unpack_from(">qq", answer, at + 16 * i) for i in range(max(0, aborted))]
            at += 16 * len(gone)
            size, = struct.unpack_from(">i", answer, at)
            at += 4 + max(0, size)
            found += self.take(partition, answer[at - max(0, size):at], stable, gone)
        return found

    def take(self, partition, data, stable, gone):
        """The records of the batches of a partition; `gone`: (producer, first offset) of transactions that were aborted."""
        at, found, aborting = 0, [], set()
        gone = sorted(gone, key=lambda one: one[1])
        while at + BATCH_HEAD.size <= len(data):
            first, size, _, _, _, attributes, last, _, _, producer, _, _, count = BATCH_HEAD.unpack_from(data, at)
            if at + 12 + size > len(data):
                break  # cut off by the limit of the answer
            inside = data[at + BATCH_HEAD.size:at + 12 + size]
            at += 12 + size
            while gone and gone[0][1] <= first + last:
                aborting.add(gone.pop(0)[0])
            assert first + last < stable, "a record behind the last stable offset"
            wanted = first + last >= self.positions[partition]
            self.positions[partition] = max(self.positions[partition], first + last + 1)
            if attributes & CONTROL:
                aborting.discard(producer)
            elif wanted and not (attributes & TRANSACTIONAL and producer in aborting):
                assert attributes & COMPRESSED == 0, "a compressed batch"
                found += records(inside, count)
        return found
