import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { concat } from '../../src/arith/bytes.ts';
import { InputError } from '../../src/index.ts';
import { keygen, Keyshare } from '../../src/dkls23/index.ts';
import { keygenSessions, keysharesOf, sessionIdOf } from '../support/parties.ts';
import { outputs, simulate } from '../support/simulate.ts';
import { keygenSuite } from './keygenSuite.ts';

const SMALL = [2, 3, 4].flatMap((n) =>
  Array.from({ length: n - 1 }, (_, at) => [at + 2, n] as const),
);

describe.each([...SMALL, [3, 5]] as const)('%i-of-%i key generation', keygenSuite);

test('a keyshare survives its bytes, and its bytes are canonical', () => {
  for (const share of keysharesOf(2, 3).values()) {
    const encoded = share.encode();
    expect(Keyshare.decode(encoded).encode()).toEqual(encoded);
    expect(() => Keyshare.decode(concat(encoded, new Uint8Array(1)))).toThrow('no trailing bytes');
    expect(() => Keyshare.decode(encoded.slice(0, -1))).toThrow(/expected/);
  }
});

test('a keyshare refuses a secret share that is not its own', () => {
  const [one, two] = keysharesOf(2, 3).values();
  if (one === undefined || two === undefined) throw new Error('no shares');
  const mixed = { ...one.fields, secretShare: two.fields.secretShare };
  expect(() => Keyshare.validate(mixed)).toThrow('the share of its own public share');
});

test('a keyshare prints no secret', () => {
  const [share] = keysharesOf(2, 3).values();
  expect(String(share)).toBe('Keyshare(party 1 of 3, secret redacted)');
  expect(inspect(share, { depth: 9 })).toBe('Keyshare {}');
  expect(JSON.stringify({ share })).toBe('{"share":"Keyshare(party 1 of 3, secret redacted)"}');
});

describe('D-16, D-4, F-4: key generation refuses', () => {
  const sessionId = sessionIdOf('refused');
  test.each([
    ['a threshold of one', { threshold: 1, parties: 3, index: 1 }, 'input/threshold'],
    [
      'a threshold above the number of parties',
      { threshold: 4, parties: 3, index: 1 },
      'input/threshold',
    ],
    ['one party', { threshold: 1, parties: 1, index: 1 }, 'input/parties'],
    ['33 parties', { threshold: 2, parties: 33, index: 1 }, 'input/parties'],
    ['index zero', { threshold: 2, parties: 3, index: 0 }, 'input/index'],
    ['an index beyond the parties', { threshold: 2, parties: 3, index: 4 }, 'input/index'],
    ['a negative index', { threshold: 2, parties: 3, index: -1 }, 'input/index'],
    ['a fractional index', { threshold: 2, parties: 3, index: 1.5 }, 'input/parties'],
    ['an index beyond 2^53', { threshold: 2, parties: 3, index: 2 ** 53 + 1 }, 'input/index'],
  ])('%s', (_, parameters, code) => {
    expect(() => keygen({ sessionId, ...parameters })).toThrow(expect.objectContaining({ code }));
  });

  test('a session id of zeros', () => {
    const zeros = { sessionId: new Uint8Array(32), threshold: 2, parties: 3, index: 1 };
    expect(() => keygen(zeros)).toThrow(InputError);
  });
});

test('R-6: permuted, repeated and early messages give the same key', () => {
  const expected = keysharesOf(2, 3);
  for (const shuffle of ['one', 'two', 'three']) {
    const run = simulate(keygenSessions(2, 3), { shuffle });
    for (const [index, share] of outputs(run)) {
      expect(share.encode()).toEqual(expected.get(index)?.encode());
    }
  }
});

test('D-11: a party that has not heard all acknowledgements has no key', () => {
  const run = simulate(keygenSessions(2, 3), {
    tamper: (message, to) =>
      message.round === 5 && message.from === 2 && to === 3 ? [] : [message],
  });
  expect(run.outcomes.get(1)?.status).toBe('completed');
  expect(run.outcomes.get(3)).toBeUndefined();
});
