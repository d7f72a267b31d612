import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addScalars,
  mulScalars,
  Q,
  randomScalar,
  type Scalar,
  scalarFromBytes,
  scalarFromNumber,
} from '../../src/arith/scalar.ts';
import { LABELS } from '../../src/label.ts';
import { expandBlocks, oracleOf } from '../../src/ot/blocks.ts';
import { RVOLE_BYTES } from '../../src/ot/parameters.ts';
import { isRvoleMessage, rvoleFinish, rvoleReceive, rvoleSend } from '../../src/ot/rvole.ts';
import { seededRng } from '../support/rng.ts';
import { aliceMessage, messageForZeros, numberOf } from './cheats.ts';
import { bitOf, flipped, present, recorded, setUpPair } from './setup.ts';

const { builder, evaluator } = setUpPair('multiplication');
const sid = seededRng('multiplication sid')(32);
const rng = seededRng('inputs');
const inputs: readonly [Scalar, Scalar] = [randomScalar(rng), randomScalar(rng)];

/** Bob in the same state every time, since a state takes one answer. */
const bob = () => rvoleReceive(sid, builder, seededRng('bob'));
const beta = (() => {
  const { rng: recording, draws } = recorded(seededRng('bob'));
  rvoleReceive(sid, builder, recording);
  return present(draws[0]);
})();
const honest = present(rvoleSend(sid, evaluator, inputs, bob().message, seededRng('alice')));
const finish = (message: Uint8Array) => rvoleFinish(bob().state, message);
const bytesOf = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));

describe('multiplication', () => {
  test('gives additive shares of both products, for edge values and at random', () => {
    const edge = fc.constantFrom(0n, 1n, Q - 1n, Q / 2n);
    const value = fc.oneof(edge, fc.bigInt({ min: 0n, max: Q - 1n }));
    fc.assert(
      fc.property(value, value, fc.string(), (first, second, seed) => {
        const a = [first, second].map((x) => present(scalarFromBytes(bytesOf(x)))) as [
          Scalar,
          Scalar,
        ];
        const draw = seededRng(seed);
        const id = draw(32);
        const { b, message, state } = rvoleReceive(id, builder, draw);
        const alice = present(rvoleSend(id, evaluator, a, message, draw));
        const shares = present(rvoleFinish(state, alice.message));
        for (const i of [0, 1] as const) {
          expect(addScalars(alice.outputs[i], shares[i])).toEqual(mulScalars(a[i], b)); // c + d = a·b
        }
      }),
      { numRuns: 30 },
    );
  });

  test('agrees with an independent Alice that computes with integers', () => {
    const check = numberOf(randomScalar(seededRng('alice')));
    const [a1, a2] = inputs.map((input) => numberOf(input)) as [bigint, bigint];
    const run = aliceMessage(sid, evaluator, bob().message, () => [a1, a2, check]);
    expect(run.message).toEqual(honest.message);
    expect(run.outputs).toEqual(honest.outputs.map((output) => numberOf(output)));
  });

  test('draws β again when b would be zero', () => {
    let draws = 0;
    const zeroFirst = (length: number): Uint8Array =>
      new Uint8Array(length).fill(draws++ === 0 ? 0 : 3);
    expect(numberOf(rvoleReceive(sid, builder, zeroFirst).b)).not.toBe(0n);
    expect(draws).toBe(3);
  });

  test('Alice refuses a message that fails the check of the extension', () => {
    const { message } = bob();
    expect(
      rvoleSend(sid, evaluator, inputs, flipped(message, 8 * 2560), seededRng('alice')),
    ).toBeNull();
    expect(rvoleSend(sid, evaluator, inputs, message.subarray(1), seededRng('alice'))).toBeNull();
  });
});

describe('O-8, M1: Bob refuses', () => {
  test('ã altered on the wire in any column, whatever β is in that row', () => {
    for (const row of [0, 1, 2, 3, 255, 510, 511]) {
      for (const column of [0, 1, 2]) {
        expect(finish(flipped(honest.message, 8 * (32 * (3 * row + column) + 31)))).toBeNull();
      }
    }
  });

  test('η and every byte of μ altered', () => {
    expect(finish(flipped(honest.message, 8 * (49_152 + 31)))).toBeNull();
    for (let byte = 49_184; byte < RVOLE_BYTES; byte++) {
      expect(finish(flipped(honest.message, 8 * byte))).toBeNull();
    }
  });

  test('another input in one row exactly where β is 1; where it is 0 the relation still holds', () => {
    const check = 12345n;
    const [a1, a2] = inputs.map((input) => numberOf(input)) as [bigint, bigint];
    const { b } = bob();
    for (let row = 0; row < 48; row++) {
      for (const column of [0, 1, 2]) {
        const run = aliceMessage(sid, evaluator, bob().message, (at) => {
          const values: [bigint, bigint, bigint] = [a1, a2, check];
          if (at === row) values[column]! += 1n;
          return values;
        });
        const shares = finish(run.message);
        if (bitOf(beta, row) === 1) {
          expect(shares).toBeNull();
          continue;
        }
        for (const i of [0, 1] as const) {
          const sum = (run.outputs[i] + numberOf(present(shares)[i])) % Q;
          expect(sum).toBe((numberOf(inputs[i]) * numberOf(b)) % Q);
        }
      }
    }
  });

  test('a message for another session', () => {
    const other = rvoleReceive(seededRng('other')(32), builder, seededRng('bob'));
    expect(rvoleFinish(other.state, honest.message)).toBeNull();
  });

  test('a second answer to the same state, also after a good one', () => {
    const { state } = bob();
    expect(rvoleFinish(state, honest.message)).not.toBeNull();
    expect(rvoleFinish(state, honest.message)).toBeNull();
    const failed = bob().state;
    expect(rvoleFinish(failed, flipped(honest.message, 8 * 49_184))).toBeNull();
    expect(rvoleFinish(failed, honest.message)).toBeNull();
    expect(rvoleFinish(failed, messageForZeros(sid))).toBeNull(); // what wiping has left
  });
});

describe('M2, M3: the form of Alice’s message', () => {
  test('has one length', () => {
    expect(isRvoleMessage(honest.message)).toBe(true);
    for (const length of [0, RVOLE_BYTES - 1, RVOLE_BYTES + 1]) {
      expect(isRvoleMessage(new Uint8Array(length))).toBe(false);
      expect(finish(new Uint8Array(length))).toBeNull();
    }
  });

  test('holds canonical scalars in every place of ã and in η; μ is any 32 bytes', () => {
    for (let place = 0; place <= 512 * 3; place += 1) {
      const message = honest.message.slice();
      message.set(bytesOf(Q), 32 * place);
      expect(isRvoleMessage(message)).toBe(false);
    }
    const all = honest.message.slice();
    all.fill(255, 49_184);
    expect(isRvoleMessage(all)).toBe(true);
    const last = honest.message.slice();
    last.set(bytesOf(Q - 1n), 49_152);
    expect(isRvoleMessage(last)).toBe(true);
    last.set(bytesOf(2n ** 256n - 1n), 49_152);
    expect(finish(last)).toBeNull();
  });
});

test('O-7: equal rows give different outputs in every row and block, and under every session', () => {
  const equalRows = new Uint32Array(4 * 512).fill(7);
  const positions = new Uint32Array(3 * 512);
  for (let row = 0; row < 512; row++) positions[3 * row] = row;
  const outputs = [sid, seededRng('other')(32)].flatMap((id) => {
    const blocks = expandBlocks(oracleOf(LABELS.extensionRow, id), equalRows, positions, 9);
    const bytes = Buffer.from(blocks.buffer);
    return Array.from({ length: 512 * 9 }, (_, at) => bytes.toString('hex', 16 * at, 16 * at + 16));
  });
  expect(new Set(outputs).size).toBe(2 * 512 * 9);
});

test('zero as an input gives shares that cancel', () => {
  const zero = scalarFromNumber(0);
  const alice = present(rvoleSend(sid, evaluator, [zero, zero], bob().message, seededRng('alice')));
  const shares = present(finish(alice.message));
  expect(numberOf(addScalars(alice.outputs[0], shares[0]))).toBe(0n);
});

test('J-4: state that comes as a Buffer, from a pool and at an odd offset, works and is left alone', () => {
  const buffered = (bytes: Uint8Array): Buffer => {
    const pool = Buffer.alloc(bytes.length + 8);
    pool.set(bytes, 3);
    return pool.subarray(3, 3 + bytes.length);
  };
  const kept = { sid: builder.sid, seeds: buffered(builder.seeds) };
  const { delta, seeds } = evaluator;
  const other = { sid: evaluator.sid, delta: buffered(delta), seeds: buffered(seeds) };
  const { message, state } = rvoleReceive(sid, kept, (length) => buffered(seededRng('x')(length)));
  const alice = present(rvoleSend(sid, other, inputs, buffered(message), seededRng('alice')));
  expect(rvoleFinish(state, buffered(alice.message))).not.toBeNull();
  expect(kept.seeds).toEqual(Buffer.from(builder.seeds));
  expect([other.delta, other.seeds]).toEqual([Buffer.from(delta), Buffer.from(seeds)]);
});
