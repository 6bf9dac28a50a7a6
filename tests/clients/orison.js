// What the clients written in JavaScript share: the server under test, and patience with it.
'use strict';

const { spawn } = require('node:child_process');
const readline = require('node:readline');

const STUCK_MS = 60_000;

// Resolves once it accepts; `port` of STOMP and SockJS, 0: any.
function start(orison, data, port) {
  const flags = ['serve', '--data', data, '--rest', '127.0.0.1:0', '--ws', 'off', '--admin', 'off',
    '--stomp', `127.0.0.1:${port}`, '--durability', 'journaled', '--log', 'warn'];
  const server = spawn(orison, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const urls = {};
  return new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    readline.createInterface({ input: server.stdout }).on('line', (line) => {
      const [word, name, url] = line.split(' ');
      if (word === 'listening') urls[name] = url;
      if (urls.rest && urls.stomp) resolve({ server, rest: urls.rest, stomp: urls.stomp });
    });
  });
}

function killed(server) {
  return new Promise((resolve) => {
    server.removeAllListeners('exit');
    server.once('exit', resolve);
    server.kill('SIGKILL');
  });
}

function patience(promise, what) {
  let timer;
  const stuck = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`stuck: ${what}`)), STUCK_MS);
  });
  return Promise.race([promise, stuck]).finally(() => clearTimeout(timer));
}

module.exports = { start, killed, patience };
