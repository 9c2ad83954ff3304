"""A proxy in front of a broker, for faults of the network: connections that are cut, that stand still with nobody saying
so, answers that are lost, requests that arrive late.

A broker tells its clients an address of its own; the proxy writes its port over that in every answer, so that they stay
with it. It sees whole requests and answers (a length, then the request's kind or the answer's number).
"""
import contextlib
import socket
import struct
import threading

PRODUCE, FETCH, INIT_PRODUCER, END_TXN = 0, 1, 22, 26
LOSE, HOLD = "lose", "hold"


def read_exactly(connection, size):
    """None where the connection ends."""
    data = b""
    while len(data) < size:
        try:
            part = connection.recv(size - len(data))
        except OSError:
            return None
        if not part:
            return None
        data += part
    return data


def read_frame(connection):
    head = read_exactly(connection, 4)
    return read_exactly(connection, struct.unpack(">i", head)[0]) if head else None


def send_frame(connection, frame):
    with contextlib.suppress(OSError):  # whoever reads from it notices
        connection.sendall(struct.pack(">i", len(frame)) + frame)


def close(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class Link:
    """A connection of a client and the one to the broker that goes with it."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.moving = threading.Event()  # cleared: nothing gets through, and nobody says so
        self.moving.set()
        self.lost = None  # the number of the answer that is to be lost

    def cut(self):
        close(self.client)
        close(self.server)
        self.moving.set()


class Proxy:
    """With `with`, it listens on a free port inside the block."""

    def __init__(self, server):
        host, port = server.split(":")
        self.target, self.told = (host, int(port)), host.encode() + struct.pack(">i", int(port))
        self.lock = threading.Lock()
        self.links, self.orders, self.held = [], [], []
        self.left = []  # links that are half open, or whose request is held back
        self.frozen = False
        self.seen = {}  # requests that went through, by kind

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.servers, self.own = f"127.0.0.1:{port}", self.target[0].encode() + struct.pack(">i", port)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        close(self.listener)
        self.cut()
        for link in self.left:
            link.cut()

    # ---- What a test orders

    def cut(self):
        """Ends all connections; new ones are welcome."""
        with self.lock:
            links, self.links = self.links, []
        for link in links:
            link.cut()

    def silence(self):
        """Half open: the connections that are there stay, and nothing gets through any more; new ones are welcome."""
        with self.lock:
            links, self.links = self.links, []
            self.left += links
        for link in links:
            link.moving.clear()

    def freeze(self, frozen):
        """Nothing gets through, neither old connections nor new ones, until it is thawed."""
        with self.lock:
            self.frozen = frozen
            for link in self.links:
                link.moving.clear() if frozen else link.moving.set()

    def order(self, kind, what):
        """Of the next request of this kind, LOSE the answer, with the connection; or cut the connection and HOLD the
        request back until release()."""
        with self.lock:
            self.orders.append((kind, what))

    def carried_out(self):
        with self.lock:
            return not self.orders

    def release(self):
        """What was held back arrives."""
        with self.lock:
            held, self.held = self.held, []
        for link, frame in held:
            send_frame(link.server, frame)

    # ---- Its threads

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, timeout=30)
            except OSError:  # the broker is away
                close(client)
                continue
            server.settimeout(None)
            link = Link(client, server)
            with self.lock:
                self.links.append(link)
                if self.frozen:
                    link.moving.clear()
            for pump in (self.pump_requests, self.pump_answers):
                threading.Thread(target=pump, args=(link,), daemon=True).start()

    def ordered(self, kind):
        with self.lock:
            self.seen[kind] = self.seen.get(kind, 0) + 1
            for order in self.orders:
                if order[0] == kind:
                    self.orders.remove(order)
                    return order[1]
        return None

    def pump_requests(self, link):
        while (frame := read_frame(link.client)) is not None:
            link.moving.wait()
            kind, _, number = struct.unpack(">hhi", frame[:8])
            order = self.ordered(kind)
            if order == HOLD:
                with self.lock:
                    self.held.append((link, frame))
                    self.left.append(link)
                    self.links.remove(link)
                return close(link.client)
            if order == LOSE:
                link.lost = number
            send_frame(link.server, frame)
        if link not in self.left:  # else the broker goes on waiting
            link.cut()

    def pump_answers(self, link):
        while (frame := read_frame(link.server)) is not None:
            link.moving.wait()
            if struct.unpack(">i", frame[:4])[0] == link.lost:
                break
            send_frame(link.client, frame.replace(self.told, self.own))
        link.cut()
