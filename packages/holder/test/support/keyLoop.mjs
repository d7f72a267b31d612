/** Makes ephemeral keys by the build in a thread, with garbage in between that never comes in step with the collector: keyLoop.mjs <channel.js> <pairs> */
import { isMainThread, Worker, workerData } from 'node:worker_threads';

if (isMainThread) {
  const [, , channel, pairs] = process.argv;
  new Worker(new URL(import.meta.url), {
    workerData: { channel, pairs: Number(pairs) },
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
  });
} else {
  const { createEphemeralKeys } = await import(workerData.channel);
  let junk = ['', {}];
  for (let pair = 0; pair < workerData.pairs; pair += 1) {
    createEphemeralKeys();
    for (let at = 0; at < pair % 17; at += 1)
      junk = [Buffer.from('x'.repeat(20)).toString('hex'), { at }];
  }
  process.exitCode = junk.length - 2;
}
