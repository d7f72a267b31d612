// CPU time of one frame of up to 1 MiB at each receiver, from its bytes to the refusal, for the worst
// frames known: node bench/hostile.mjs [CHECKOUT] [--json] [--only NAME]. Frames that take long are
// measured once, all others three times, the least of them counts.
import { EventEmitter } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { frames } from './hostileFrames.mjs';

const [directory] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
if (directory !== undefined && process.argv[process.argv.indexOf(directory) - 1] !== '--only') {
  process.env.QUORATE_BENCH_ROOT = resolve(directory);
}
const { load, ROOT } = await import('./product.mjs');
const { parseFrame, errorMessage } = await load('wire');
const peer = join(ROOT, 'packages', 'cosigner', 'dist', 'peer', 'connection.js');
const { Connection } = await import(pathToFileURL(peer).href);

/** Handles a frame as an end of the WebSocket does before it knows anything about the sender. */
const socketEnd = (from) => (bytes) => {
  const parsed = parseFrame(bytes.toString('utf8'), { from });
  if (parsed.ok) return 'taken';
  const { code, ...said } = parsed.error;
  JSON.stringify(errorMessage(code, said));
  return code;
};

const agreement = generateKeyPairSync('x25519').privateKey;
const nobody = {
  name: 'enterprise',
  agreement,
  partner: () => undefined,
  now: () => 0,
  handshakeMs: 10_000,
};

/** A stranger's first frame at a cosigner. */
function cosigner(bytes) {
  let said = 'taken';
  const socket = Object.assign(new EventEmitter(), { readyState: 1, OPEN: 1 });
  Object.assign(socket, { send() {}, terminate() {}, ping() {}, close() {} });
  const events = { onReady() {}, onMessage() {}, onClosed() {} };
  const onRefused = (_connection, reason) => {
    said = reason;
  };
  new Connection(socket, nobody, { ...events, onRefused }, undefined);
  socket.emit('message', bytes, false);
  socket.emit('close');
  return said;
}

const RECEIVERS = {
  coordinator: socketEnd('client'),
  agent: socketEnd('server'),
  cosigner,
};

/** Milliseconds of CPU. */
function measure(receive, bytes) {
  let least = Number.POSITIVE_INFINITY;
  let said = '';
  for (let run = 0; run < 3 && (run === 0 || least < 2000); run += 1) {
    const before = process.cpuUsage();
    said = receive(bytes);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return { cpu_ms: Math.round(least * 10) / 10, said };
}

const at = process.argv.indexOf('--only');
const wanted = at === -1 ? '' : (process.argv[at + 1] ?? '');
for (const { receiver, name, text } of frames()) {
  if (!`${receiver} ${name}`.includes(wanted)) continue;
  const bytes = Buffer.from(text);
  const line = { receiver, name, bytes: bytes.length, ...measure(RECEIVERS[receiver], bytes) };
  const { cpu_ms, said } = line;
  const shown = process.argv.includes('--json')
    ? JSON.stringify(line)
    : `${receiver.padEnd(12)} ${name.padEnd(44)} ${String(cpu_ms).padStart(9)} ms  ${said}`;
  process.stdout.write(`${shown}\n`);
}
