"""A client of somebody else's making: PyPI websockets against the real binary.

Starts the server on free ports in a temporary directory, subscribes to every channel, trades over REST and over the
socket, and checks that each execution is seen once, that the book equals REST's at the same sequence, and that the
candles equal a recomputation from the executions. Usage: xtrader.py PATH_OF_ORISON
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import urllib.request
from collections import defaultdict
from decimal import Decimal

import websockets

SYMBOLS = ["BTC-KRW", "ETH-KRW", "AAPL"]
ORDERS = 600
MINUTE_MS = 60_000


def start(orison, directory):
    """The server and the addresses it printed."""
    server = subprocess.Popen(
        [orison, "serve", "--data", directory, "--rest", "127.0.0.1:0", "--ws", "127.0.0.1:0",
         "--admin", "off", "--stomp", "off", "--durability", "journaled"],
        stdout=subprocess.PIPE, text=True)
    addresses = {}
    while len(addresses) < 2:
        line = server.stdout.readline()
        assert line, "the server ended before it listened"
        if line.startswith("listening "):
            _, name, url = line.split()
            addresses[name] = url
    return server, addresses["rest"], addresses["ws"]


def rest(base, path, body=None):
    request = urllib.request.Request(base + "/api/v1" + path)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read(), parse_float=Decimal)


class Watcher:
    """Collects what the socket says; one message handler a type."""

    def __init__(self, socket):
        self.socket = socket
        self.by_type = defaultdict(list)
        self.responses = {}

    async def run(self):
        async for text in self.socket:
            message = json.loads(text, parse_float=Decimal)
            kind = message["type"]
            if kind == "Ping":
                await self.socket.send(json.dumps({"type": "Pong", "timestamp": message["timestamp"]}))
            elif kind == "OrderResponse":
                self.responses[message["request_id"]] = message
            self.by_type[kind].append(message)

    async def until(self, condition, what):
        for _ in range(400):
            if condition():
                return
            await asyncio.sleep(0.025)
        raise AssertionError(f"never seen: {what}; have { {k: len(v) for k, v in self.by_type.items()} }")


def order(rng, index):
    symbol = rng.choice(SYMBOLS)
    middle = {"BTC-KRW": 50_000_000, "ETH-KRW": 3_000_000, "AAPL": 190}[symbol]
    step = {"BTC-KRW": 1000, "ETH-KRW": 100, "AAPL": Decimal("0.01")}[symbol]
    price = middle + step * rng.randint(-8, 8)
    quantity = Decimal(rng.randint(1, 30)) / 10
    return {"symbol": symbol, "side": rng.choice(["Buy", "Sell"]), "type": "Limit", "price": str(price),
            "quantity": str(quantity), "client_order_id": f"c{index}", "account": f"trader-{index % 3}"}


async def trade(base, socket, watcher, rng):
    loop = asyncio.get_running_loop()
    over_socket = 0
    for index in range(ORDERS):
        request = order(rng, index)
        if index % 2:
            over_socket += 1
            await socket.send(json.dumps({"type": "PlaceOrder", "request_id": f"r{index}", "order": request}))
        else:
            await loop.run_in_executor(None, rest, base, "/order", request)
    await watcher.until(lambda: len(watcher.responses) == over_socket, "an answer to every order of the socket")
    assert all(r["status"] == 202 for r in watcher.responses.values()), "every order is accepted"


def rebuild_candles(executions):
    """One-minute candles from the public tape alone."""
    candles = {}
    for e in executions:
        open_time = e["timestamp"] // MINUTE_MS * MINUTE_MS
        c = candles.setdefault(open_time, {"open": e["price"], "high": e["price"], "low": e["price"],
                                           "close": e["price"], "volume": Decimal(0), "trade_count": 0})
        c["high"] = max(c["high"], e["price"])
        c["low"] = min(c["low"], e["price"])
        c["close"] = e["price"]
        c["volume"] += e["quantity"]
        c["trade_count"] += 1
    return candles


def check_executions(base, watcher):
    for symbol in SYMBOLS:
        seen = [e for e in watcher.by_type["Execution"] if e["symbol"] == symbol]
        ids = [e["exec_id"] for e in seen]
        assert len(ids) == len(set(ids)), f"{symbol}: an execution came twice"
        tape = rest(base, f"/executions/{symbol}?limit=1000")["executions"]
        assert ids == [e["exec_id"] for e in reversed(tape)], f"{symbol}: the socket's tape is not REST's"
        previous = 0
        for e in seen:
            assert e["prev_sequence"] == previous, f"{symbol}: a gap in the chain at {e['sequence']}"
            previous = e["sequence"]
        klines = rest(base, f"/klines/{symbol}/1m?limit=1000")["candles"]
        rebuilt = rebuild_candles(seen)
        assert [k["open_time"] for k in klines] == sorted(rebuilt), f"{symbol}: other candles than trades"
        for k in klines:
            for name, value in rebuilt[k["open_time"]].items():
                assert Decimal(k[name]) == value, f"{symbol}: candle {k['open_time']} {name}"
        print(f"{symbol}: {len(seen)} executions once each, {len(klines)} candles recomputed")


def check_depth(base, watcher):
    """The book kept from snapshot and deltas equals REST's book at the same sequence."""
    for symbol in SYMBOLS:
        [snapshot] = [m for m in watcher.by_type["DepthSnapshot"] if m["symbol"] == symbol]
        book = {side: {Decimal(p): Decimal(q) for p, q in snapshot[side]} for side in ("bids", "asks")}
        sequence = snapshot["sequence"]
        for delta in (m for m in watcher.by_type["DepthDelta"] if m["symbol"] == symbol):
            assert delta["prev_sequence"] == sequence, f"{symbol}: delta {delta['sequence']} does not follow {sequence}"
            sequence = delta["sequence"]
            for side in ("bids", "asks"):
                for price, quantity in delta[side]:
                    if quantity:
                        book[side][Decimal(price)] = Decimal(quantity)
                    else:
                        book[side].pop(Decimal(price), None)
        held = rest(base, f"/orderbook/{symbol}?depth=50")["orderbook"]
        assert held["sequence"] == sequence, f"{symbol}: REST is at {held['sequence']}, deltas at {sequence}"
        for side, newest_first in (("bids", True), ("asks", False)):
            ours = sorted(book[side].items(), reverse=newest_first)[:50]
            assert ours == [(Decimal(p), Decimal(q)) for p, q in held[side]], f"{symbol}: {side} differ"
        print(f"{symbol}: book equals REST at sequence {sequence}")


async def run(orison):
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as directory:
        server, base, url = start(orison, directory)
        try:
            async with websockets.connect(url) as socket:
                watcher = Watcher(socket)
                reading = asyncio.create_task(watcher.run())
                await watcher.until(lambda: watcher.by_type["Connected"], "Connected")
                await socket.send(json.dumps({
                    "type": "Subscribe", "request_id": "all", "symbols": ["all"], "intervals": ["1m", "5m"],
                    "channels": ["executions", "orderbook", "statistics", "candles", "depth", "status"]}))
                await watcher.until(lambda: len(watcher.by_type["DepthSnapshot"]) == 3, "three snapshots")
                assert watcher.by_type["SubscribeSuccess"][0]["request_id"] == "all"
                await trade(base, socket, watcher, rng)
                total = sum(len(rest(base, f"/executions/{s}?limit=1000")["executions"]) for s in SYMBOLS)
                assert total > 50, "the orders should have traded"
                await watcher.until(lambda: len(watcher.by_type["Execution"]) >= total, "every execution")
                await asyncio.sleep(0.3)  # what would come twice has come by now
                check_executions(base, watcher)
                check_depth(base, watcher)
                for kind in ("OrderBookUpdate", "MarketStatistics", "CandlestickUpdate"):
                    assert watcher.by_type[kind], f"no {kind}"
                reading.cancel()
        finally:
            server.terminate()
            assert server.wait(timeout=20) == 0, "SIGTERM ends with status 0"
    print("xtrader.py: 1 passed, 0 failed")


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
