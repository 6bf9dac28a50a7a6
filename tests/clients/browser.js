// Clients of somebody else's making in a real browser: npm @stomp/stompjs over sockjs-client with every transport that
// Chromium has, against the real binary. One page of another origin for each, and one of the server's own for htmlfile,
// which works nowhere else.
//
// Each connects, subscribes, prays, reads its errors, beats and hears beats. Then the server is killed and started again
// at the same address: every page reconnects by itself, and what was acknowledged is still counted.
// Usage: node browser.js PATH_OF_ORISON PATH_OF_CHROMIUM (NODE_PATH names where the packages lie)
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { start, killed, patience } = require('./orison.js');

const FOREIGN = ['websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'iframe-htmlfile', 'xhr-polling',
  'iframe-xhr-polling', 'jsonp-polling'];
const OWN = ['htmlfile', 'iframe-htmlfile', 'jsonp-polling'];
// A jsonp poll that sockjs-client has given up takes its callback away; an answer under way then finds none.
const LATE = /^_jp\.\w+ is not a function$/;
const SCRIPTS = [
  require.resolve('@stomp/stompjs'),
  path.join(path.dirname(require.resolve('sockjs-client/package.json')), 'dist/sockjs.min.js'),
];

// Runs in the page, as does all that it defines there: `orison.connect`, `converse`, `reconnect`.
function inPage() {
  const BEAT_MS = 10_000;
  // A burst of the bucket is 20: so many at once are refused some.
  const FLOOD = 40;

  class Heard {
    constructor() {
      this.all = [];
      this.waiting = [];
    }

    add(item) {
      this.all.push(item);
      this.waiting = this.waiting.filter(({ is, resolve }) => !(is(item) && (resolve(item), true)));
    }

    // The first that is such, past or future.
    some(is, what) {
      orison.awaits = what;
      const known = this.all.find(is);
      return known !== undefined ? Promise.resolve(known) : new Promise((resolve) => this.waiting.push({ is, resolve }));
    }
  }

  const beats = new Heard();
  const connections = new Heard();
  let client;

  function hears(to) {
    const heard = new Heard();
    client.subscribe(to, (message) => heard.add(JSON.parse(message.body)));
    return heard;
  }

  const send = (body, headers) => client.publish({ destination: '/app/prayer', body, headers });

  window.orison = {
    connect(url, transport) {
      client = new StompJs.Client({
        webSocketFactory: () => {
          orison.socket = new SockJS(`${url}/ws`, null, { transports: [transport] });
          return orison.socket;
        },
        reconnectDelay: 200,
        heartbeatIncoming: BEAT_MS,
        heartbeatOutgoing: BEAT_MS,
        debug: (line) => { if (/PING|PONG/.test(line)) beats.add(line.includes('PING') ? 'out' : 'in'); },
        onStompError: (frame) => { throw new Error(`ERROR ${frame.headers.message}`); },
        onConnect: (frame) => connections.add(frame.headers.version),
      });
      client.activate();
    },

    // Two up are acknowledged, all else is refused; what each step found.
    async converse() {
      const version = await connections.some(() => true, 'CONNECTED');
      const states = hears('/topic/prayer');
      const errors = hears('/user/queue/errors');
      const first = await states.some(() => true, 'the state at once');
      const receipt = new Promise((resolve) => { client.watchForReceipt('prayed', resolve); });
      send('{"side":"up","count":2}', { receipt: 'prayed' });
      orison.awaits = 'the receipt of a prayer';
      await receipt;
      await states.some((state) => state.upCount >= first.upCount + 2, 'the prayer is counted');
      send('{"side":"왼쪽","count":1}');
      const invalid = await errors.some(({ code }) => code === 'INVALID_SIDE', 'INVALID_SIDE');
      for (let index = 0; index < FLOOD; index += 1) send('{"side":"left","count":1}');
      const flooded = await errors.some(({ code }) => code === 'RATE_LIMIT_EXCEEDED', 'RATE_LIMIT_EXCEEDED');
      await beats.some((beat) => beat === 'in', 'a heart-beat of the server');
      await beats.some((beat) => beat === 'out', 'a heart-beat of its own');
      const { transport } = orison.socket;
      return { version, transport, first, invalid, flooded };
    },

    // Once it has connected again by itself and sees so many prayers.
    async reconnect(prayed) {
      orison.awaits = 'another connection';
      while (connections.all.length < 2) await new Promise((resolve) => { setTimeout(resolve, 20); });
      await hears('/topic/prayer').some((state) => state.upCount >= prayed, 'the count after the crash');
      await client.deactivate();
    },
  };
}

// A page without anything but the libraries, from `address`, in a browser profile of its own: connections of one
// profile to one server are few, and streams hold theirs.
async function open(browser, address, url, transport) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const name = `${transport}, page of ${new URL(address).host === new URL(url).host ? 'the server' : 'another origin'}`;
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(address);
  for (const script of SCRIPTS) await page.addScriptTag({ content: fs.readFileSync(script, 'utf8') });
  await page.evaluate(inPage);
  await page.evaluate(([to, by]) => orison.connect(to, by), [url, transport]);
  const ask = async (question, argument) => {
    try {
      return await patience(page.evaluate(`orison.${question}(${argument ?? ''})`), `${name}: ${question}`);
    } catch (error) {
      const awaits = await page.evaluate('orison.awaits');
      throw new Error(`${name}: ${error.message}; it waits for ${awaits}; ${problems.join('; ')}`);
    }
  };
  return { name, transport, problems, ask };
}

async function converse(page) {
  const { version, transport, first, invalid, flooded } = await page.ask('converse');
  assert.strictEqual(version, '1.2', page.name);
  assert.strictEqual(transport, page.transport, page.name);
  assert.strictEqual(first.type, 'PRAYER', page.name);
  assert.deepStrictEqual(Object.keys(invalid).sort(), ['code', 'message', 'timestamp'], page.name);
  assert.strictEqual(flooded.message, 'Too many requests.', page.name);
  console.log(`stompjs in Chromium over ${page.name}: ok`);
}

async function main() {
  const [orison, executablePath] = process.argv.slice(2);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orison-browser-'));
  let running = await start(orison, home, 0);
  const { port } = new URL(running.stomp);
  const site = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><title>a page of another origin</title><body></body>');
  });
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve); });
  const foreign = `http://localhost:${site.address().port}/`;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    const pages = await Promise.all([
      ...FOREIGN.map((transport) => open(browser, foreign, running.stomp, transport)),
      ...OWN.map((transport) => open(browser, `${running.stomp}/ws`, running.stomp, transport)),
    ]);
    await Promise.all(pages.map(converse));
    const prayed = 2 * pages.length;

    await killed(running.server);
    running = await start(orison, home, port);
    const total = await (await fetch(`${running.rest}/api/v1/prayer`)).json();
    assert.strictEqual(total.upCount, prayed, 'what was acknowledged is counted after kill -9');
    await Promise.all(pages.map((page) => page.ask('reconnect', prayed)));
    for (const page of pages) assert.deepStrictEqual(page.problems.filter((text) => !LATE.test(text)), [], page.name);
    console.log(`${pages.length} pages, ${prayed} prayers acknowledged and counted, all reconnected after kill -9`);
  } finally {
    await browser.close();
    site.close();
    running.server.kill('SIGKILL');
    fs.rmSync(home, { recursive: true, force: true });
  }
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
