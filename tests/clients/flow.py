"""The books of a journal, put together from its commands and events alone, and what numpy and pandas make of them: the
online signal of each instrument, what leaving a position takes, and how much of its limits an account uses."""

from collections import defaultdict
from decimal import Decimal
from heapq import heappop, heappush

import numpy as np
import pandas as pd

SECOND = 10**9
HORIZON = 10 * SECOND
HOUR = 3_600 * SECOND
MINUTE = 60 * SECOND
ROLLING = 1_000
FEATURES = ("order_flow_imbalance", "microprice_deviation", "trade_imbalance", "volatility", "spread")


class Ladder:
    """One side of a book: quantities by price, in steps."""

    def __init__(self, sign):
        self.sign, self.levels, self.heap = sign, defaultdict(int), []

    def add(self, price, quantity):
        if price not in self.levels:
            heappush(self.heap, self.sign * price)
        self.levels[price] += quantity
        assert self.levels[price] >= 0, f"{self.levels[price]} at {price}"
        if self.levels[price] == 0:
            del self.levels[price]

    def best(self):
        while self.heap and self.sign * self.heap[0] not in self.levels:
            heappop(self.heap)
        return (self.sign * self.heap[0], self.levels[self.sign * self.heap[0]]) if self.heap else None

    def sorted(self):
        return sorted(self.levels.items(), key=lambda level: self.sign * level[0])


class Market:
    """Every instrument's book after every command that changed it, and its trades."""

    def __init__(self):
        self.steps, self.books, self.orders, self.limits = {}, {}, {}, defaultdict(dict)
        self.rows, self.trades = defaultdict(list), defaultdict(list)
        self.entering, self.touched, self.ts = None, {}, 0

    def command(self, ts, command):
        self.complete()
        self.ts = ts
        if command["op"] == "instrument" and command["symbol"] not in self.steps:
            steps = Decimal(command["price_step"]), Decimal(command["quantity_step"])
            self.steps[command["symbol"]] = steps
            self.books[command["symbol"]] = {"buy": Ladder(-1), "sell": Ladder(1)}
        if command["op"] == "account":
            names = ("max_open_orders", "orders_per_second", "max_quantity", "max_notional", "position_limit")
            self.limits[command["account"]] |= {name: Decimal(command[name]) for name in names if name in command}
        if command["op"] == "new":
            assert command["type"] == "limit", command
            price_step, quantity_step = self.steps[command["symbol"]]
            self.orders[command["order_id"]] = {
                "account": command["account"], "symbol": command["symbol"], "side": command["side"],
                "price": int(Decimal(command["price"]) / price_step), "ts": ts, "shown": 0,
                "left": int(Decimal(command["quantity"]) / quantity_step), "live": False,
            }

    def event(self, event):
        kind = event["event"]
        if kind == "accepted":
            self.entering = self.orders[event["id"]]
            self.entering["live"] = True
        if kind == "trade":
            maker, taker = self.orders[event["maker"]], self.orders[event["taker"]]
            quantity = int(Decimal(event["quantity"]) / self.steps[taker["symbol"]][1])
            maker["left"] -= quantity
            taker["left"] -= quantity
            self.show(maker, maker["left"])
            sign = 1 if taker["side"] == "buy" else -1
            self.trades[taker["symbol"]].append((self.ts, sign * quantity))
        if kind in ("cancelled", "expired"):
            self.orders[event["id"]]["left"] = 0
            self.show(self.orders[event["id"]], 0)
        if kind == "amended":
            self.entering = self.orders[event["id"]]
            price_step, quantity_step = self.steps[self.entering["symbol"]]
            self.show(self.entering, 0)
            self.entering["price"] = int(Decimal(event["price"]) / price_step)
            self.entering["left"] = int(Decimal(event["quantity"]) / quantity_step)

    def show(self, order, quantity):
        ladder = self.books[order["symbol"]][order["side"]]
        level = (order["symbol"], order["side"], order["price"])
        self.touched.setdefault(level, ladder.levels.get(order["price"], 0))
        ladder.add(order["price"], quantity - order["shown"])
        order["shown"] = quantity

    def complete(self):
        """The command is over: what is left of its order rests, and books that are not as before have a row."""
        if self.entering:
            self.show(self.entering, self.entering["left"])
            self.entering = None
        now = lambda symbol, side, price: self.books[symbol][side].levels.get(price, 0)
        changed = {level[0] for level, before in self.touched.items() if now(*level) != before}
        for symbol in changed:
            bid, ask = (self.books[symbol][side].best() for side in ("buy", "sell"))
            quoted = bid is not None and ask is not None and bid[0] < ask[0]
            self.rows[symbol].append((self.ts, *bid, *ask) if quoted else (self.ts, 0, 0, 0, 0))
        self.touched = {}

    def open_orders(self, account):
        return [order for order in self.orders.values() if order["account"] == account and order["shown"]]


def standardised(features):
    """Every row by mean and deviation of the rows up to it, by sums of distances from the first."""
    distance = (features - features[0]).astype(np.longdouble)
    count = np.arange(1, len(features) + 1, dtype=np.longdouble)[:, None]
    mean = distance.cumsum(axis=0) / count
    variance = ((distance**2).cumsum(axis=0) - count * mean**2) / np.maximum(count - 1, 1)
    deviation = np.sqrt(np.maximum(variance, 0))
    scaled = np.divide(distance - mean, deviation, out=np.zeros_like(distance), where=deviation > 0)
    return np.clip(scaled, -5, 5).astype(float)


def features_of(rows, trades, samples):
    """Which samples there are, twice their middles, and their features, from all rows of the book."""
    ts, bid, bids, ask, asks = (np.array(column) for column in zip(*rows))
    quoted = ask > 0
    both = quoted[1:] & quoted[:-1]
    flow = np.zeros(len(ts))
    up, down = np.sign(np.diff(bid)), np.sign(np.diff(ask))
    flow[1:] = both * ((up >= 0) * bids[1:] - (up <= 0) * bids[:-1] - (down <= 0) * asks[1:] + (down >= 0) * asks[:-1])
    flow = np.concatenate([[0], flow.cumsum()])
    behind = np.searchsorted(ts, samples, side="left")
    is_sample = (behind > 0) & quoted[behind - 1]
    at = behind - 1
    bid, bids, ask, asks = (column[at].astype(float) for column in (bid, bids, ask, asks))
    traded = np.array([0] + [quantity for _, quantity in trades], dtype=float)
    until = np.searchsorted([time for time, _ in trades], samples, side="left")
    since = lambda sums, places: np.diff(np.concatenate([[0], sums[places]]))
    bought, sold = (since(np.maximum(sign * traded, 0).cumsum(), until) for sign in (1, -1))
    middle, total = (bid + ask) / 2, np.maximum(bought + sold, 1e-300)
    steps = np.log(middle[1:] / np.where(middle[:-1] > 0, middle[:-1], 1), where=middle[1:] > 0, out=np.zeros(len(at) - 1))
    follows = np.concatenate([[False], is_sample[1:] & is_sample[:-1]])
    squares = np.concatenate([[0], steps[follows[1:]] ** 2])
    variance = pd.Series(squares).ewm(alpha=0.06, adjust=False).mean().to_numpy()[follows.cumsum()]
    with np.errstate(invalid="ignore", divide="ignore"):
        micro = (bid * asks + ask * bids) / (bids + asks)
        columns = (since(flow, behind), (micro - middle) / middle, (bought - sold) / total, np.sqrt(variance),
                   (ask - bid) / middle)
    return is_sample, bid + ask, np.column_stack(columns)


def signal(rows, trades):
    """None: nothing was sampled yet."""
    times = np.array(sorted([row[0] for row in rows] + [time for time, _ in trades]))
    if not rows:
        return None
    samples = np.unique(times // SECOND + 1) * SECOND
    samples = samples[samples <= times[-1]]
    if len(samples) == 0:
        return None
    is_sample, _, features = features_of(rows, trades, samples)
    if not is_sample.any():
        return None
    samples, features = samples[is_sample], features[is_sample]
    inputs = np.column_stack([np.ones(len(samples)), standardised(features)])
    row_times = np.array([row[0] for row in rows])
    middles = np.array([row[1] + row[3] for row in rows])
    middle_at = lambda moments: middles[np.searchsorted(row_times, moments, side="left") - 1]
    begins, ends = middle_at(samples), middle_at(samples + HORIZON)
    weights, guesses, scored = np.zeros(6), [], []
    rises = learned = unlabelled = settled = 0
    guess = lambda at: float(np.clip(1 / (1 + np.exp(-(inputs[at] @ weights))), 1e-6, 1 - 1e-6))

    def settle(until):
        nonlocal weights, rises, learned, unlabelled, settled
        while settled < len(guesses) and samples[settled] + HORIZON <= until:
            at, settled = settled, settled + 1
            if ends[at] in (0, begins[at]):
                unlabelled += 1
                continue
            rose = int(ends[at] > begins[at])
            scored.append((rose, *guesses[at]))
            weights = weights + 0.005 / np.sqrt(1 + learned / 1_000) * (rose - guess(at)) * inputs[at]
            learned, rises = learned + 1, rises + rose

    for at, moment in enumerate(samples):
        settle(moment)
        guesses.append((guess(at), (rises + 1) / (learned + 2)))
    settle(times[-1])
    last, rolling = guesses[-1][0], score(scored[-ROLLING:])
    proven = learned >= 200 and rolling["log_loss"] < min(rolling["baseline"], np.log(2))
    return {
        "signal": "HOLD" if not proven else "BUY" if last >= 0.55 else "SELL" if last <= 1 - 0.55 else "HOLD",
        "probability": last, "sampled_ts": int(samples[-1]), "horizon_ns": HORIZON, "learned": learned,
        "unlabelled": unlabelled, "features": dict(zip(FEATURES, features[-1])), "out_of_sample": rolling,
        "since_begin": score(scored),
    }


def score(scored):
    if not scored:
        return None
    rose, guessed, base = (np.array(column, dtype=float) for column in zip(*scored))
    loss = lambda chance: float(-np.log(np.where(rose > 0, chance, 1 - chance)).mean())
    return {"n": len(rose), "hit_rate": float(((guessed >= 0.5) == (rose > 0)).mean()),
            "log_loss": loss(guessed), "baseline": loss(base)}


def liquidity(market, symbol, quantity, mark):
    """`quantity` in whole assets, negative if short; `mark` the price it is valued at."""
    price_step, quantity_step = market.steps[symbol]
    rest, slippage = abs(quantity), Decimal(0)
    for price, level in market.books[symbol]["buy" if quantity > 0 else "sell"].sorted():
        part = min(rest, level * quantity_step)
        slippage += part * (mark - price * price_step) * (1 if quantity > 0 else -1)
        rest -= part
    since = -(-(market.ts - HOUR) // MINUTE) * MINUTE
    volume = sum(abs(traded) for ts, traded in market.trades[symbol] if ts >= since) * quantity_step
    return {
        "symbol": symbol, "at_once_share": float((abs(quantity) - rest) / abs(quantity)), "slippage": float(slippage),
        "unwind_seconds": 0.0 if rest == 0 else float(rest) / (float(volume) / 10 / 3_600) if volume else None,
    }


def limits(market, account, positions):
    """`positions`: whole assets by symbol. Of every limit the account has, in the order they are told."""
    amounts, worths, reach = [Decimal(0)], [Decimal(0)], [Decimal(0)]
    opened = market.open_orders(account)
    for order in opened:
        price_step, quantity_step = market.steps[order["symbol"]]
        amounts.append(order["shown"] * quantity_step)
        worths.append(order["shown"] * quantity_step * order["price"] * price_step)
    for symbol, (_, quantity_step) in market.steps.items():
        held = positions.get(symbol, Decimal(0))
        side = lambda side: sum(order["shown"] * quantity_step for order in opened
                                if order["symbol"] == symbol and order["side"] == side)
        reach += [held + side("buy"), side("sell") - held]
    entered = [order for order in market.orders.values()
               if order["account"] == account and order["live"] and order["ts"] + SECOND > market.ts]
    used = {"max_open_orders": len(opened), "orders_per_second": len(entered), "max_quantity": max(amounts),
            "max_notional": max(worths), "position_limit": max(reach)}
    known = market.limits[account]
    return [{"limit": name, "used": float(used[name]), "of": float(known[name]), "ratio": float(used[name] / known[name])}
            for name in used if name in known]
