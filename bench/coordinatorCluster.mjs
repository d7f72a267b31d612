// A coordinator and agents as processes of their own, keys that two sign with, and one raw WebSocket that asks.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { load } from './product.mjs';

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
    if (message.type === 'error' && !waiting.has(message.session_key)) {
      throw new Error(JSON.stringify(message));
    }
    if (message.type === 'error' || message.type.endsWith('_complete')) {
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
 * Starts the cluster and makes the keys, each of all agents. `route` is handed to the cluster: where agents connect
 * instead. `sign(name, key)` signs once and rejects when that fails.
 */
export async function openCoordinator({ agents = 3, keys = 1, route } = {}) {
  const { startCluster } = await load('cli');
  const cluster = await startCluster({ parties: agents, port: 0, ...(route ? { route } : {}) });
  const shape = { threshold: 2, total_parts: agents };
  try {
    const client = await register(cluster);
    const participants = cluster.users
      .filter(({ role }) => role === 'participant')
      .map(({ username }) => username);
    const ask = async (request) => {
      const done = await client.ask({ ...shape, ...request });
      if (done.success) return done;
      throw new Error(done.details ?? done.message);
    };
    const addresses = [];
    for (let key = 0; key < keys; key += 1) {
      const request = { type: 'keygen_request', session_key: `bench-key-${key}`, participants };
      addresses.push((await ask(request)).address);
    }
    return {
      coordinator: cluster.coordinator,
      agents: cluster.agents,
      async sign(name, key = 0) {
        await ask({
          type: 'sign_request',
          session_key: name,
          data: createHash('sha256').update(name).digest('hex'),
          address: addresses[key],
          participants: participants.slice(0, shape.threshold),
        });
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
