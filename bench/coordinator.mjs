// Signatures through the coordinator: separate processes, automatic approval, one raw WebSocket as the
// requester. Measures from sign_request to sign_complete; bytes are those of all frames of the agents.
// --runs=N for another number of signatures one after another: an endurance test, which stops at the first failure.
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { openCoordinator } from './coordinatorCluster.mjs';

const asked = process.argv.find((arg) => arg.startsWith('--runs='));
const RUNS = asked ? Number(asked.slice('--runs='.length)) : 30;
const AT_ONCE = 20;
const json = process.argv.includes('--json');

/** Counts what passes between the agents and the coordinator. */
async function meter(target) {
  const counted = { bytes: 0 };
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        counted.bytes += chunk.length;
        to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { counted, port: server.address().port, close: () => server.close() };
}

function summary(name, times, bytes) {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1
      ? sorted[Math.floor(middle)]
      : (sorted[middle - 1] + sorted[middle]) / 2;
  const round = (value) => Math.round(value * 10) / 10;
  return {
    name,
    median_ms: round(median),
    min_ms: round(sorted[0]),
    max_ms: round(sorted.at(-1)),
    runs: times.length,
    bytes,
  };
}

function report(line) {
  if (json) process.stdout.write(`${JSON.stringify(line)}\n`);
  else {
    process.stdout.write(
      `${line.name.padEnd(36)} median ${line.median_ms} ms (${line.min_ms}–${line.max_ms}, ` +
        `${line.runs} runs), ${line.bytes} bytes\n`,
    );
  }
}

async function measure(cluster, traffic) {
  const sign = async (name) => {
    const began = performance.now();
    await cluster.sign(name);
    return performance.now() - began;
  };
  for (let run = 0; run < 3; run += 1) await sign(`bench-warm-${run}`);
  traffic.bytes = 0;
  const times = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await sign(`bench-${run}`));
  report(summary('coordinator/sign/2-of-3', times, Math.round(traffic.bytes / RUNS)));
  traffic.bytes = 0;
  const together = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, at) => sign(`bench-together-${at}`)),
  );
  const bytes = Math.round(traffic.bytes / AT_ONCE);
  report(summary(`coordinator/sign/2-of-3/${AT_ONCE}-at-once`, together, bytes));
}

let traffic;
const cluster = await openCoordinator({
  route: async (wsUrl) => {
    const { port } = new URL(wsUrl);
    traffic = await meter(Number(port));
    return wsUrl.replace(`:${port}/`, `:${traffic.port}/`);
  },
});
try {
  await measure(cluster, traffic.counted);
} finally {
  await cluster.close();
  traffic.close();
}
