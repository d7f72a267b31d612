/**
 * The process that makes primes: one pair at a time, with the lowest priority, as long as the server lives.
 * Unlike a thread in the middle of a search, it can be ended at any moment.
 */
import { generatePrime } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { promisify } from 'node:util';
import { isPrimePair, type ModulusBits } from '@quorate/tss';

// Output that nobody reads must end neither this process nor its parent.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const generate = promisify<number, { safe: true; bigint: true }, bigint>(generatePrime);

const bits: ModulusBits = process.argv[2] === '2048' ? 2048 : 3072;
setPriority(constants.priority.PRIORITY_LOW);

async function makePair(): Promise<void> {
  for (;;) {
    const p = await generate(bits / 2, { safe: true, bigint: true });
    const q = await generate(bits / 2, { safe: true, bigint: true });
    if (!isPrimePair([p, q], bits)) continue;
    process.send?.({ p: p.toString(16), q: q.toString(16) });
    return;
  }
}

process.on('message', () => void makePair());
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
await makePair();
