// One side of a comparison: opens the workload that its argument names and runs a batch for every message.
// Started by against.mjs, which says by QUORATE_BENCH_ROOT whose product is measured.
import { on } from 'node:events';
import { cpuOfTree } from './usage.mjs';
import { WORKLOADS } from './workloads.mjs';

const { batch, of, open } = WORKLOADS[process.argv[2]];
const workload = await open();

async function runBatch() {
  const [cpu, began] = [cpuOfTree(), performance.now()];
  for (let at = 0; at < batch; at += 1) await workload.run();
  const operations = batch * of;
  return {
    wall_ms: (performance.now() - began) / operations,
    cpu_ms: (cpuOfTree() - cpu) / operations,
  };
}

process.send('open');
for await (const [order] of on(process, 'message')) {
  if (order === 'stop') break;
  process.send(await runBatch());
}
await workload.close();
process.disconnect();
