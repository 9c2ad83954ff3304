"""The clients of bench/exactly_once.py, on librdkafka: a process of its own, so that it is not what is measured.

  load SERVERS TOPIC COUNT          writes COUNT events, 100 ms of event time apart, as fast as it can
  watch SERVERS IN OUT RATE SECONDS  writes RATE events a second with the time they were made, reads what was committed of
                                    them in OUT, and prints a line "made received" (seconds since 1970) for each
"""
import datetime
import json
import sys
import threading
import time

from confluent_kafka import Consumer, Producer

KEYS = 1000
START = datetime.datetime(2026, 1, 1)


def event(number, made):
    at = START + datetime.timedelta(milliseconds=number * 100)
    return json.dumps({"id": number, "k": number * 7919 % KEYS, "made": made, "ts": f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
                       "note": "forty bytes that nobody reads, as usual."}).encode()


def send(producer, topic, number, made):
    while True:
        try:
            return producer.produce(topic, event(number, made), partition=number % 2)
        except BufferError:
            producer.poll(0.1)


def load(servers, topic, count):
    producer = Producer({"bootstrap.servers": servers, "queue.buffering.max.messages": 500_000, "linger.ms": 50})
    for number in range(int(count)):
        send(producer, topic, number, 0.0)
        producer.poll(0)
    producer.flush()


def watch(servers, source, sink, rate, seconds):
    rate, seconds = int(rate), float(seconds)
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "watch", "isolation.level": "read_committed",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False, "fetch.wait.max.ms": 5,
                         "topic.metadata.refresh.interval.ms": 500})
    consumer.subscribe([sink])
    stop, received = threading.Event(), []

    def read():
        while not stop.is_set():
            for message in consumer.consume(500, 0.02):
                if not message.error():
                    received.append((json.loads(message.value())["made"], time.time()))

    reader = threading.Thread(target=read)
    reader.start()
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 1})
    began, number = time.time(), 0
    while (now := time.time()) < began + seconds:
        while number < (now - began) * rate:
            send(producer, source, number, time.time())
            number += 1
        producer.poll(0.001)
    producer.flush()
    time.sleep(3)  # what is on its way
    stop.set()
    reader.join()
    consumer.close()
    print("\n".join(f"{made} {at}" for made, at in received))


{"load": load, "watch": watch}[sys.argv[1]](*sys.argv[2:])
