import { expect, test } from 'vitest';
import { addScalars, mulScalars, randomScalar } from '../../src/arith/scalar.ts';
import { baseOtFinish, baseOtReceive, baseOtSend } from '../../src/ot/base.ts';
import { pprfBuild, pprfEvaluate } from '../../src/ot/pprf.ts';
import { rvoleFinish, rvoleReceive, rvoleSend } from '../../src/ot/rvole.ts';
import { seededRng } from '../support/rng.ts';

test('relation', () => {
  const rng = seededRng('x');
  const sid = rng(32);
  const t0 = performance.now();
  const r = baseOtReceive(sid, rng);
  const s = baseOtSend(sid, r.message, rng)!;
  const pads = baseOtFinish(sid, r, s.message)!;
  const t1 = performance.now();
  for (let b = 0; b < 128; b++) {
    const c = (r.choices[b >> 3]! >> (b & 7)) & 1;
    expect(pads.subarray(16 * b, 16 * b + 16)).toEqual(
      s.pads.subarray(32 * b + 16 * c, 32 * b + 16 * c + 16),
    );
  }
  const { builder, message } = pprfBuild(sid, s.pads);
  const evaluator = pprfEvaluate(sid, r.choices, pads, message)!;
  const t2 = performance.now();
  expect(evaluator).not.toBeNull();
  for (let i = 0; i < 30; i++) {
    const a = [randomScalar(rng), randomScalar(rng)] as const;
    const id = rng(32);
    const t3 = performance.now();
    const bob = rvoleReceive(id, builder, rng);
    const t4 = performance.now();
    const alice = rvoleSend(id, evaluator, a, bob.message, rng)!;
    const t5 = performance.now();
    expect(alice).not.toBeNull();
    const t6 = performance.now();
    const d = rvoleFinish(bob.state, alice.message)!;
    const t7 = performance.now();
    expect(d).not.toBeNull();
    for (const k of [0, 1] as const) {
      expect(addScalars(alice.outputs[k], d[k])).toEqual(mulScalars(a[k], bob.b));
    }
    if (i % 10 === 9) console.log(t1 - t0, t2 - t1, t4 - t3, t5 - t4, t7 - t6);
  }
});
