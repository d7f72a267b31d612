/** The known answers of test/support/model/ot_model.py, as a suite that either backend must pass. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import { randomScalar, scalarFromBytes } from '../../src/arith/scalar.ts';
import { encodePoint, hashToPoint, type Point } from '../../src/curve.ts';
import { LABELS } from '../../src/label.ts';
import { baseOtFinish, baseOtReceive, baseOtSend } from '../../src/ot/base.ts';
import { pprfBuild, pprfEvaluate } from '../../src/ot/pprf.ts';
import { rows } from '../../src/ot/rows/rows.ts';
import { rvoleFinish, rvoleReceive, rvoleSend } from '../../src/ot/rvole.ts';
import { seededRng } from '../support/rng.ts';
import { present } from './setup.ts';

const known = JSON.parse(readFileSync(new URL('../vectors/ot.json', import.meta.url), 'utf8'));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const digest = (...parts: readonly Uint8Array[]): string => {
  const hasher = createHash('sha256');
  for (const part of parts) hasher.update(part);
  return hasher.digest('hex');
};
const encodings = (points: readonly Point[]): string[] =>
  points.map((point) => hex(encodePoint(point)));

export function vectorSuite(
  expected: 'native' | 'portable',
  computing: 'kernel' | 'loops' = 'kernel',
): void {
  test(`the suite runs on the ${expected} backend with the ${computing}`, () => {
    expect([backend.name, rows().name]).toEqual([expected, computing]);
  });

  test('O-2: the oracle into the curve gives the known answers of the independent model', () => {
    for (const { sid, ot, branch, point, result } of known.pointOracle) {
      const place = Uint8Array.of(0, ot, branch);
      const found = hashToPoint(LABELS.basePoint, unhex(sid), place, unhex(point));
      expect(hex(encodePoint(found))).toBe(result);
    }
    const results = known.pointOracle.map(({ result }: { result: string }) => result);
    expect(new Set(results).size).toBe(results.length);
  });

  describe('set-up and multiplication reproduce the independent model byte for byte', () => {
    const setup = unhex(known.setupSid);
    const sign = unhex(known.signSid);
    const offer = baseOtReceive(setup, seededRng('alice/base'));
    const answer = present(baseOtSend(setup, offer.message, seededRng('bob/base')));
    const chosen = present(baseOtFinish(setup, offer, answer.message));
    const { builder, message } = pprfBuild(setup, answer.pads);
    const evaluator = present(pprfEvaluate(setup, offer.choices, chosen, message));

    test('base OT', () => {
      expect(encodings(offer.message.slice(0, 2))).toEqual(known.base.firstOffer);
      expect(encodings(answer.message.slice(0, 2))).toEqual(known.base.firstAnswer);
      const [first, second] = [answer.pads.subarray(0, 16), answer.pads.subarray(16, 32)];
      expect([hex(first), hex(second)]).toEqual(known.base.firstPads);
      expect({
        choices: hex(offer.choices),
        secrets: digest(...offer.secrets),
        offer: digest(...offer.message.map(encodePoint)),
        answer: digest(...answer.message.map(encodePoint)),
        pads: digest(answer.pads),
        chosenPads: digest(chosen),
      }).toMatchObject({
        choices: known.base.choices,
        secrets: known.base.secrets,
        offer: known.base.offer,
        answer: known.base.answer,
        pads: known.base.pads,
        chosenPads: known.base.chosenPads,
      });
    });

    test('all-but-one OT', () => {
      expect({
        firstTree: hex(message.subarray(0, 160)),
        message: digest(message),
        delta: hex(evaluator.delta),
        builderSeeds: digest(builder.seeds),
        evaluatorSeeds: digest(evaluator.seeds),
      }).toEqual(known.pprf);
    });

    test('multiplication', () => {
      const [first, second] = known.multiplication.a.map((a: string) => scalarFromBytes(unhex(a)));
      expect(hex(randomScalar(seededRng('alice/inputs')))).toBe(hex(first));
      const bob = rvoleReceive(sign, builder, seededRng('bob/multiply'));
      const inputs = [present(first), present(second)] as const;
      const rng = seededRng('alice/multiply');
      const alice = present(rvoleSend(sign, evaluator, inputs, bob.message, rng));
      const shares = present(rvoleFinish(bob.state, alice.message));
      expect({
        a: inputs.map(hex),
        b: hex(bob.b),
        checkOfX: hex(bob.message.subarray(2560, 2576)),
        bobMessage: digest(bob.message),
        eta: hex(alice.message.subarray(49_152, 49_184)),
        mu: hex(alice.message.subarray(49_184)),
        aliceMessage: digest(alice.message),
        c: alice.outputs.map(hex),
        d: shares.map(hex),
      }).toEqual(known.multiplication);
    });
  });
}
