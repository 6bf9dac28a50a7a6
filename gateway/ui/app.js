// The page: one state, one socket, four views. It asks REST once for what stood before, then
// lives on what the socket pushes; while the socket is down it polls REST every two seconds.
import { drawChart } from "/ui/chart.js";

const LEVELS = 15;
const TRADES = 24;
const CANDLES = 120;
const POLL_MS = 2000;
const INTERVALS = ["1m", "5m", "15m", "30m", "1h", "4h", "1d"];

const $ = (id) => document.getElementById(id);
const state = {
  symbols: [], symbol: null, interval: "1m",
  candles: [], trades: [], seen: new Set(), orders: new Map(),
  socket: null, poll: null, retryMs: 500,
};

// With identities: kept as long as the tab, said in a header or in the socket's first message.
let token = sessionStorage.getItem("token");

// Asks for a token until one is good; in open mode nobody is asked.
async function signIn() {
  const { mode } = await (await fetch("/config.json")).json();
  if (mode !== "authenticated") return;
  let reason = sessionStorage.getItem("signed-out") ?? "sign in";
  sessionStorage.removeItem("signed-out");
  for (;;) {
    const own = token && await api("/account").catch((error) => { reason = error.message; });
    if (own) {
      sessionStorage.setItem("token", token);
      $("account").textContent = own.account;
      $("sign-in").hidden = true;
      $("sign-out").hidden = false;
      setLink("connecting", "connecting");
      return;
    }
    $("sign-in").hidden = false;
    setLink("down", reason);
    token = await new Promise((resolve) => $("sign-in").addEventListener("submit", (event) => {
      event.preventDefault();
      resolve(new FormData(event.target).get("token").trim());
      event.target.reset();
    }, { once: true }));
  }
}

function signOut(reason) {
  sessionStorage.removeItem("token");
  sessionStorage.setItem("signed-out", reason);
  location.reload();
}

const api = async (path, body) => {
  const options = body
    ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }
    : {};
  const who = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`/api/v1${path}`, { ...options, headers: { ...options.headers, ...who, "accept-language": "en" } });
  const json = await answer.json().catch(() => ({}));
  if (answer.status === 401 && state.symbol) signOut("the session is over: sign in again");
  if (!answer.ok) throw new Error(json.message ? `${json.error}: ${json.message}` : `HTTP ${answer.status}`);
  return json;
};

const shown = (value, digits = 8) =>
  value === null || value === undefined ? "–" : Number(value).toLocaleString("en-US", { maximumFractionDigits: digits });

const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");

function row(cells, share) {
  const tr = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    if (cell instanceof Node) td.append(cell); else td.textContent = cell;
    tr.append(td);
  }
  if (share !== undefined) tr.style.setProperty("--share", `${(share * 100).toFixed(1)}%`);
  return tr;
}

function showBook({ bids, asks, sequence }) {
  const side = (levels) => {
    let total = 0;
    return levels.slice(0, LEVELS).map(([price, quantity]) => ({ price, quantity, total: (total += quantity) }));
  };
  const [buy, sell] = [side(bids), side(asks)];
  const most = Math.max(buy.at(-1)?.total ?? 0, sell.at(-1)?.total ?? 0) || 1;
  const rows = (levels) => levels.map((l) => {
    const tr = row([shown(l.price), shown(l.quantity), shown(l.total)], l.total / most);
    tr.addEventListener("click", () => { $("entry").elements.price.value = l.price; });
    return tr;
  });
  $("bids").replaceChildren(...rows(buy));
  $("asks").replaceChildren(...rows(sell).reverse());
  const spread = buy.length && sell.length ? shown(sell[0].price - buy[0].price) : "–";
  $("spread").firstElementChild.textContent = `spread ${spread}`;
  $("book-sequence").textContent = sequence ? `#${sequence}` : "";
}

function showStatistics(s) {
  $("last").textContent = shown(s.last_price);
  const change = s.price_change_24h;
  $("change").textContent = change === null || change === undefined ? "–" : `${change > 0 ? "+" : ""}${shown(change, 2)} %`;
  $("change").className = change > 0 ? "buy" : change < 0 ? "sell" : "";
  $("high").textContent = shown(s.high_24h);
  $("low").textContent = shown(s.low_24h);
  $("volume").textContent = shown(s.volume_24h, 4);
}

function addTrades(trades) {
  for (const trade of trades) {
    if (state.seen.has(trade.exec_id)) continue;
    state.seen.add(trade.exec_id);
    state.trades.unshift(trade);
  }
  for (const old of state.trades.splice(200)) state.seen.delete(old.exec_id);
  $("trades").replaceChildren(...state.trades.slice(0, TRADES).map((t) => {
    const price = document.createElement("span");
    price.className = t.side === "Buy" ? "buy" : "sell";
    price.textContent = shown(t.price);
    return row([clock(t.timestamp), price, shown(t.quantity)]);
  }));
}

// A candle is the state of its open time: the same open time replaces, a new one is appended.
function addCandle(candle) {
  const at = state.candles.findIndex((c) => c.open_time === candle.open_time);
  if (at >= 0) state.candles[at] = candle;
  else state.candles.push(candle);
  state.candles.sort((a, b) => a.open_time - b.open_time);
  state.candles.splice(0, Math.max(0, state.candles.length - CANDLES));
  drawChart($("chart"), state.candles);
}

function showOrders() {
  const open = [...state.orders.values()].filter((o) => o.symbol === state.symbol);
  $("orders").replaceChildren(...open.map((o) => {
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.textContent = "Cancel";
    cancel.addEventListener("click", () => act(() => api("/order/cancel", { order_id: o.order_id }), "cancelled"));
    const side = document.createElement("span");
    side.className = o.side === "Buy" ? "buy" : "sell";
    side.textContent = o.side;
    return row([side, o.type, shown(o.price), shown(o.remaining_quantity), shown(o.filled_quantity), o.status, cancel]);
  }));
}

async function loadOrders() {
  const { orders } = await api("/orders?status=open&limit=100");
  state.orders = new Map(orders.map((o) => [o.order_id, o]));
  showOrders();
}

async function act(call, done) {
  const answer = $("answer");
  try {
    const result = await call();
    answer.dataset.kind = "fine";
    answer.textContent = `${done}${result.order_id ? ` ${result.order_id}` : ""}`;
  } catch (error) {
    answer.dataset.kind = "error";
    answer.textContent = error.message;
  }
  await loadOrders().catch(() => {});
}

// What stood before the socket opened, and all there is while it is down.
async function loadSnapshot() {
  const { symbol, interval } = state;
  const [book, statistics, executions, klines] = await Promise.all([
    api(`/orderbook/${symbol}?depth=${LEVELS}`), api(`/statistics/${symbol}`),
    api(`/executions/${symbol}?limit=50`), api(`/klines/${symbol}/${interval}?limit=${CANDLES}`),
  ]);
  if (symbol !== state.symbol || interval !== state.interval) return;
  showBook(book.orderbook);
  showStatistics(statistics);
  addTrades(executions.executions.reverse());
  state.candles = klines.candles;
  drawChart($("chart"), state.candles);
}

const handlers = {
  OrderBookUpdate: (m) => m.symbol === state.symbol && showBook(m),
  MarketStatistics: (m) => m.symbol === state.symbol && showStatistics(m),
  Execution: (m) => m.symbol === state.symbol && addTrades([m]),
  CandlestickUpdate: (m) => m.symbol === state.symbol && m.interval === state.interval && addCandle(m.candle),
  AuthSuccess: ({ role }) => {
    const trades = role === "trader";
    $("place").disabled = $("cancel-all").disabled = !trades;
    $("place").textContent = trades ? "Place order" : `a ${role} places none`;
    live();
  },
  Ping: (m) => send({ type: "Pong", timestamp: m.timestamp }),
  Error: (m) => console.warn("Orison:", m.code, m.message),
};
for (const type of ["OrderAccepted", "OrderExecution", "OrderCancelled", "OrderExpired", "OrderAmended"]) {
  handlers[type] = () => scheduleOrders();
}

let ordersDue = null;
function scheduleOrders() {
  ordersDue ??= setTimeout(() => { ordersDue = null; loadOrders().catch(() => {}); }, 150);
}

const send = (message) => {
  if (state.socket?.readyState === WebSocket.OPEN) state.socket.send(JSON.stringify(message));
};
const subscribe = () => {
  send({ type: "Subscribe", channels: ["executions", "orderbook", "statistics", "candles"], symbols: [state.symbol], intervals: [state.interval], lang: "en" });
  send({ type: "Subscribe", channels: ["orders"], symbols: ["all"], lang: "en" });
};

function setLink(kind, text) {
  $("link").dataset.state = kind;
  $("link").textContent = text;
}

function live() {
  setLink("live", "live");
  subscribe();
  loadSnapshot().catch(() => {});
}

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  state.socket = socket;
  socket.onopen = () => {
    state.retryMs = 500;
    clearInterval(state.poll);
    state.poll = null;
    if (token) send({ type: "Auth", token });
    else live();
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    handlers[message.type]?.(message);
  };
  socket.onclose = ({ code }) => {
    if (code === 4401) return signOut("the session is over: sign in again");
    setLink("down", code === 1013 ? "too many sessions: polling" : "no socket: polling, trying again");
    state.poll ??= setInterval(() => loadSnapshot().catch(() => setLink("down", "no answer")), POLL_MS);
    setTimeout(connect, state.retryMs);
    state.retryMs = Math.min(state.retryMs * 2, 10_000);
  };
}

function choose(symbol, interval) {
  if (state.symbol) send({ type: "Unsubscribe", channels: ["executions", "orderbook", "statistics", "candles"], symbols: [state.symbol] });
  Object.assign(state, { symbol, interval, candles: [], trades: [] });
  state.seen.clear();
  document.title = `${symbol} · Orison`;
  for (const [id, value] of [["symbols", symbol], ["intervals", interval]]) {
    for (const button of $(id).children) button.setAttribute("aria-pressed", String(button.textContent === value));
  }
  addTrades([]);
  drawChart($("chart"), []);
  showOrders();
  if (state.socket) subscribe();
  loadSnapshot().catch((error) => setLink("down", error.message));
}

function buttons(id, words, pick) {
  $(id).replaceChildren(...words.map((word) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word;
    button.addEventListener("click", () => pick(word));
    return button;
  }));
}

$("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const order = { symbol: state.symbol, client_order_id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
  for (const [name, value] of form) if (value !== "") order[name] = value;
  if (order.type === "Market") {
    delete order.price;
    if (order.time_in_force === "GTC") delete order.time_in_force;
  }
  act(() => api("/order", order), "accepted");
});
$("cancel-all").addEventListener("click", () =>
  act(() => api("/order/cancel-all", { symbol: state.symbol }), "all cancelled"));
new ResizeObserver(() => drawChart($("chart"), state.candles)).observe($("chart"));

$("sign-out").addEventListener("click", () => signOut("signed out"));
await signIn();
document.querySelector("main").hidden = false;
const { symbols } = await api("/symbols");
state.symbols = symbols.map((s) => s.symbol);
buttons("symbols", state.symbols, (symbol) => choose(symbol, state.interval));
buttons("intervals", INTERVALS, (interval) => choose(state.symbol, interval));
choose(state.symbols[0], "1m");
connect();
loadOrders().catch(() => {});
