// Candles with volume on a canvas, newest at the right; sharp on any pixel ratio.
const WIDTH = 9;
const GAP = 3;
const AXIS = 86;
const VOLUME_SHARE = 0.18;
const BUY = "#2fb67c";
const SELL = "#e5484d";

export function drawChart(canvas, candles) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const g = canvas.getContext("2d");
  g.scale(ratio, ratio);
  g.font = "11px system-ui, sans-serif";
  g.fillStyle = "#8492a3";
  if (!candles.length) {
    g.fillText("no trades in this interval yet", 12, 20);
    return;
  }
  const room = Math.max(1, Math.floor((width - AXIS) / (WIDTH + GAP)));
  const visible = candles.slice(-room);
  const high = Math.max(...visible.map((c) => c.high));
  const low = Math.min(...visible.map((c) => c.low));
  const most = Math.max(...visible.map((c) => c.volume)) || 1;
  const [top, bottom] = [12, height * (1 - VOLUME_SHARE) - 22];
  const span = high - low || Math.max(high * 0.001, 1e-9);
  const y = (price) => bottom - ((price - low + (high === low ? span / 2 : 0)) / span) * (bottom - top);
  grid(g, width, low, high, y);
  const base = height - 18;
  visible.forEach((c, index) => {
    const x = width - AXIS - (visible.length - index) * (WIDTH + GAP);
    g.fillStyle = g.strokeStyle = c.close >= c.open ? BUY : SELL;
    g.fillRect(x + (WIDTH - 1) / 2, y(c.high), 1, Math.max(1, y(c.low) - y(c.high)));
    const [from, to] = [y(Math.max(c.open, c.close)), y(Math.min(c.open, c.close))];
    g.fillRect(x, from, WIDTH, Math.max(1.5, to - from));
    g.globalAlpha = 0.35;
    const tall = (c.volume / most) * height * VOLUME_SHARE;
    g.fillRect(x, base - tall, WIDTH, tall);
    g.globalAlpha = 1;
  });
  times(g, visible, width, height);
}

function grid(g, width, low, high, y) {
  const lines = high === low ? [low] : [0, 1, 2, 3, 4].map((i) => low + ((high - low) * i) / 4);
  for (const price of lines) {
    g.fillStyle = "#1e252d";
    g.fillRect(0, Math.round(y(price)), width - AXIS, 1);
    g.fillStyle = "#8492a3";
    g.fillText(price.toLocaleString("en-US", { maximumFractionDigits: 4 }), width - AXIS + 6, y(price) + 4);
  }
}

function times(g, visible, width, height) {
  g.fillStyle = "#8492a3";
  const every = Math.max(1, Math.round(90 / (WIDTH + GAP)));
  visible.forEach((c, index) => {
    if ((visible.length - 1 - index) % every) return;
    const x = width - AXIS - (visible.length - index) * (WIDTH + GAP);
    const label = new Date(c.open_time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    g.fillText(label, Math.max(0, x - 10), height - 4);
  });
}
