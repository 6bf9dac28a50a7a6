// Whose pages may trade: npm sockjs-client in Chromium against `/ws/orders` of the real binary, over every transport.
//
// A page of another loopback origin enters an order over each of them and is told of it. A page of a foreign name enters
// none over any, and reads nothing of an account; over each its connection is closed.
// Usage: node pages.js PATH_OF_ORISON PATH_OF_CHROMIUM (NODE_PATH names where the packages lie)
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { start, patience } = require('./orison.js');

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'iframe-htmlfile', 'xhr-polling',
  'iframe-xhr-polling', 'jsonp-polling'];
const SCRIPT = path.join(path.dirname(require.resolve('sockjs-client/package.json')), 'dist/sockjs.min.js');
const TRIES = 10;
const ACCOUNTS = /ACTIVE_ORDERS|ORDER_SUBMITTED/;

// Runs in the page: what it hears until its order is entered or its connection closed.
function trade([url, transport]) {
  return new Promise((resolve) => {
    const heard = [];
    const socket = new SockJS(`${url}/ws/orders`, null, { transports: [transport] });
    const order = { symbol: 'AAPL', side: 'BUY', type: 'LIMIT', price: 1, quantity: 1 };
    socket.onopen = () => socket.send(JSON.stringify({ type: 'SUBMIT_ORDER', data: order }));
    socket.onclose = ({ code }) => resolve({ heard, code });
    socket.onmessage = ({ data }) => {
      const { type } = JSON.parse(data);
      heard.push(type);
      if (type === 'ORDER_SUBMITTED') socket.close();
    };
  });
}

async function visit(browser, address, url, transport) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  await page.addScriptTag({ content: fs.readFileSync(SCRIPT, 'utf8') });
  return patience(page.evaluate(trade, [url, transport]), `${transport} of a page of ${address}`);
}

// sockjs-client gives up a connection that is not there within a few hundred milliseconds: a busy machine gets others.
async function visitPatiently(...visiting) {
  for (let tries = 1; ; tries += 1) {
    const seen = await visit(...visiting);
    if (seen.heard.length > 0 || tries === TRIES) return seen;
  }
}

async function main() {
  const [orison, executablePath] = process.argv.slice(2);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orison-pages-'));
  const { server, stomp, rest } = await start(orison, home, 0);
  const site = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><title>a page of another origin</title><body></body>');
  });
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve); });
  const { port } = site.address();
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP evil.example 127.0.0.1'];
  const browser = await chromium.launch({ executablePath, args });
  const entered = async () => (await (await fetch(`${rest}/api/v1/orders`)).json()).orders.length;
  try {
    for (const transport of TRANSPORTS) {
      const trusted = await visitPatiently(browser, `http://localhost:${port}/`, stomp, transport);
      const foreign = await visit(browser, `http://evil.example:${port}/`, stomp, transport);
      assert.deepStrictEqual(trusted.heard.slice(0, 2), ['CONNECTION_ESTABLISHED', 'ACTIVE_ORDERS'], transport);
      assert.ok(trusted.heard.includes('ORDER_SUBMITTED'), `${transport}: ${trusted.heard}`);
      assert.ok(!ACCOUNTS.test(foreign.heard), `${transport}: ${foreign.heard}`);
      console.log(`orders of a page over ${transport}: entered for a trusted one, closed with ${foreign.code} for a foreign one`);
    }
    assert.strictEqual(await entered(), TRANSPORTS.length, 'of trusted pages alone');
    console.log(`${TRANSPORTS.length} orders of trusted pages, none of a foreign one`);
  } finally {
    await browser.close();
    site.close();
    server.kill('SIGKILL');
    fs.rmSync(home, { recursive: true, force: true });
  }
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
