"""A client of somebody else's making: PyPI stomp.py over a WebSocket against the real binary.

Connects, subscribes, prays with a receipt, reads its errors, acknowledges, sends in a transaction, hears heart-beats, and
connects again after the server was killed. Usage: stompers.py PATH_OF_ORISON
"""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

import stomp

STUCK_S = 60
BEAT_MS = 10_000


def start(orison, directory, port):
    """The server and the addresses it printed."""
    server = subprocess.Popen(
        [orison, "serve", "--data", directory, "--rest", "127.0.0.1:0", "--ws", "off", "--admin", "off",
         "--stomp", f"127.0.0.1:{port}", "--durability", "journaled", "--log", "warn"],
        stdout=subprocess.PIPE, text=True)
    addresses = {}
    while len(addresses) < 2:
        line = server.stdout.readline()
        assert line, "the server ended before it listened"
        if line.startswith("listening "):
            _, name, url = line.split()
            addresses[name] = url
    return server, addresses["rest"], int(addresses["stomp"].rsplit(":", 1)[1])


class Listener(stomp.ConnectionListener):
    """Keeps what comes; whoever waits for something is woken at each piece."""

    def __init__(self):
        self.changed = threading.Condition()
        self.connected, self.receipts, self.beats, self.disconnected = [], [], 0, False
        self.messages = {}
        self.frames = []

    def keep(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    def on_connected(self, frame):
        self.keep(lambda: self.connected.append(frame.headers))

    def on_message(self, frame):
        def add():
            self.frames.append(frame)
            self.messages.setdefault(frame.headers["subscription"], []).append(json.loads(frame.body))
        self.keep(add)

    def on_receipt(self, frame):
        self.keep(lambda: self.receipts.append(frame.headers["receipt-id"]))

    def on_error(self, frame):
        raise AssertionError(f"ERROR {frame.headers}")

    def on_heartbeat(self):
        def count():
            self.beats += 1
        self.keep(count)

    def on_disconnected(self):
        def note():
            self.disconnected = True
        self.keep(note)

    def until(self, is_so, what):
        with self.changed:
            assert self.changed.wait_for(is_so, STUCK_S), f"stuck: {what}"

    def of(self, subscription):
        return self.messages.get(subscription, [])


def connect(port):
    listener = Listener()
    connection = stomp.WSStompConnection([("127.0.0.1", port)], ws_path="/ws", heartbeats=(BEAT_MS, BEAT_MS))
    connection.set_listener("", listener)
    connection.connect(wait=True)
    listener.until(lambda: listener.connected, "CONNECTED")
    return connection, listener


def totals(rest):
    with urllib.request.urlopen(rest + "/api/v1/prayer", timeout=10) as answer:
        return json.loads(answer.read())


def pray(connection, body, **headers):
    connection.send("/app/prayer", json.dumps(body), content_type="application/json", **headers)


def converse(connection, heard):
    """3 up and 2 down are acknowledged."""
    assert heard.connected[0]["version"] == "1.2", heard.connected
    connection.subscribe("/topic/prayer", id="p")
    connection.subscribe("/user/queue/errors", id="e")
    heard.until(lambda: heard.of("p"), "the state at once")
    pray(connection, {"side": "up", "count": 3}, receipt="prayed")
    heard.until(lambda: "prayed" in heard.receipts, "the receipt of a prayer")
    heard.until(lambda: heard.of("p")[-1]["upCount"] == 3, "the prayer is counted")
    pray(connection, {"side": "left", "count": 1})
    heard.until(lambda: any(e["code"] == "INVALID_SIDE" for e in heard.of("e")), "INVALID_SIDE")
    transaction = connection.begin()
    for _ in range(2):
        pray(connection, {"side": "down", "count": 1}, transaction=transaction)
    connection.commit(transaction)
    heard.until(lambda: heard.of("p")[-1]["downCount"] == 2, "the transaction is counted")
    connection.subscribe("/topic/statistics.BTC-KRW", id="s", ack="client-individual")
    heard.until(lambda: heard.of("s"), "the statistics at once")
    frame = next(f for f in heard.frames if f.headers["subscription"] == "s")
    connection.nack(frame.headers["ack"])
    heard.until(lambda: len(heard.of("s")) == 2, "a message that was not acknowledged comes again")
    again = heard.frames[-1]
    assert again.headers["redelivered"] == "true", again.headers
    connection.ack(again.headers["ack"])
    for _ in range(40):
        pray(connection, {"side": "left", "count": 1})
    heard.until(lambda: any(e["code"] == "RATE_LIMIT_EXCEEDED" for e in heard.of("e")), "RATE_LIMIT_EXCEEDED")
    connection.unsubscribe("s")
    heard.until(lambda: heard.beats > 0, "a heart-beat of the server")


def main():
    orison = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        server, rest, port = start(orison, directory, 0)
        try:
            connection, heard = connect(port)
            converse(connection, heard)
            server.send_signal(signal.SIGKILL)
            server.wait()
            heard.until(lambda: heard.disconnected, "the end of the connection")
            server, rest, port = start(orison, directory, port)
            after = totals(rest)
            assert (after["upCount"], after["downCount"]) == (3, 2), after
            connection, heard = connect(port)
            connection.subscribe("/topic/prayer", id="p")
            heard.until(lambda: heard.of("p") and heard.of("p")[0]["upCount"] == 3, "the count after kill -9")
            connection.disconnect(receipt="bye")
            heard.until(lambda: "bye" in heard.receipts, "the receipt of DISCONNECT")
        finally:
            server.kill()
            server.wait()
    print("stomp.py over a WebSocket: ok, counts survived kill -9")


if __name__ == "__main__":
    main()
