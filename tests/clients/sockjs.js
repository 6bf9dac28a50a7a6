// A client of somebody else's making: npm sockjs-client against the example program sockjs_echo.
//
// Over each transport that works in Node: messages of every kind come back in order, both sides close, and what the
// server cannot do is not tried. Usage: node sockjs.js PATH_OF_SOCKJS_ECHO (NODE_PATH names where the package lies)
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const readline = require('node:readline');
const SockJS = require('sockjs-client');

const TRANSPORTS = ['websocket', 'xhr-streaming', 'xhr-polling', 'eventsource'];
const STUCK_MS = 30_000;

function start(program) {
  const server = spawn(program, ['0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: server.stdout });
  return new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    lines.once('line', (line) => {
      const [word, name, url] = line.split(' ');
      assert.deepStrictEqual([word, name], ['listening', 'sockjs'], line);
      resolve({ server, url });
    });
  });
}

function patience(promise, what) {
  let timer;
  const stuck = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`stuck: ${what}`)), STUCK_MS);
  });
  return Promise.race([promise, stuck]).finally(() => clearTimeout(timer));
}

// A connection with promises: opened, the messages in order, closed.
function connect(url, transports) {
  const socket = new SockJS(url, null, transports ? { transports } : {});
  const messages = [];
  const waiting = [];
  socket.onmessage = (event) => {
    const waiter = waiting.shift();
    if (waiter) waiter(event.data);
    else messages.push(event.data);
  };
  const opened = new Promise((resolve) => { socket.onopen = resolve; });
  const closed = new Promise((resolve) => { socket.onclose = resolve; });
  const next = () => (messages.length ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve)));
  return { socket, opened, closed, next };
}

async function echoes(url, transport) {
  const { socket, opened, closed, next } = connect(`${url}/echo`, [transport]);
  await patience(opened, `${transport} opens`);
  assert.strictEqual(socket.transport, transport);
  const texts = [
    'a', '', '"\\/', '  \0\n\r ', '가격 😀', '\u2028\u2029\ufeff\uffff', '</script>', '100% %41 %', 'x'.repeat(100_000),
    String.fromCharCode(...Array.from({ length: 0xd800 }, (_, code) => code)),
    ...Array.from({ length: 200 }, (_, index) => `message ${index}`),
  ];
  for (const text of texts) socket.send(text);
  for (const text of texts) {
    const echo = await patience(next(), `${transport} echoes ${JSON.stringify(text).slice(0, 40)}`);
    assert.ok(echo === text, `${transport}: ${JSON.stringify(echo).slice(0, 60)} is not ${JSON.stringify(text).slice(0, 60)}`);
  }
  // One by one, so that every poll and stream is begun again and again.
  for (let index = 0; index < 50; index += 1) {
    const text = `${index} ${'y'.repeat(500)}`;
    socket.send(text);
    assert.strictEqual(await patience(next(), `${transport} echoes message ${index}`), text);
  }
  socket.close(3001, 'enough');
  const { code, reason, wasClean } = await patience(closed, `${transport} closes`);
  assert.deepStrictEqual([code, reason, wasClean], [3001, 'enough', true]);
}

async function isSentAway(url, transport) {
  const { opened, closed } = connect(`${url}/close`, [transport]);
  await patience(opened, `${transport} opens before it is closed`);
  const { code, reason, wasClean } = await patience(closed, `${transport} is closed`);
  assert.deepStrictEqual([code, reason, wasClean], [3000, 'Go away!', true], transport);
}

async function fallsBack(url) {
  const { socket, opened, closed, next } = connect(`${url}/disabled_websocket_echo`);
  await patience(opened, 'another transport opens');
  assert.strictEqual(socket.transport, 'xhr-streaming');
  socket.send('a');
  assert.strictEqual(await patience(next(), 'the fallback echoes'), 'a');
  socket.close();
  await patience(closed, 'the fallback closes');
}

async function needsCookies(url) {
  const { opened, closed, socket, next } = connect(`${url}/cookie_needed_echo`, ['xhr-polling']);
  await patience(opened, 'the service with cookies opens');
  socket.send('a');
  assert.strictEqual(await patience(next(), 'the service with cookies echoes'), 'a');
  socket.close();
  await patience(closed, 'the service with cookies closes');
}

// While the connections live the process says why each of them ends.
async function isShutDown(url, server) {
  const connections = TRANSPORTS.map((transport) => [transport, connect(`${url}/echo`, [transport])]);
  for (const [transport, { opened }] of connections) await patience(opened, `${transport} opens`);
  const ended = new Promise((resolve) => { server.once('exit', resolve); });
  server.kill('SIGTERM');
  for (const [transport, { closed }] of connections) {
    const { code, reason } = await patience(closed, `${transport} is told of the shutdown`);
    assert.deepStrictEqual([code, reason], [1001, 'Shutdown'], transport);
  }
  assert.strictEqual(await patience(ended, 'the server ends'), 0);
}

async function main(program) {
  const { server, url } = await start(program);
  server.removeAllListeners('exit');
  let passed = 0;
  try {
    for (const transport of TRANSPORTS) {
      await echoes(url, transport);
      await isSentAway(url, transport);
      passed += 2;
    }
    await fallsBack(url);
    await needsCookies(url);
    await isShutDown(url, server);
    passed += 3;
  } finally {
    server.kill('SIGKILL');
  }
  console.log(`sockjs.js: ${passed} passed, 0 failed`);
  process.exit(0);
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  console.log('sockjs.js: 0 passed, 1 failed');
  process.exit(1);
});
