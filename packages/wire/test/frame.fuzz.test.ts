import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorMessage, jsonSchemas, parseFrame } from '../src/index.ts';
import { CLIENT_SAMPLES, SERVER_SAMPLES } from './support/samples.ts';

const SEED = 20_260_101;
const KNOWN = new Set<string>();
for (const schema of Object.values(jsonSchemas('draft-7', 'messages'))) {
  for (const [, name = ''] of JSON.stringify(schema).matchAll(/"(\w+)":/g)) KNOWN.add(name);
}

/** Parses in both directions; whatever comes out must be known, whatever is refused must be sayable. */
function holds(text: string): boolean {
  const client = parseFrame(text, { from: 'client' });
  const server = parseFrame(text, { from: 'server' });
  for (const result of [client, server]) {
    if (result.ok) {
      for (const message of result.messages) expectKnown(message);
      continue;
    }
    const { code, ...said } = result.error;
    const answer = JSON.stringify(errorMessage(code, said));
    if (!parseFrame(answer, { from: 'server' }).ok) return false;
  }
  return true;
}

function expectKnown(message: object): void {
  if (Object.getPrototypeOf(message) !== Object.prototype) throw new Error('strange prototype');
  for (const name of Object.keys(message)) if (!KNOWN.has(name)) throw new Error(`unknown ${name}`);
}

const sample = fc.constantFrom(...CLIENT_SAMPLES, ...SERVER_SAMPLES);
const names = fc.constantFrom(...KNOWN, '__proto__', 'constructor', 'toString', '');

/** A valid message with a few of its fields replaced by anything. */
const mutated = fc
  .tuple(sample, fc.dictionary(names, fc.jsonValue(), { maxKeys: 3 }))
  .map(([message, changes]) => JSON.stringify({ ...message, ...changes }));

/** The text of a valid message with a few characters replaced by anything. */
const torn = fc
  .tuple(
    sample,
    fc.array(fc.tuple(fc.nat(), fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 3 }),
  )
  .map(([message, cuts]) =>
    cuts.reduce((text, [at, part]) => {
      const start = at % text.length;
      return text.slice(0, start) + part + text.slice(start + (at % 5));
    }, JSON.stringify(message)),
  );

const run = (texts: fc.Arbitrary<string>, numRuns: number): void =>
  fc.assert(fc.property(texts, holds), { numRuns, seed: SEED });

describe('the frame parser never throws and never lets a field through that it does not know', () => {
  it('for any text', () => run(fc.string({ unit: 'binary', maxLength: 200 }), 4000));
  it('for any JSON', () => run(fc.json(), 4000));
  it('for any JSON array', () =>
    run(
      fc.array(fc.json(), { maxLength: 70 }).map((all) => `[${all.join()}]`),
      500,
    ));
  it('for valid messages with fields replaced', () => run(mutated, 8000));
  it('for valid messages with characters replaced', () => run(torn, 8000));

  it('and does let valid messages through', () => {
    const count = CLIENT_SAMPLES.filter(
      (message) => parseFrame(JSON.stringify(message), { from: 'client' }).ok,
    ).length;
    expect(count).toBe(CLIENT_SAMPLES.length);
  });
});
