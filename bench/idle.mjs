// What idle agents cost the coordinator: `node bench/idle.mjs [--agents=N] [--json]` registers that many agents, each
// with a user, a token and a WebSocket of its own, and prints the resident memory of the coordinator's process for
// one of them. The coordinator is the product's own code in a process of its own; garbage is collected before each
// look, so that the figure is what stays. Agents are raw sockets of this process: they cost it, not the coordinator.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { describeMachine, machineText } from './machine.mjs';
import { readArguments, refuse } from './options.mjs';
import { load } from './product.mjs';
import { usageOf } from './usage.mjs';

const ADMIN = { username: 'admin', password: 'a long enough passphrase' };
const AT_ONCE = 50;
const CHEAP = { N: 2 ** 15, r: 1, p: 1 };

/** The child: a coordinator that collects its garbage when it is told to. */
async function serve(agents) {
  const { createServer } = await load('coordinator');
  const directory = mkdtempSync(join(tmpdir(), 'quorate-idle-'));
  const limits = { total: 2 * agents + 1000, perAddress: 2 * agents + 1000 };
  const server = await createServer({
    dataDirectory: directory,
    port: 0,
    init: true,
    connections: limits,
    rates: { requestsPerUser: 1_000_000_000 },
    passwordCost: CHEAP,
  });
  const { url, wsUrl } = await server.listen();
  const collect = async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      globalThis.gc();
      await setTimeout(200);
    }
    process.send({ collected: process.memoryUsage() });
  };
  const stop = async () => {
    await server.close();
    rmSync(directory, { recursive: true });
    process.disconnect();
  };
  process.on('message', (order) => void (order === 'collect' ? collect() : stop()));
  process.send({ url, wsUrl, setupToken: server.setupToken });
}

/** Does work for each number below `count`, some at once. */
async function forEach(count, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const at = next;
      next += 1;
      await work(at);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Posts to the coordinator's REST interface. */
function posterTo(url, token) {
  return async (path, body) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  };
}

async function connect(wsUrl, username, token) {
  const socket = new WebSocket(wsUrl, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.send(
    JSON.stringify({ type: 'register', username, role: 'participant', token, batch: true }),
  );
  const [frame] = await once(socket, 'message');
  const answer = JSON.parse(String(frame));
  if (answer.success !== true) throw new Error(`${username}: ${String(frame)}`);
  return socket;
}

async function measure(agents) {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', `--agents=${agents}`], {
    execArgv: ['--expose-gc'],
  });
  const [{ url, wsUrl, setupToken }] = await once(child, 'message');
  const look = async () => {
    child.send('collect');
    const [{ collected }] = await once(child, 'message');
    return { rss: usageOf(child.pid).rss * 1024, heap: collected.heapUsed / 1024 };
  };
  await posterTo(url)('/setup', { token: setupToken, ...ADMIN });
  const { access_token: token } = await posterTo(url)('/auth/login', ADMIN);
  const post = posterTo(url, token);
  const nameOf = (at) => `agent-${at}`;
  const tokens = [];
  const warm = Math.min(agents, 200);
  await forEach(agents + warm, async (at) => {
    await post('/users', { username: nameOf(at), roles: ['participant'] });
    const path = `/users/${nameOf(at)}/tokens`;
    ({ token: tokens[at] } = await post(path, { expires_in: 86_400 }));
  });
  const sockets = [];
  const open = async (at) => sockets.push(await connect(wsUrl, nameOf(at), tokens[at]));
  // The first connections also cost what is compiled and cached once.
  await forEach(warm, (at) => open(agents + at));
  const before = await look();
  await forEach(agents, open);
  const after = await look();
  const connected = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  if (connected !== agents + warm)
    throw new Error(`${connected} of ${agents + warm} connections are open`);
  for (const socket of sockets) socket.terminate();
  child.send('stop');
  await once(child, 'exit');
  return {
    agents,
    rss_kib_each: (after.rss - before.rss) / agents,
    heap_kib_each: (after.heap - before.heap) / agents,
    rss_mib: after.rss / 1024,
  };
}

const USAGE = 'node bench/idle.mjs [--agents=N] [--json]';
const { values } = readArguments(
  {
    agents: { type: 'string', default: '5000' },
    json: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
  },
  USAGE,
);
const agents = Number(values.agents);
if (!Number.isInteger(agents) || agents < 1) refuse('--agents: a whole number from 1', USAGE);
if (values.serve) await serve(agents);
else {
  const found = await measure(agents);
  const text = values.json
    ? JSON.stringify({ ...describeMachine(), ...found })
    : `${machineText()}\n${agents} idle agents: ${found.rss_kib_each.toFixed(1)} KiB of memory each (${found.heap_kib_each.toFixed(1)} of it on the heap), ${Math.round(found.rss_mib)} MiB together with the coordinator`;
  process.stdout.write(`${text}\n`);
}
