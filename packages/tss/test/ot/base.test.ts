import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import {
  encodePoint,
  G,
  hashToPoint,
  negatePoint,
  type Point,
  sumPoints,
} from '../../src/curve.ts';
import { LABELS } from '../../src/label.ts';
import { baseOtFinish, baseOtReceive, baseOtSend } from '../../src/ot/base.ts';
import { seededRng } from '../support/rng.ts';
import { bitOf, present } from './setup.ts';

const sid = seededRng('sid')(32);
const offer = baseOtReceive(sid, seededRng('alice'));
const answer = present(baseOtSend(sid, offer.message, seededRng('bob')));

/** The list with one point replaced. */
const replaced = (points: readonly Point[], at: number, point: Point): Point[] =>
  points.map((old, index) => (index === at ? point : old));

describe('base OT', () => {
  test('gives the receiver exactly the pads of its choices', () => {
    const pads = present(baseOtFinish(sid, offer, answer.message));
    for (let ot = 0; ot < 128; ot++) {
      const pad = pads.subarray(16 * ot, 16 * ot + 16);
      const both = [0, 1].map((z) => answer.pads.subarray(32 * ot + 16 * z, 32 * ot + 16 * z + 16));
      const choice = bitOf(offer.choices, ot);
      expect(pad).toEqual(both[choice]);
      expect(pad).not.toEqual(both[1 - choice]);
    }
  });

  test('under another session id the pads do not match', () => {
    const other = seededRng('other sid')(32);
    const foreign = present(baseOtSend(other, offer.message, seededRng('bob')));
    const pads = present(baseOtFinish(sid, offer, foreign.message));
    const all = Buffer.from(foreign.pads);
    for (let ot = 0; ot < 128; ot++)
      expect(all.includes(Buffer.from(pads.subarray(16 * ot, 16 * ot + 16)))).toBe(false);
  });

  test('O-3: one pair of points in all 128 OTs still gives 256 different pads', () => {
    const [first, second] = offer.message;
    const repeated = Array.from({ length: 128 }, () => [present(first), present(second)]).flat();
    const same = (): ((length: number) => Uint8Array) => {
      const bytes = seededRng('one t for all')(48);
      return () => bytes.slice();
    };
    const { pads } = present(baseOtSend(sid, repeated, same()));
    const distinct = new Set(
      Array.from({ length: 256 }, (_, at) =>
        Buffer.from(pads.subarray(16 * at, 16 * at + 16)).toString('hex'),
      ),
    );
    expect(distinct.size).toBe(256);
  });

  test('O-4, O2: equal points of an OT are refused on both sides, in every position', () => {
    for (const at of [0, 1, 100, 254, 255]) {
      const twin = at ^ 1;
      const bad = replaced(offer.message, at, present(offer.message[twin]));
      expect(baseOtSend(sid, bad, seededRng('bob'))).toBeNull();
      const badAnswer = replaced(answer.message, at, present(answer.message[twin]));
      expect(baseOtFinish(sid, offer, badAnswer)).toBeNull();
    }
  });

  test('O-4: a point that makes the key the identity is refused', () => {
    const other = present(offer.message[1]);
    const place = Uint8Array.of(0, 0, 0);
    const canceling = negatePoint(hashToPoint(LABELS.basePoint, sid, place, encodePoint(other)));
    expect(baseOtSend(sid, replaced(offer.message, 0, canceling), seededRng('bob'))).toBeNull();
  });

  test('O2: other counts of points are refused on both sides', () => {
    for (const count of [0, 254, 255, 257, 258]) {
      const message = Array.from({ length: count }, (_, at) => offer.message[at % 256] ?? G);
      expect(baseOtSend(sid, message, seededRng('bob'))).toBeNull();
      expect(baseOtFinish(sid, offer, message)).toBeNull();
    }
  });

  test('O-5: choices towards different peers are drawn anew', () => {
    const rng = seededRng('two peers');
    const one = baseOtReceive(sid, rng);
    const two = baseOtReceive(sid, rng);
    expect(one.choices).not.toEqual(two.choices);
  });
});

test('O-1: over 10⁴ OTs nothing that the sender can compute from the points predicts the choice', () => {
  const rng = seededRng('statistic');
  const runs = 79;
  const guesses: Record<string, (first: Point, second: Point) => number> = {
    'parity of R₀': (first) => first[64]! & 1,
    'parity of R₁': (_, second) => second[64]! & 1,
    'low bit of x₀': (first) => first[32]! & 1,
    'order of x': (first, second) => Number(Buffer.compare(first, second) < 0),
    'xor of low bits': (first, second) => (first[32]! ^ second[32]!) & 1,
    'parity of R₀ + R₁': (first, second) => present(sumPoints([first, second]))[64]! & 1,
    'parity of R₀ − R₁': (first, second) =>
      present(sumPoints([first, negatePoint(second)]))[64]! & 1,
    'order of y': (first, second) =>
      Number(Buffer.compare(first.subarray(33), second.subarray(33)) < 0),
  };
  const hits = new Map(Object.keys(guesses).map((name) => [name, 0]));
  for (let run = 0; run < runs; run++) {
    const { choices, message } = baseOtReceive(sid, rng);
    for (let ot = 0; ot < 128; ot++) {
      const [first, second] = [present(message[2 * ot]), present(message[2 * ot + 1])];
      for (const [name, guess] of Object.entries(guesses)) {
        if (guess(first, second) === bitOf(choices, ot)) hits.set(name, (hits.get(name) ?? 0) + 1);
      }
    }
  }
  const total = runs * 128;
  const deviation = Math.sqrt(total) / 2;
  for (const [name, count] of hits) {
    expect(Math.abs(count - total / 2), name).toBeLessThan(3 * deviation);
  }
});

describe('O-2: the oracle into the curve', () => {
  test('depends on every input', () => {
    const results = [
      [sid, Uint8Array.of(0, 0, 0), encodePoint(G)],
      [sid, Uint8Array.of(0, 0, 1), encodePoint(G)],
      [sid, Uint8Array.of(0, 1, 0), encodePoint(G)],
      [sid, Uint8Array.of(0, 0, 0), encodePoint(negatePoint(G))],
      [new Uint8Array(32), Uint8Array.of(0, 0, 0), encodePoint(G)],
    ].map((fields) => Buffer.from(hashToPoint(LABELS.basePoint, ...fields)).toString('hex'));
    expect(new Set(results).size).toBe(results.length);
  });

  test('takes both parities and points of the curve only', () => {
    const parities = Array.from({ length: 64 }, (_, at) => {
      const point = hashToPoint(LABELS.basePoint, Uint8Array.of(at));
      expect(backend.decodePoint(encodePoint(point))).toEqual(point);
      return point[64]! & 1;
    });
    expect(new Set(parities).size).toBe(2);
  });

  test('in ot/ the base is multiplied by fresh random scalars only, and never in variable time', () => {
    const folder = new URL('../../src/ot/', import.meta.url);
    const source = readdirSync(folder, { encoding: 'utf8', recursive: true })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(new URL(file, folder), 'utf8'))
      .join('\n');
    const factors = [...source.matchAll(/mulBase\(([^)]*)\)/g)].map((call) => call[1]);
    expect(factors.length).toBeGreaterThan(2);
    expect(new Set(factors)).toEqual(new Set(['secret', 'discarded']));
    expect(source.match(/const (secret|discarded) = /g)).toHaveLength(3);
    expect(source.match(/const (secret|discarded) = randomScalar\(rng\)/g)).toHaveLength(3);
    expect(source).not.toMatch(/mulPublic|hashToScalar/);
  });
});
