// One side of a comparison: opens the workload that its argument names and runs a batch for every message.
// Started by against.mjs, which says by QUORATE_BENCH_ROOT whose product is measured, and how long a flush takes.
import { on } from 'node:events';
import { watchFlushes } from './flushes.mjs';
import { cpuOfTree } from './usage.mjs';
import { WORKLOADS } from './workloads.mjs';

const [name, flushMs] = process.argv.slice(2);
const watch = Number(flushMs) > 0 ? watchFlushes({ delayMs: Number(flushMs) }) : undefined;
const { batch, of, open } = WORKLOADS[name];
const workload = await open();

async function runBatch() {
  const [cpu, began] = [cpuOfTree(), performance.now()];
  let failures = 0;
  for (let at = 0; at < batch; at += 1) failures += (await workload.run()) ?? 0;
  const succeeded = batch * of - failures;
  return {
    wall_ms: (performance.now() - began) / succeeded,
    cpu_ms: (cpuOfTree() - cpu) / succeeded,
    failures,
  };
}

process.send('open');
for await (const [order] of on(process, 'message')) {
  if (order === 'stop') break;
  process.send(await runBatch());
}
await workload.close();
watch?.close();
process.disconnect();
