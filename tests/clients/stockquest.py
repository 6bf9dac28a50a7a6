"""A client of somebody else's making: PyPI websockets at the five StockQuest sockets of the real binary.

A journal with five days of trades is made by orison-replay, so that indicators, risk and weights have something to stand
on; then the server is started on it, and every message type of every socket is asked for or waited for. Each message that
comes is checked against the schema that the server itself gives out at /asyncapi.json (PyPI jsonschema), and at the end
every type that is described there was seen. Usage: stockquest.py PATH_OF_ORISON PATH_OF_ORISON_REPLAY
"""

import asyncio
import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import jsonschema
import websockets

SOCKETS = ["market-data", "portfolio", "orders", "risk-monitoring", "ml-signals"]
SYMBOLS = {"AAA": 1000, "BBB": 2000, "CCC": 500}
HOUR_NS = 3_600 * 10**9
HOURS = 130
# Only with identities, or only when something is wrong beyond this client's reach.
NOT_HERE = {"AUTH_CONFIRMED"}
PATIENCE = 30


def tape():
    """Two makers and alice, who buys a little of everything every hour for five days up to now."""
    now = time.time_ns()
    start = now - now % HOUR_NS - HOURS * HOUR_NS
    yield {"op": "time", "ts": start}
    for symbol in SYMBOLS:
        yield {"op": "instrument", "symbol": symbol, "base": symbol, "quote": "USD", "price_step": "0.01",
               "quantity_step": "0.01"}
    yield {"op": "account", "account": "alice", "max_open_orders": 10}
    numbers = itertools.count(1)
    for hour in range(HOURS):
        yield {"op": "time", "ts": start + hour * HOUR_NS + 10**9}
        for index, (symbol, base) in enumerate(SYMBOLS.items()):
            price = base * (1 + 0.02 * math.sin(hour * (index + 1) / 3) + 0.003 * math.cos(hour * hour + index))
            side = {"type": "limit", "symbol": symbol, "price": f"{price:.2f}", "quantity": "0.5"}
            yield {"op": "new", "id": f"m{next(numbers)}", "account": "maker", "side": "sell", **side}
            yield {"op": "new", "id": f"t{next(numbers)}", "account": "alice", "side": "buy", **side}


def prepare(replay, directory):
    lines = "".join(json.dumps(line) + "\n" for line in tape())
    made = subprocess.run([replay, "tape", "--journal", f"{directory}/data"], input=lines, text=True,
                          capture_output=True, check=True)
    assert '"error"' not in made.stdout, [line for line in made.stdout.splitlines() if "error" in line][:3]
    # Every position takes longer than a second to leave: an alert.
    Path(directory, "orison.toml").write_text('[[risk]]\naccount = "*"\nunwind_seconds = 1\n')


def start(orison, directory):
    server = subprocess.Popen(
        [orison, "serve", "--data", f"{directory}/data", "--rest", "127.0.0.1:0", "--ws", "off", "--admin", "off",
         "--stomp", "127.0.0.1:0", "--durability", "journaled", "--log", "warn"],
        stdout=subprocess.PIPE, text=True, cwd=directory)
    addresses = {}
    while len(addresses) < 2:
        line = server.stdout.readline()
        assert line, "the server ended before it listened"
        if line.startswith("listening "):
            _, name, url = line.split()
            addresses[name] = url
    return server, addresses["rest"], addresses["stomp"]


def rest(base, path, body):
    request = urllib.request.Request(base + "/api/v1" + path, data=json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


class Description:
    """The server's own account of what it says."""

    def __init__(self, url):
        with urllib.request.urlopen(url + "/asyncapi.json", timeout=10) as answer:
            self.document = json.loads(answer.read())
        messages = self.document["components"]["messages"]
        self.payloads = {}
        for key, message in messages.items():
            if key.startswith("told."):
                schema = {**message["payload"], "components": self.document["components"]}
                self.payloads[message["name"]] = jsonschema.Draft202012Validator(schema)
        self.seen = set()

    def check(self, message):
        kind = message["type"]
        self.payloads[kind].validate(message)
        self.seen.add(kind)

    def told_by(self, socket):
        messages = self.document["channels"][socket]["messages"]
        return {key.removeprefix("told.") for key in messages if key.startswith("told.")}

    def examples(self, socket):
        """Of each request, in the order they are described."""
        for key in self.document["channels"][socket]["messages"]:
            if key.startswith("asked."):
                yield self.document["components"]["messages"][key]["examples"][0]["payload"]


class Quest:
    numbers = itertools.count(1)

    def __init__(self, socket, description, name):
        self.socket, self.description, self.name = socket, description, name
        self.kinds = set()

    async def told(self):
        message = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
        self.description.check(message)
        assert message["type"] in self.description.told_by(self.name), message["type"]
        self.kinds.add(message["type"])
        return message

    async def until(self, kind):
        while True:
            message = await self.told()
            if message["type"] == kind:
                return message["data"]

    async def ask(self, kind, expected, **data):
        """The answer's data; what comes before it is passed over."""
        mark = f"q{next(self.numbers)}"
        now = time.strftime("%Y-%m-%dT%H:%M:%S")
        await self.socket.send(json.dumps({"type": kind, "timestamp": now, "id": mark, "data": data}))
        while True:
            message = await self.told()
            if message.get("id") == mark:
                assert message["type"] == expected, message
                return message["data"]


async def market_data(quest):
    overview = await quest.until("MARKET_OVERVIEW")
    assert len(overview["markets"]) >= 3 and overview["index"]["base"] == 1000
    confirmed = await quest.ask("SUBSCRIBE", "SUBSCRIPTION_CONFIRMED", symbols=["AAA", "GOOGL"],
                                subscriptionType="REAL_TIME", updateInterval=1)
    assert (confirmed["symbols"], confirmed["unknownSymbols"]) == (["AAA"], ["GOOGL"])
    assert confirmed["updateInterval"] == 1000, "clamped"
    assert (await quest.until("INITIAL_DATA"))["quotes"][0]["symbol"] == "AAA"
    began = time.monotonic()
    for _ in range(3):
        assert (await quest.until("REAL_TIME_UPDATE"))["price"] is not None
    assert 1.5 < time.monotonic() - began < 10, "one a second"
    assert (await quest.ask("REQUEST_QUOTE", "QUOTE_RESPONSE", symbol="BBB"))["volume"] > 0
    history = await quest.ask("REQUEST_HISTORICAL", "HISTORICAL_DATA", symbol="BBB", interval="1h", limit=200)
    assert len(history["candles"]) == HOURS
    figures = await quest.ask("REQUEST_ANALYTICS", "ANALYTICS_DATA", symbol="AAA", interval="1h")
    for name in ("sma20", "ema20", "rsi14", "atr14", "vwap", "volatility"):
        assert isinstance(figures[name], (int, float)), name
    assert figures["bollinger"]["lower"] < figures["bollinger"]["upper"] and figures["macd"]["signal"] is not None
    assert (await quest.ask("UNSUBSCRIBE", "SUBSCRIPTION_CONFIRMED"))["symbols"] == []
    await quest.ask("REQUEST_QUOTE", "ERROR", symbol="GOOGL")
    await quest.ask("HEARTBEAT", "HEARTBEAT")


async def portfolio(quest, base):
    listed = (await quest.until("PORTFOLIO_LIST"))["portfolios"]
    assert [entry["portfolioId"] for entry in listed] == [1] and listed[0]["positions"] == 3
    await quest.ask("SUBSCRIBE_PORTFOLIO", "SUBSCRIPTION_CONFIRMED", portfolioId=1, updateType="ALL",
                    updateInterval=5000)
    snapshot = await quest.until("PORTFOLIO_SNAPSHOT")
    assert snapshot["totalCost"] > 0 and 0 < snapshot["diversificationScore"] < 1
    held = {position["symbol"]: position["quantity"] for position in snapshot["positions"]}
    assert held == {symbol: HOURS / 2 for symbol in SYMBOLS}, held
    await quest.until("PORTFOLIO_ANALYTICS")
    await quest.ask("REQUEST_PORTFOLIO_SNAPSHOT", "PORTFOLIO_SNAPSHOT", portfolioId=1)
    await quest.ask("PORTFOLIO_ANALYTICS", "PORTFOLIO_ANALYTICS", portfolioId=1)
    assert (await quest.ask("REQUEST_POSITION_DETAILS", "POSITION_DETAILS", symbol="AAA"))["quote"]["symbol"] == "AAA"
    assert (await quest.ask("UPDATE_POSITION", "POSITION_UPDATE", symbol="AAA"))["quantity"] == HOURS / 2
    refused = await quest.ask("UPDATE_POSITION", "ERROR", symbol="AAA", quantity=1)
    assert refused["code"] == "POSITION_READ_ONLY"
    for account, side in (("maker", "sell"), ("alice", "buy")):
        rest(base, "/order", {"symbol": "AAA", "side": side, "type": "limit", "price": 1000, "quantity": 1,
                              "account": account})
    assert (await quest.until("POSITION_UPDATE"))["quantity"] == HOURS / 2 + 1
    assert (await quest.until("PORTFOLIO_UPDATE"))["totalCost"] > snapshot["totalCost"]
    await quest.ask("UNSUBSCRIBE_PORTFOLIO", "SUBSCRIPTION_CONFIRMED", portfolioId=1)
    await quest.ask("HEARTBEAT", "HEARTBEAT")


async def orders(quest, base):
    assert (await quest.until("ACTIVE_ORDERS"))["orders"] == []
    await quest.ask("SUBSCRIBE_ORDERS", "SUBSCRIPTION_CONFIRMED")
    order = {"symbol": "CCC", "side": "BUY", "type": "LIMIT", "price": 400, "quantity": "2"}
    first = await quest.ask("SUBMIT_ORDER", "ORDER_SUBMITTED", clientOrderId="s1", **order)
    assert (first["status"], first["filledQuantity"]) == ("NEW", 0)
    assert (await quest.ask("MODIFY_ORDER", "ORDER_MODIFIED", orderId=first["orderId"], quantity=1.5))["keptPriority"]
    sell = {"symbol": "CCC", "side": "sell", "type": "limit", "price": 400, "account": "maker"}
    for quantity, kind, remaining in ((0.5, "ORDER_PARTIALLY_FILLED", 1), (1, "ORDER_FILLED", 0)):
        rest(base, "/order", {**sell, "quantity": quantity})
        report = await quest.until("EXECUTION_REPORT")
        assert (report["orderId"], report["quantity"], report["liquidity"]) == (first["orderId"], quantity, "Maker")
        assert (await quest.until(kind))["remainingQuantity"] == remaining
    await quest.ask("SUBMIT_ORDER", "ORDER_SUBMITTED", clientOrderId="s0", **{**order, "price": 300})
    await quest.ask("CANCEL_ORDER", "ORDER_CANCELLED", clientOrderId="s0")
    await quest.ask("SUBMIT_ORDER", "ORDER_SUBMITTED", clientOrderId="s2", **order)
    assert (await quest.ask("CANCEL_ORDER", "ORDER_CANCELLED", clientOrderId="s2"))["reason"] == "USER"
    rejected = await quest.ask("SUBMIT_ORDER", "ORDER_REJECTED", **{**order, "quantity": 0})
    assert rejected["code"] == "INVALID_QUANTITY"
    assert (await quest.ask("REQUEST_ORDER_STATUS", "ORDER_STATUS", clientOrderId="s1"))["status"] == "FILLED"
    history = await quest.ask("REQUEST_ORDER_HISTORY", "ORDER_HISTORY", symbol="CCC", limit=2)
    assert [entry["clientOrderId"] for entry in history["orders"]] == ["s2", "s0"] and history["next"]
    await quest.ask("UNSUBSCRIBE_ORDERS", "SUBSCRIPTION_CONFIRMED")
    await quest.ask("SUBMIT_ORDER", "ERROR")
    await quest.ask("HEARTBEAT", "HEARTBEAT")


async def risk(quest):
    update = await quest.until("RISK_UPDATE")
    part = update["parts"][0]
    assert part["grossExposure"] == part["netExposure"] > 0
    tail = part["valueAtRisk"]
    assert tail["scenarios"] >= 100 and tail["expectedShortfall"] >= tail["valueAtRisk"], tail
    assert update["limits"][0]["limit"] == "max_open_orders"
    alert = {"metric": None}
    while alert["metric"] != "LIQUIDITY":
        alert = await quest.until("RISK_ALERT")
    assert (alert["state"], alert["threshold"]) == ("RAISED", 1) and alert["value"] >= 1, alert
    await quest.ask("SUBSCRIBE", "SUBSCRIPTION_CONFIRMED", symbols=["AAA"])
    narrowed = await quest.until("RISK_UPDATE")
    assert [entry["symbol"] for entry in narrowed["parts"][0]["liquidity"]] == ["AAA"]
    await quest.until("RISK_UPDATE")
    await quest.ask("UNSUBSCRIBE", "SUBSCRIPTION_CONFIRMED")
    await quest.ask("SUBSCRIBE", "ERROR", symbols=["GOOGL"])
    await quest.ask("HEARTBEAT", "HEARTBEAT")


async def signals(quest):
    await quest.ask("SUBSCRIBE", "SUBSCRIPTION_CONFIRMED", symbols=["AAA", "BBB"])
    for _ in range(6):
        signal = await quest.until("SIGNAL_UPDATE")
        assert signal["signal"] in ("BUY", "SELL", "HOLD") and signal["horizon"] == 10
    least = await quest.ask("OPTIMIZE_PORTFOLIO", "PORTFOLIO_OPTIMIZATION", symbols=list(SYMBOLS), interval="1h")
    best = await quest.ask("OPTIMIZE_PORTFOLIO", "PORTFOLIO_OPTIMIZATION", symbols=list(SYMBOLS), interval="1h",
                           objective="MEAN_VARIANCE", riskAversion=2)
    for optimum in (least, best):
        weights = [entry["weight"] for entry in optimum["weights"]]
        assert abs(sum(weights) - 1) < 1e-6 and min(weights) >= -1e-9, weights
    assert least["variance"] <= best["variance"] + 1e-12
    await quest.ask("OPTIMIZE_PORTFOLIO", "ERROR", symbols=["GOOGL"])
    await quest.ask("UNSUBSCRIBE", "SUBSCRIPTION_CONFIRMED")
    await quest.ask("HEARTBEAT", "HEARTBEAT")


async def examples(description, url, name):
    """What the description gives as an example is understood: no answer to it is that it makes no sense."""
    async with websockets.connect(f"{url}/ws/{name}?account=example", max_size=None) as socket:
        quest = Quest(socket, description, name)
        for payload in description.examples(name):
            mark = f"e{next(Quest.numbers)}"
            await socket.send(json.dumps({**payload, "id": mark}))
            while True:
                message = await quest.told()
                if message.get("id") == mark:
                    break
            code = message["data"].get("code")
            # The instruments of this journal are not those of the examples.
            assert code in (None, "SYMBOL_NOT_FOUND", "ORDER_NOT_FOUND"), (payload, message)


async def over_sockjs(description, url):
    """The same envelopes inside SockJS frames."""
    async with websockets.connect(f"{url}/ws/market-data/000/stockquest/websocket", max_size=None) as socket:
        assert await asyncio.wait_for(socket.recv(), PATIENCE) == "o"
        request = json.dumps({"type": "REQUEST_QUOTE", "id": 1, "data": {"symbol": "AAA"}})
        await socket.send(json.dumps([request]))
        answered = False
        while not answered:
            frame = await asyncio.wait_for(socket.recv(), PATIENCE)
            if frame.startswith("a"):
                for text in json.loads(frame[1:]):
                    message = json.loads(text)
                    description.check(message)
                    answered = answered or message["type"] == "QUOTE_RESPONSE"


async def run(base, http):
    description = Description(http)
    url = http.replace("http://", "ws://")
    rooms = {
        "market-data": market_data, "portfolio": lambda quest: portfolio(quest, base),
        "orders": lambda quest: orders(quest, base), "risk-monitoring": risk, "ml-signals": signals,
    }
    for name in SOCKETS:
        account = "carol" if name == "orders" else "alice"
        async with websockets.connect(f"{url}/ws/{name}?account={account}", max_size=None) as socket:
            quest = Quest(socket, description, name)
            greeting = await quest.told()
            assert (greeting["type"], greeting["data"]["socket"]) == ("CONNECTION_ESTABLISHED", name)
            await rooms[name](quest)
            missing = description.told_by(name) - quest.kinds - NOT_HERE
            assert not missing, f"{name}: never told {missing}"
        await examples(description, url, name)
        print(f"{name}: {len(quest.kinds)} kinds of messages, each as described")
    await over_sockjs(description, url)
    missing = set(description.payloads) - description.seen - NOT_HERE
    assert not missing, f"never seen: {missing}"


def main():
    orison, replay = (str(Path(path).resolve()) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as directory:
        prepare(replay, directory)
        server, base, http = start(orison, directory)
        try:
            asyncio.run(run(base, http))
        finally:
            server.terminate()
            server.wait(timeout=30)
    print("stockquest: all of it")


main()
