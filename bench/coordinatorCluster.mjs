// A coordinator and three agents as processes of their own, a 2-of-3 key, and one raw WebSocket that asks.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { load } from './product.mjs';

const SHAPE = { threshold: 2, total_parts: 3 };

/** A coordinator user's connection: requests by session key, completions as promises. */
async function register({ wsUrl, users }) {
  const { username, role, token } = users.find((user) => user.role === 'coordinator');
  const socket = new WebSocket(wsUrl);
  const waiting = new Map();
  await once(socket, 'open');
  const registered = new Promise((resolve) => waiting.set('register', resolve));
  socket.on('message', (frame) => {
    const message = JSON.parse(Buffer.from(frame).toString('utf8'));
    if (message.seq !== undefined) socket.send(JSON.stringify({ type: 'ack', seq: message.seq }));
    if (message.type === 'register_complete') waiting.get('register')?.(message);
    if (message.type === 'error') throw new Error(JSON.stringify(message));
    if (message.type.endsWith('_complete')) {
      waiting.get(message.session_key)?.(message);
      waiting.delete(message.session_key);
    }
  });
  socket.send(JSON.stringify({ type: 'register', username, role, token }));
  await registered;
  return {
    ask(message) {
      const done = new Promise((resolve) => waiting.set(message.session_key, resolve));
      socket.send(JSON.stringify(message));
      return done;
    },
    close: () => socket.close(),
  };
}

/**
 * Starts the cluster and makes the key. `route` is handed to the cluster: where agents connect instead.
 * `sign(name)` signs once and rejects when that fails.
 */
export async function openCoordinator({ route } = {}) {
  const { startCluster } = await load('cli');
  const cluster = await startCluster({ parties: 3, port: 0, ...(route ? { route } : {}) });
  try {
    const client = await register(cluster);
    const participants = cluster.users
      .filter(({ role }) => role === 'participant')
      .map(({ username }) => username);
    const made = await client.ask({
      type: 'keygen_request',
      session_key: 'bench-key',
      ...SHAPE,
      participants,
    });
    if (!made.success) throw new Error(made.message);
    return {
      agents: cluster.agents,
      async sign(name) {
        const done = await client.ask({
          type: 'sign_request',
          session_key: name,
          ...SHAPE,
          data: createHash('sha256').update(name).digest('hex'),
          address: made.address,
          participants: participants.slice(0, 2),
        });
        if (!done.success) throw new Error(done.message);
      },
      async close() {
        client.close();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
