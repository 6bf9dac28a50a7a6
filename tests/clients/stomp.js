// Clients of somebody else's making: npm @stomp/stompjs and webstomp-client against the real binary, over a WebSocket
// and over sockjs-client with each transport that works in Node.
//
// Each connects, subscribes, prays, reads its errors, beats and hears beats. Then the server is killed and started again
// at the same address: stompjs reconnects by itself, webstomp is made to, and what was acknowledged is still counted.
// Usage: node stomp.js PATH_OF_ORISON (NODE_PATH names where the packages lie)
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Client } = require('@stomp/stompjs');
const SockJS = require('sockjs-client');
const webstomp = require('webstomp-client');
const WebSocket = require('ws');
const { start, killed, patience } = require('./orison.js');

const TRANSPORTS = ['websocket', 'xhr-streaming', 'xhr-polling', 'eventsource'];
const BEAT_MS = 10_000;
// A burst of the bucket is 20: so many at once are refused some.
const FLOOD = 40;

// Texts that came, and who waits for one.
class Heard {
  constructor(name) {
    this.name = name;
    this.all = [];
    this.waiting = [];
  }

  add(item) {
    this.all.push(item);
    this.waiting = this.waiting.filter(({ is, resolve }) => !(is(item) && (resolve(item), true)));
  }

  // The first that is such, past or future.
  some(is, what) {
    const known = this.all.find(is);
    if (known !== undefined) return Promise.resolve(known);
    const coming = new Promise((resolve) => this.waiting.push({ is, resolve }));
    return patience(coming, `${this.name}: ${what}`);
  }
}

function sockjs(url, transport) {
  return new SockJS(`${url}/ws`, null, { transports: [transport] });
}

// One face for both libraries: connected, subscribe, send, receipt, beats.
function overStompjs(name, factory) {
  const beats = new Heard(`${name} beats`);
  const client = new Client({
    webSocketFactory: factory,
    reconnectDelay: 200,
    heartbeatIncoming: BEAT_MS,
    heartbeatOutgoing: BEAT_MS,
    debug: (line) => { if (/PING|PONG/.test(line)) beats.add(line.includes('PING') ? 'out' : 'in'); },
    onStompError: (frame) => { throw new Error(`${name}: ERROR ${frame.headers.message}`); },
  });
  const connections = new Heard(`${name} connections`);
  client.onConnect = (frame) => connections.add(frame.headers.version);
  client.activate();
  let receipts = 0;
  return {
    name,
    beats,
    connections,
    subscribe: (to, hear) => client.subscribe(to, (message) => hear(JSON.parse(message.body))),
    send: (body) => client.publish({ destination: '/app/prayer', body }),
    sendWithReceipt: (body) => {
      receipts += 1;
      const receipt = `r-${receipts}`;
      const given = new Promise((resolve) => client.watchForReceipt(receipt, resolve));
      client.publish({ destination: '/app/prayer', body, headers: { receipt } });
      return patience(given, `${name}: a receipt`);
    },
    close: () => client.deactivate(),
  };
}

function overWebstomp(name, factory) {
  const beats = new Heard(`${name} beats`);
  const client = webstomp.over(factory(), { debug: false, heartbeat: { incoming: BEAT_MS, outgoing: BEAT_MS } });
  client.hasDebug = true;
  client.debug = (line) => { if (/PING|PONG/.test(line)) beats.add(line.includes('PING') ? 'out' : 'in'); };
  const connections = new Heard(`${name} connections`);
  const closed = new Promise((resolve) => {
    client.connect({}, (frame) => connections.add(frame.headers.version), resolve);
  });
  const receipts = new Heard(`${name} receipts`);
  client.onreceipt = (frame) => receipts.add(frame.headers['receipt-id']);
  return {
    name,
    beats,
    connections,
    subscribe: (to, hear) => client.subscribe(to, (message) => hear(JSON.parse(message.body))),
    send: (body) => client.send('/app/prayer', body, {}),
    sendWithReceipt: (body) => {
      client.send('/app/prayer', body, { receipt: 'once' });
      return receipts.some((id) => id === 'once', 'a receipt');
    },
    close: () => new Promise((resolve) => { client.disconnect(resolve, { receipt: 'bye' }); setTimeout(resolve, 1000); }),
    closed,
    // It does not reconnect by itself: another one in its place.
    again: () => overWebstomp(name, factory),
  };
}

function everyClient(url) {
  const ws = `${url.replace('http', 'ws')}/ws`;
  const protocols = ['v12.stomp', 'v11.stomp', 'v10.stomp'];
  const clients = [
    overStompjs('stompjs over a WebSocket', () => new WebSocket(ws, protocols)),
    overStompjs('stompjs over /ws/websocket', () => new WebSocket(`${ws}/websocket`, ['v11.stomp'])),
    overWebstomp('webstomp over a WebSocket', () => new WebSocket(ws, protocols)),
  ];
  for (const transport of TRANSPORTS) {
    clients.push(overStompjs(`stompjs over ${transport}`, () => sockjs(url, transport)));
    clients.push(overWebstomp(`webstomp over ${transport}`, () => sockjs(url, transport)));
  }
  return clients;
}

// 2 up are acknowledged; all else is refused.
async function converse(client) {
  const { name } = client;
  await client.connections.some((version) => ['1.1', '1.2'].includes(version), 'CONNECTED');
  const states = new Heard(`${name} states`);
  const errors = new Heard(`${name} errors`);
  client.subscribe('/topic/prayer', (state) => states.add(state));
  client.subscribe('/user/queue/errors', (error) => errors.add(error));
  const first = await states.some(() => true, 'the state at once');
  assert.strictEqual(first.type, 'PRAYER', name);
  assert.ok(first.upRatio >= 0 && Math.abs(first.upRatio + first.downRatio - 1) < 1e-9, name);
  await client.sendWithReceipt('{"side":"up","count":2}');
  await states.some((state) => state.upCount >= first.upCount + 2, 'the prayer is counted');
  client.send('{"side":"left","count":1}');
  const error = await errors.some(({ code }) => code === 'INVALID_SIDE', 'INVALID_SIDE');
  assert.deepStrictEqual(Object.keys(error).sort(), ['code', 'message', 'timestamp'], name);
  for (let index = 0; index < FLOOD; index += 1) client.send('{"side":"left","count":1}');
  const refused = await errors.some(({ code }) => code === 'RATE_LIMIT_EXCEEDED', 'RATE_LIMIT_EXCEEDED');
  assert.strictEqual(refused.message, 'Too many requests.', name);
  client.states = states;
  await client.beats.some((beat) => beat === 'in', 'a heart-beat of the server');
  await client.beats.some((beat) => beat === 'out', 'a heart-beat of its own');
  console.log(`${name}: ok`);
}

async function main() {
  const orison = process.argv[2];
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orison-stomp-'));
  let running = await start(orison, home, 0);
  const { port } = new URL(running.stomp);
  try {
    const clients = everyClient(running.stomp);
    await Promise.all(clients.map(converse));
    const prayed = 2 * clients.length;
    const connected = clients.map((client) => client.connections.all.length);

    await killed(running.server);
    await patience(Promise.all(clients.filter((c) => c.closed).map((c) => c.closed)), 'webstomp sees the end');
    running = await start(orison, home, port);
    const total = await (await fetch(`${running.rest}/api/v1/prayer`)).json();
    assert.strictEqual(total.upCount, prayed, 'what was acknowledged is counted after kill -9');
    await Promise.all(clients.map(async (before, index) => {
      const client = before.again ? before.again() : before;
      const states = new Heard(`${client.name} after the crash`);
      const known = before.again ? 0 : connected[index];
      while (client.connections.all.length === known) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      client.subscribe('/topic/prayer', (state) => states.add(state));
      await states.some((state) => state.upCount >= prayed, 'the count after the crash');
      await client.close();
    }));
    console.log(`${clients.length} clients, ${prayed} prayers acknowledged and counted, all reconnected after kill -9`);
  } finally {
    running.server.kill('SIGKILL');
    fs.rmSync(home, { recursive: true, force: true });
  }
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
