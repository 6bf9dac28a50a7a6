"""Computes with pandas and numpy, from the commands and events of a journal alone, what
`orison-replay figures` says of it: indicators, portfolios, risk and signals, to 1e-9 of each figure.

    figures.py ORISON_REPLAY [JOURNAL...]

A journal of a few accounts and instruments is made by a script of its own; others are given."""

import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal

import numpy as np
import pandas as pd

import flow

MINUTE = 60_000_000_000
MINUTES_A_YEAR = 365 * 24 * 60
UNIT = 10**8  # assets have 8 decimals
TOLERANCE = 1e-9


def tape(path):
    """A random walk of three instruments, traded by four accounts for 330 minutes, in books that two others keep."""
    dice = random.Random(20261121)
    lines = []
    say = lambda **fields: lines.append(json.dumps(fields))
    markets = {"AAA": ("USD", "0.01", 10_000), "BBB": ("USD", "0.05", 4_000), "CCC": ("KRW", "1", 9_000)}
    for symbol, (quote, step, _) in markets.items():
        say(op="instrument", symbol=symbol, base=symbol, quote=quote, price_step=step,
            quantity_step="0.0001", maker_fee_ppm=-100, taker_fee_ppm=700)
    for asset, amount in (("USD", "90000000"), ("KRW", "900000000"), ("AAA", "50000"), ("CCC", "50000")):
        say(op="deposit", account="ann", asset=asset, amount=amount)
    for account in ("ann", "bid", "ask"):
        say(op="account", account=account, max_open_orders=500, orders_per_second=400, max_quantity="1000",
            max_notional="90000000", position_limit="90000")
    steps = {symbol: start for symbol, (_, _, start) in markets.items()}
    number, resting = 0, []
    for second in range(0, 330 * 60, 7):
        say(op="time", ts=34_200_000_000_000 + second * 1_000_000_000 + dice.randrange(10**9))
        symbol = dice.choices(list(markets), (6, 3, 2))[0]
        steps[symbol] += dice.randrange(-9, 10)
        price = str(Decimal(markets[symbol][1]) * steps[symbol])
        for account, side, away in (("bid", "buy", -1), ("ask", "sell", 1)):
            number += 1
            resting.append((f"o{number}", account))
            distance = away * dice.randrange(4, 30)
            say(op="new", id=f"o{number}", account=account, symbol=symbol, side=side, type="limit", tif="gtc",
                price=str(Decimal(markets[symbol][1]) * (steps[symbol] + distance)),
                quantity=str(Decimal(dice.randrange(1, 60_000)) / 10_000))
        for name, account in resting[:-40]:
            say(op="cancel", id=name, account=account)
        resting = resting[-40:]
        maker, taker = dice.sample(["ann", "bob", "cid", "dee"], 2)
        sides = ["buy", "sell"]
        dice.shuffle(sides)
        quantity = dice.randrange(1, 90_000)
        for account, side, kind in ((maker, sides[0], "gtc"), (taker, sides[1], "ioc")):
            number += 1
            amount = Decimal(quantity if kind == "gtc" else dice.randrange(1, 120_000)) / 10_000
            say(op="new", id=f"o{number}", account=account, symbol=symbol, side=side, type="limit",
                price=price, quantity=str(amount), tif=kind)
        say(op="cancel", id=f"o{number - 1}", account=maker)
    tool(["tape", "--journal", path], "\n".join(lines) + "\n")


def tool(arguments, text=None):
    done = subprocess.run([TOOL, *arguments], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{arguments}: {done.stderr}")
    return done.stdout


def units(text):
    return int(Decimal(text) * UNIT)


class Day:
    """Trades and money of a journal, in exact whole units."""

    def __init__(self, path, until):
        self.symbols, self.trades, self.flows, self.end = {}, [], [], 0
        self.market = flow.Market()
        orders, ts = {}, 0
        for line in tool(["dump", path] + (["--to", str(until)] if until else [])).splitlines():
            line = json.loads(line)
            if "command" in line:
                command, ts = line["command"], line["ts"]
                self.end = ts
                self.market.command(ts, command)
                if command["op"] == "instrument":
                    self.symbols.setdefault(command["symbol"], command.get("quote", "USD"))
                if command["op"] == "new":
                    orders[command["order_id"]] = (command["account"], command.get("symbol", "X"), command["side"])
                if command["op"] == "deposit":
                    self.flows.append((ts, command["account"], command["asset"], units(command["amount"])))
            if "event" in line:
                self.market.event(line["event"])
            if line.get("event", {}).get("event") == "trade":
                event = line["event"]
                maker, taker = orders[event["maker"]], orders[event["taker"]]
                self.trades.append({
                    "ts": ts, "symbol": taker[1], "price": event["price"], "quantity": event["quantity"],
                    "fills": [(maker[0], maker[2], units(event.get("maker_fee", "0"))),
                              (taker[0], taker[2], units(event.get("taker_fee", "0")))],
                })
        self.market.complete()
        self.names = sorted({account for account, _, _ in orders.values()})

    def candles(self, symbol):
        rows = [(trade["ts"] // MINUTE, float(trade["price"]), float(trade["quantity"]))
                for trade in self.trades if trade["symbol"] == symbol]
        frame = pd.DataFrame(rows, columns=["minute", "price", "quantity"])
        frame["turnover"] = frame.price * frame.quantity
        groups = frame.groupby("minute")
        bars = groups.price.agg(["first", "max", "min", "last"])
        bars.columns = ["open", "high", "low", "close"]
        bars["volume"], bars["turnover"] = groups.quantity.sum(), groups.turnover.sum()
        return bars.tail(2_001)

    def grid(self, symbol, count):
        """Closes of the minutes that are over."""
        closes = self.candles(symbol).close
        if closes.empty:
            return np.array([])
        minutes = range(closes.index[0], self.end // MINUTE)
        return closes.reindex(minutes, method="ffill").to_numpy()[-count:]


def smoothed(values, period, alpha):
    """Seeded with the mean of the first period."""
    values = np.asarray(values, dtype=float)
    if len(values) < period:
        return pd.Series(dtype=float)
    seeded = np.concatenate([[values[:period].mean()], values[period:]])
    return pd.Series(seeded).ewm(alpha=alpha, adjust=False).mean()


def last(series):
    return None if len(series) == 0 or pd.isna(series.iloc[-1]) else float(series.iloc[-1])


def indicators(day, symbol):
    bars = day.candles(symbol)
    closes = bars.close
    change = closes.diff().iloc[1:]
    gain = last(smoothed(change.clip(lower=0), 14, 1 / 14))
    loss = last(smoothed(-change.clip(upper=0), 14, 1 / 14))
    fast, slow = smoothed(closes, 12, 2 / 13), smoothed(closes, 26, 2 / 27)
    line = pd.Series(fast.to_numpy()[14:] - slow.to_numpy()) if len(slow) else pd.Series(dtype=float)
    signal = smoothed(line, 9, 2 / 10)
    middle, width = closes.rolling(20).mean(), 2 * closes.rolling(20).std(ddof=0)
    before = closes.shift()
    ranges = pd.concat([bars.high - bars.low, (bars.high - before).abs(), (bars.low - before).abs()], axis=1)
    returns = np.diff(np.log(day.grid(symbol, 101)))
    return {
        "candles": len(bars), "close": last(closes), "sma": last(middle), "ema": last(smoothed(closes, 20, 2 / 21)),
        "rsi": None if gain is None else 100 - 100 / (1 + gain / loss) if loss else 100.0,
        "macd": last(line), "macd_signal": last(signal),
        "macd_histogram": last(line) - last(signal) if len(signal) else None,
        "bollinger_lower": last(middle - width), "bollinger_middle": last(middle),
        "bollinger_upper": last(middle + width),
        "atr": last(smoothed(ranges.max(axis=1).iloc[1:], 14, 1 / 14)),
        "vwap": float(bars.turnover.sum() / bars.volume.sum()) if len(bars) else None,
        "volatility": float(returns.std(ddof=1) * np.sqrt(MINUTES_A_YEAR)) if len(returns) >= 20 else None,
    }


class Books:
    """Positions by average cost, cash and fees of everybody, moved from event to event."""

    def __init__(self, day):
        self.day = day
        self.position = defaultdict(lambda: [0, 0, 0])  # quantity, cost, realised; 1e-8 each
        self.cash, self.fees, self.mark, self.open = defaultdict(int), defaultdict(int), {}, {}

    def trade(self, trade):
        symbol = trade["symbol"]
        quote = self.day.symbols[symbol]
        price, quantity = Decimal(trade["price"]), Decimal(trade["quantity"])
        self.mark[symbol] = price
        self.open.setdefault(symbol, price)
        for account, side, fee in trade["fills"]:
            sign = 1 if side == "buy" else -1
            held = self.position[account, symbol]
            filled = int(quantity * UNIT)
            closed = min(filled, abs(held[0])) if held[0] * sign < 0 else 0
            if closed:
                cost = (2 * held[1] * closed + abs(held[0])) // (2 * abs(held[0]))
                value = int(price * closed)
                held[2] += value - cost if sign < 0 else cost - value
                held[1] -= cost
            held[1] += int(price * (filled - closed))
            held[0] += sign * filled
            self.cash[account, quote] -= sign * int(price * filled) + fee
            self.fees[account, quote] += fee

    def holdings(self, account, quote):
        for symbol, symbol_quote in self.day.symbols.items():
            if symbol_quote == quote and (account, symbol) in self.position:
                quantity, cost, realised = self.position[account, symbol]
                value = int(self.mark[symbol] * quantity)
                sign = (quantity > 0) - (quantity < 0)
                yield symbol, quantity, cost, realised, value, value - sign * cost

    def value(self, account, quote):
        held = list(self.holdings(account, quote))
        value = self.cash[account, quote] + sum(one[4] for one in held)
        return value, sum(one[3] + one[5] for one in held) - self.fees[account, quote]


def portfolios(day):
    """The books at the end, and value and gain of every account and asset at every minute."""
    books, history, begun = Books(day), defaultdict(list), {}
    moves = [(trade["ts"], None, trade) for trade in day.trades] + [(flow[0], flow, None) for flow in day.flows]
    moves.sort(key=lambda move: move[0])
    minute = 0

    def sample(until):
        nonlocal minute
        values = {key: books.value(*key) for key in begun}
        while minute <= until // MINUTE:
            for key, since in begun.items():
                if minute > since:
                    history[key].append(values[key])
            minute += 1

    for ts, flow, trade in moves:
        if ts // MINUTE >= minute:
            sample(ts)
        if flow:
            books.cash[flow[1], flow[2]] += flow[3]
        else:
            for account, _, _ in trade["fills"]:
                begun.setdefault((account, day.symbols[trade["symbol"]]), ts // MINUTE)
            books.trade(trade)
    sample(day.end)
    return books, {key: rows[-1_440:] for key, rows in history.items()}


def drawdown(rows, now):
    if not rows:
        return None
    gains = np.array([gain for _, gain in rows] + [now[1]], dtype=float)
    values = np.array([value for value, _ in rows] + [now[0]], dtype=float)
    highs = np.maximum.accumulate(gains)
    # The value at the first moment of each high.
    at = np.array([np.argmax(gains[: index + 1]) for index in range(len(gains))])
    falls = highs - gains
    deepest = int(np.argmax(falls))
    ratio = lambda index: 0.0 if falls[index] == 0 else (
        falls[index] / values[at[index]] if values[at[index]] > 0 else None)
    return {"deepest": falls[deepest] / UNIT, "current": falls[-1] / UNIT,
            "deepest_ratio": ratio(deepest), "current_ratio": ratio(-1)}


def part(day, books, history, account, quote):
    held = list(books.holdings(account, quote))
    gross, now = sum(abs(one[4]) for one in held), books.value(account, quote)
    rows = history.get((account, quote), [])
    changes = np.diff([gain / UNIT for _, gain in rows])
    shares = [abs(one[4]) / gross for one in held] if gross else []
    day_changes = [int((books.mark[one[0]] - books.open[one[0]]) * one[1]) for one in held]
    long, short = sum(max(one[4], 0) for one in held), sum(max(-one[4], 0) for one in held)
    live = [one for one in held if one[1]]
    series = [np.diff(grid) / grid[:-1] for grid in (day.grid(one[0], 501) for one in live)]
    count = min((len(returns) for returns in series), default=0)
    scenarios = sum(one[4] / UNIT * returns[len(returns) - count:] for one, returns in zip(live, series))
    worst = np.quantile(scenarios, 0.01) if count >= 100 else None
    is_wild = len(changes) >= 30 and changes.std(ddof=1) > 0
    whole = {
        "cash": books.cash[account, quote], "total_cost": sum(one[2] for one in held),
        "market_value": sum(one[4] for one in held), "total_value": now[0],
        "realised": sum(one[3] for one in held), "unrealised": sum(one[5] for one in held),
        "fees": books.fees[account, quote], "day_change": sum(day_changes),
        "long": long, "short": short, "gross": gross, "net": long - short,
    }
    return {key: value / UNIT for key, value in whole.items()} | {
        "diversification": 1 - sum(share**2 for share in shares) if gross else None,
        "concentration": sum(share**2 for share in shares) if gross else None,
        "largest": max(shares, default=None),
        "leverage": gross / now[0] if now[0] > 0 else None,
        "sharpe": changes.mean() / changes.std(ddof=1) * np.sqrt(MINUTES_A_YEAR) if is_wild else None,
        "drawdown": drawdown(rows, now),
        "scenarios": count if count >= 100 else None,
        "value_at_risk": -worst if worst is not None else None,
        "expected_shortfall": -scenarios[scenarios <= worst].mean() if worst is not None else None,
        "liquidity": [flow.liquidity(day.market, one[0], Decimal(one[1]) / UNIT, books.mark[one[0]]) for one in live],
        "holdings": [{
            "symbol": one[0], "quantity": one[1] / UNIT, "mark": float(books.mark[one[0]]), "cost": one[2] / UNIT,
            "average_cost": (2 * one[2] * UNIT + abs(one[1])) // (2 * abs(one[1])) / UNIT if one[1] else 0,
            "market_value": one[4] / UNIT, "realised": one[3] / UNIT, "unrealised": one[5] / UNIT,
            "day_change": change / UNIT,
            "day_change_ratio": float(np.sign(one[1])) * float(books.mark[one[0]] / books.open[one[0]] - 1),
            "allocation": abs(one[4]) / gross if gross else None,
        } for one, change in zip(held, day_changes)],
    }


def compare(said, computed, place):
    """Everything said that is computed here too; how many figures that were."""
    if isinstance(said, dict):
        return sum(compare(value, computed[key], f"{place}.{key}") for key, value in said.items() if key in computed)
    if isinstance(said, list):
        assert len(said) == len(computed), f"{place}: {len(said)} said, {len(computed)} computed"
        return sum(compare(one, other, f"{place}[{index}]") for index, (one, other) in enumerate(zip(said, computed)))
    if said is None or computed is None:
        assert said is computed, f"{place}: {said} said, {computed} computed"
        return 0
    if isinstance(computed, str):
        assert said == computed, f"{place}: {said} said, {computed} computed"
        return 0
    said, computed = float(said), float(computed)
    scale = max(abs(said), abs(computed))
    # Differences of prices cancel: what is near zero is compared as what it was made of.
    assert abs(said - computed) <= TOLERANCE * max(scale, 1e-3), f"{place}: {said} said, {computed} computed"
    return 1


def check_weights(day, line):
    """No exchange of weight between two instruments makes the portfolio better."""
    if "error" in line:
        return 0
    names = [one["symbol"] for one in line["weights"]]
    weights = np.array([one["weight"] for one in line["weights"]])
    series = [np.diff(grid) / grid[:-1] for grid in (day.grid(name, 501) for name in names)]
    count = min(map(len, series))
    returns = np.array([one[len(one) - count:] for one in series])
    covariance, means = np.atleast_2d(np.cov(returns)), returns.mean(axis=1)
    assert line["returns"] == count and weights.min() >= 0 and abs(weights.sum() - 1) < 1e-12, line
    said = {"mean": weights @ means, "variance": weights @ covariance @ weights}
    figures = compare(line, said, f"weights in {line['quote']}")
    aversion = line.get("aversion", 1.0)
    slope = aversion * covariance @ weights - (means if line["objective"] == "mean_variance" else 0)
    held = weights > 1e-6
    slack = (slope - slope[held].min()) / (aversion * np.trace(covariance) / len(names))
    assert abs(slack[held]).max() < 1e-6 and slack.min() > -1e-6, f"{line}: {slack}"
    return figures


def check(path, until=None):
    day = Day(path, until)
    books, history = portfolios(day)
    figures, kinds = 0, defaultdict(int)
    text = tool(["figures", path] + (["--at", str(until)] if until else []))
    assert text == tool(["figures", path] + (["--at", str(until)] if until else [])), "two replays differ"
    for line in map(json.loads, text.splitlines()):
        kinds[line["figure"]] += 1
        if line["figure"] == "indicators":
            figures += compare(line, indicators(day, line["symbol"]), line["symbol"])
        if line["figure"] == "optimum":
            figures += check_weights(day, line)
        if line["figure"] == "signal":
            computed = flow.signal(day.market.rows[line["symbol"]], day.market.trades[line["symbol"]])
            figures += compare(line, computed, f"signal of {line['symbol']}")
        if line["figure"] == "risk":
            held = {symbol: Decimal(held[0]) / UNIT for (name, symbol), held in books.position.items()
                    if name == line["account"]}
            computed = flow.limits(day.market, line["account"], held)
            figures += compare(line["limits"], computed, f"limits of {line['account']}")
            assert line["open_orders"] == len(day.market.open_orders(line["account"])), line
        if line["figure"] in ("portfolio", "risk"):
            for one in line["parts"]:
                computed = part(day, books, history, line["account"], one["quote"])
                figures += compare(one, computed, f"{line['figure']} of {line['account']} in {one['quote']}")
    assert kinds["portfolio"] >= len(day.names), kinds
    sampled = [symbol for symbol in day.symbols if flow.signal(day.market.rows[symbol], day.market.trades[symbol])]
    assert kinds["signal"] == len(sampled), f"{kinds['signal']} signals said, of {sampled} computed"
    assert figures > 20, f"{figures} figures are no comparison"
    print(f"figures: {figures} of {len(day.symbols)} instruments and {len(day.names)} accounts agree"
          f" after {len(day.trades)} trades")


TOOL, *journals = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    tape(f"{folder}/made")
    for until in (None, 300, 4_000):
        check(f"{folder}/made", until)
for journal in journals:
    check(journal)
    check(journal, 60_000)
