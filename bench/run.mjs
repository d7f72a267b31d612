// Prints one JSON object per line: {name, median_ms, min_ms, max_ms, runs, bytes}.
import { dkls23 } from './dkls23.mjs';
import { lindell17 } from './lindell17.mjs';
import { load } from './product.mjs';

const { backend } = await load('tss');

const quick = process.argv.includes('--quick');
const json = process.argv.includes('--json');
if (!json) process.stdout.write(`backend: ${backend.name}\n`);

function* all() {
  yield* dkls23({ quick });
  yield* lindell17({ quick });
}

for (const line of all()) {
  const text = json
    ? JSON.stringify(line)
    : `${line.name.padEnd(22)} median ${line.median_ms} ms  min ${line.min_ms}  max ${line.max_ms}  (${line.runs} runs, ${line.bytes} bytes)`;
  process.stdout.write(`${text}\n`);
}
