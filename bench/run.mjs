// The protocols in one thread, without a network: a line of figures each. --json: one object a line, the machine first.
import { dkls23, growth } from './dkls23.mjs';
import { lindell17 } from './lindell17.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { lineText } from './measure.mjs';
import { load } from './product.mjs';

const { backend } = await load('tss');

const quick = process.argv.includes('--quick');
const json = process.argv.includes('--json');
const print = (object, text) => process.stdout.write(`${json ? JSON.stringify(object) : text}\n`);

print({ ...describeMachine(), backend: backend.name }, `${machineText()}, backend ${backend.name}`);
// Large groups take minutes on the portable backend, and grow the same way.
const all = [dkls23, lindell17, ...(backend.name === 'native' ? [growth] : [])];
for (const lines of all) {
  for await (const line of lines({ quick })) print(line, lineText(line));
}
