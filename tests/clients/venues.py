"""PyPI ccxt against the fake venues: a judge of the venues, not of our client.

Starts them on free ports and watches tickers, trades, books, liquidations, and with a token the own orders and money.
Ends with 1 if anything is missing. Usage: venues.py PATH_OF_FAKE_VENUES
"""

import asyncio
import subprocess
import sys

import ccxt.pro


def market(symbol, ident, base, quote, swap):
    return {
        "id": ident, "symbol": symbol, "base": base, "quote": quote, "baseId": base,
        "quoteId": quote, "active": True, "type": "swap" if swap else "spot", "spot": not swap,
        "margin": False, "swap": swap, "future": False, "option": False, "contract": swap,
        "linear": True if swap else None, "inverse": False if swap else None,
        "settle": quote if swap else None, "settleId": quote if swap else None,
        "contractSize": 1 if swap else None, "lowercaseId": ident.lower(),
        "precision": {"price": 0.1, "amount": 0.001}, "limits": {},
        "info": {},
    }


async def expect(name, wanted, check):
    got = await asyncio.wait_for(wanted, 30)
    assert check(got), (name, got)
    print(name, "ok")


async def binance(address):
    exchange = ccxt.pro.binanceusdm()
    exchange.urls["api"]["ws"]["linear"] = f"ws://{address}/ws"
    exchange.urls["api"]["fapiPublic"] = f"http://{address}/fapi/v1"
    exchange.set_markets([market("BTC/USDT:USDT", "BTCUSDT", "BTC", "USDT", True)])
    symbol = "BTC/USDT:USDT"
    try:
        await expect("binance ticker", exchange.watch_ticker(symbol), lambda t: t["last"] > 0)
        await expect("binance trades", exchange.watch_trades(symbol), lambda t: t[0]["price"] > 0)
        await expect(
            "binance liquidations", exchange.watch_liquidations(symbol),
            lambda l: l[0]["price"] > 0,
        )
        for _ in range(20):
            book = await asyncio.wait_for(exchange.watch_order_book(symbol), 30)
            assert book["bids"][0][0] < book["asks"][0][0], book
        print("binance order book ok", book["bids"][0], book["asks"][0])
    finally:
        await exchange.close()


async def upbit(address):
    urls = {"public": f"http://{address}", "private": f"http://{address}",
            "ws": f"ws://{address}/websocket/v1"}
    exchange = ccxt.pro.upbit({
        "urls": {"api": urls}, "apiKey": "fake-access-key",
        "secret": "fake-secret-key-of-a-venue-that-is-not-real",
    })
    exchange.set_markets([
        market("BTC/KRW", "KRW-BTC", "BTC", "KRW", False),
        market("ETH/KRW", "KRW-ETH", "ETH", "KRW", False),
    ])
    try:
        await expect("upbit ticker", exchange.watch_ticker("BTC/KRW"), lambda t: t["last"] > 0)
        await expect("upbit trades", exchange.watch_trades("BTC/KRW"), lambda t: t[0]["price"] > 0)
        await expect(
            "upbit order book", exchange.watch_order_book("ETH/KRW"),
            lambda b: b["bids"][0][0] < b["asks"][0][0],
        )
        await expect("upbit own orders", exchange.watch_orders(), lambda o: o[0]["id"])
        await expect("upbit own money", exchange.watch_balance(), lambda b: b["KRW"]["used"] == 500)
    finally:
        await exchange.close()


def listening(venues, name):
    words = venues.stdout.readline().split()
    assert words[:2] == ["listening", name], words
    return words[2].removeprefix("http://")


async def main():
    venues = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
    try:
        addresses = [listening(venues, name) for name in ("binance", "upbit")]
        await binance(addresses[0])
        await upbit(addresses[1])
    finally:
        venues.kill()
        venues.wait()


asyncio.run(main())
