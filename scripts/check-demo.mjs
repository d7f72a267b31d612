// Reads the demo's last line and checks that it is what the demo promises.
import { text } from 'node:stream/consumers';

const SHAPES = {
  address: /^0x[0-9a-fA-F]{40}$/,
  public_key: /^0x0[23][0-9a-f]{64}$/,
  digest: /^0x[0-9a-f]{64}$/,
  signature: /^0x[0-9a-f]{130}$/,
};

const line = await text(process.stdin);
let demo;
try {
  demo = JSON.parse(line);
} catch {
  process.stderr.write('the demo did not end with a line of JSON\n');
  process.exit(1);
}
const wrong = Object.entries(SHAPES).filter(([name, shape]) => !shape.test(demo[name]));
if (demo.threshold !== 3 || demo.total_parts !== 5 || demo.signers?.length !== 3) {
  wrong.push(['signers', '3 of 5']);
}
if (demo.transaction === undefined || demo.timings_ms === undefined) wrong.push(['transaction']);
for (const [name] of wrong) process.stderr.write(`the demo's ${name} is not as promised\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
