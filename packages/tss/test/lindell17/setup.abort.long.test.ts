import { describe, expect, test } from 'vitest';
import type { Span } from '../../src/codec.ts';
import { mutationsOf, same, splice } from '../support/mutations.ts';
import { bodyOf, outcomeOf, spansOf } from './recorded.ts';

/** Of long arrays the first and the last item are altered. */
const sampled = (spans: readonly Span[]): Span[] =>
  spans.filter(({ path }) => {
    const at = /\[(\d+)\]/.exec(path)?.[1];
    return at === undefined || ['0', '127'].includes(at);
  });

/** By round and field: the reason, besides malformed messages. */
const EXPECTED: readonly [RegExp, readonly string[]][] = [
  [/^1\.(nonce|commitment)/, ['equivocation']],
  [/^1\.pedersen/, ['invalid-modulus', 'invalid-proof']],
  [/^1\.proof/, ['invalid-proof']],
  [/^2/, ['equivocation']],
  [/^3\.(opening|salt)/, ['commitment-mismatch']],
  [/^3\.paillier\.N/, ['invalid-modulus', 'invalid-proof']],
  [/^3\.paillier\.encryptedShare/, ['invalid-ciphertext', 'invalid-proof']],
  [/^3\.paillier/, ['invalid-proof']],
  [/^4\.transcript/, ['equivocation']],
  [/^4/, ['commitment-mismatch']],
];

const fields = (
  [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [3, 1],
    [4, 2],
  ] as const
).flatMap(([round, from]) =>
  sampled(spansOf(round, from)).map((span) => ({
    round,
    from,
    span,
    name: `${round}${span.path.slice(4)}`,
  })),
);

describe.each(fields)(
  'C.1 two-party key generation, $name of a deviating party $from',
  ({ round, from, span, name }) => {
    const whole = bodyOf(round, from);
    const session = whole.slice(span.start, span.end).toReversed();
    const mutations = mutationsOf(span).filter(([what]) => what !== 'that of another peer');
    test.each(mutations)('%s', (_, alter) => {
      const field = alter(whole.slice(span.start, span.end), { peer: session, session });
      const altered = splice(whole, span, field);
      const outcome = outcomeOf(round, from, () => altered);
      if (same(altered, whole)) return expect(outcome?.status).toBe('completed');
      if (outcome?.status !== 'aborted') throw new Error(`ended as ${outcome?.status}`);
      const [, reasons = []] = EXPECTED.find(([pattern]) => pattern.test(name)) ?? [];
      expect(['malformed-message', ...reasons]).toContain(outcome.reason);
      expect(outcome.culprits).toEqual(outcome.reason === 'equivocation' ? [] : [from]);
      expect([outcome.bans, outcome.keyUnsafe]).toEqual([[], null]);
    });
  },
);

describe.each([
  [1, 1],
  [1, 2],
  [2, 1],
  [3, 1],
  [4, 2],
] as const)('C.1 two-party key generation, whole message %i of party %i', (round, from) => {
  test.each([
    ['empty', () => new Uint8Array()],
    ['one byte short', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['one byte long', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['a megabyte of zeros', () => new Uint8Array(1 << 20)],
  ])('%s is malformed and blamed', (_, alter) => {
    expect(outcomeOf(round, from, alter)).toMatchObject({
      status: 'aborted',
      reason: 'malformed-message',
      culprits: [from],
      keyUnsafe: null,
    });
  });
});
