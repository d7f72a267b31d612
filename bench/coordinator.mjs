// Signatures through the coordinator: separate processes, automatic approval, one raw WebSocket as the
// requester. Measures from sign_request to sign_complete; bytes are those of all frames of the agents.
// --runs=N for another number of signatures one after another: an endurance test, which stops at the first failure.
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { openCoordinator } from './coordinatorCluster.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { lineText, measure, median, round } from './measure.mjs';
import { cpuOfTree } from './usage.mjs';

const asked = process.argv.find((arg) => arg.startsWith('--runs='));
const AT_ONCE = 20;
const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const RUNS = asked ? Number(asked.slice('--runs='.length)) : quick ? 10 : 30;

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

function report(line) {
  process.stdout.write(`${json ? JSON.stringify(line) : lineText(line)}\n`);
}

/** Signatures one after another. CPU time is that of all processes, the requester's too. */
async function oneByOne(cluster, traffic) {
  let [next, counted] = [0, 0];
  const sign = async () => {
    next += 1;
    counted += 1;
    await cluster.sign(`bench-${next}`);
    return { bytes: Math.round(traffic.bytes / counted) };
  };
  const onWarm = () => {
    counted = 0;
    traffic.bytes = 0;
  };
  const options = { runs: RUNS, windows: quick ? 1 : undefined, cpu: cpuOfTree, onWarm };
  report(await measure('coordinator/sign/2-of-3', sign, options));
}

/** Signatures that are asked for together: times from the request, in one burst. */
async function together(cluster, traffic) {
  traffic.bytes = 0;
  const cpu = cpuOfTree();
  const times = await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, at) => {
      const began = performance.now();
      await cluster.sign(`bench-together-${at}`);
      return performance.now() - began;
    }),
  );
  times.sort((a, b) => a - b);
  report({
    name: `coordinator/sign/2-of-3/${AT_ONCE}-at-once`,
    median_ms: round(median(times)),
    min_ms: round(times[0]),
    max_ms: round(times.at(-1)),
    cpu_ms: round((cpuOfTree() - cpu) / AT_ONCE),
    runs: AT_ONCE,
    warm_runs: 0,
    stable: true,
    bytes: Math.round(traffic.bytes / AT_ONCE),
  });
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
  process.stdout.write(`${json ? JSON.stringify(describeMachine()) : machineText()}\n`);
  await oneByOne(cluster, traffic.counted);
  await together(cluster, traffic.counted);
} finally {
  await cluster.close();
  traffic.close();
}
