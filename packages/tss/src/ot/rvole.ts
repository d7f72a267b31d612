/**
 * Random vector multiplication: Bob gets a random b, Alice brings a₁, a₂, and they end with additive
 * shares of aᵢ·b. Two messages. docs/spec/ot.md, part 4.
 *
 * Source: Doerner, Kondi, Lee, shelat, "Threshold ECDSA in Three Rounds", eprint 2023/765, protocol
 * 5.2, with its two misprints corrected (θᵢ,ₖ per input and check, one â per check).
 */
import { concat, equalBytes, wipe } from '../arith/bytes.ts';
import {
  addScalars,
  isZeroScalar,
  mulScalars,
  negateScalar,
  randomScalar,
  reduceWide,
  type Scalar,
  scalarFromBytes,
} from '../arith/scalar.ts';
import { LABELS } from '../label.ts';
import type { Rng } from '../rng.ts';
import { withTemporaries } from '../secrets.ts';
import { expand, hash } from '../transcript.ts';
import { BLOCK_WORDS, copyWords, type Oracle, oracleOf } from './blocks.ts';
import { extendReceive, extendSend } from './extension.ts';
import { INPUTS, RVOLE_BYTES, WIDTH, XI } from './parameters.ts';
import type { OtBuilder, OtEvaluator } from './pprf.ts';
import { rows } from './rows/rows.ts';
import type { Limbs } from './rows/types.ts';

/** Bytes of ã. */
const MASKED_BYTES = XI * WIDTH * 32;

/** Bob's state until Alice answers. Secret. Good for one answer. */
export interface RvoleReceiver {
  readonly sid: Uint8Array;
  /** β: ξ choice bits. */
  readonly choices: Uint8Array;
  /** The gadget. Public. */
  readonly factors: Limbs;
  /** vᵀ: 4 words for each choice. */
  readonly columns: Uint32Array;
  /** Whether an answer was processed. */
  finished: boolean;
}

/** Step 4.1, Bob: b = Σ gⱼ·βⱼ, never zero, and the OT extension's message. */
export function rvoleReceive(
  sid: Uint8Array,
  builder: OtBuilder,
  rng: Rng,
): { b: Scalar; message: Uint8Array; state: RvoleReceiver } {
  const factors = gadget(sid);
  for (;;) {
    const choices = rng(XI / 8);
    const b = withTemporaries((temporary) =>
      asScalar(temporary(rows().selectedSum(factors, choices))),
    );
    if (isZeroScalar(b)) continue;
    const { message, columns } = extendReceive(sid, builder, choices, rng);
    return { b, message, state: { sid, choices, factors, columns, finished: false } };
  }
}

/** Step 4.2, Alice: cᵢ and her message; null if Bob's message fails the extension's check [O6]. */
export function rvoleSend(
  sid: Uint8Array,
  evaluator: OtEvaluator,
  inputs: readonly [Scalar, Scalar],
  message: Uint8Array,
  rng: Rng,
): { outputs: [Scalar, Scalar]; message: Uint8Array } | null {
  const columns = extendSend(sid, evaluator, message);
  if (columns === null) return null;
  const oracle = rowOracle(sid);
  const zero = rowScalars(oracle, columns); // α₀
  const delta = copyWords(evaluator.delta);
  for (let at = 0; at < columns.length; at++) {
    columns[at] = (columns[at] ?? 0) ^ (delta[at % BLOCK_WORDS] ?? 0);
  }
  const one = rowScalars(oracle, columns); // α₁
  const check = randomScalar(rng); // â
  const masked = withTemporaries((temporary) =>
    rows().maskedDifferences(zero, one, temporary(concat(...inputs, check))),
  ); // ã = α₀ − α₁ + (a, â)
  const thetas = thetasOf(sid, masked);
  const eta = withTemporaries((temporary) => {
    const product = (a: Scalar, i: number) => temporary(mulScalars(a, thetas[i] ?? unreachable()));
    return addScalars(check, ...inputs.map(product)); // η = â + Σ θᵢ·aᵢ
  });
  const checked = rows().checkRows(zero, concat(...thetas));
  const answer = concat(masked, eta, hash(LABELS.rvoleCheck, sid, checked));
  const factors = gadget(sid);
  const output = (i: number): Scalar =>
    withTemporaries((temporary) => {
      const sum = temporary(asScalar(temporary(rows().dotColumn(factors, zero, i))));
      return negateScalar(sum); // cᵢ = −Σ gⱼ·α₀[j][i]
    });
  const outputs: [Scalar, Scalar] = [output(0), output(1)];
  wipe(columns, zero, delta, one, check, checked);
  return { outputs, message: answer };
}

/**
 * Step 4.3, Bob: dᵢ with cᵢ + dᵢ = aᵢ·b, or null if Alice's message is malformed [M2, M3], its check
 * fails [M1], or this state has had its answer.
 *
 * Security: a failed check means that the pair's OT state must not be used again.
 */
export function rvoleFinish(state: RvoleReceiver, message: Uint8Array): [Scalar, Scalar] | null {
  if (state.finished || !isRvoleMessage(message)) return null;
  state.finished = true;
  const { sid, choices, factors, columns } = state;
  const masked = message.subarray(0, MASKED_BYTES);
  const eta = scalarFromBytes(message.subarray(MASKED_BYTES, MASKED_BYTES + 32)) ?? unreachable();
  const shares = rowScalars(rowOracle(sid), columns);
  rows().addSelected(shares, masked, choices); // ḋ = α_β + β·ã
  const thetas = concat(...thetasOf(sid, masked));
  const checked = rows().checkRows(shares, thetas, { bits: choices, addend: negateScalar(eta) });
  const valid = equalBytes(
    hash(LABELS.rvoleCheck, sid, checked),
    message.subarray(MASKED_BYTES + 32),
  );
  const output = (i: number): Scalar =>
    withTemporaries((temporary) => asScalar(temporary(rows().dotColumn(factors, shares, i)))); // Σ gⱼ·ḋ[j][i]
  const outputs: [Scalar, Scalar] = [output(0), output(1)];
  wipe(shares, checked, choices, columns);
  if (valid) return outputs;
  wipe(...outputs);
  return null;
}

/** Whether bytes have the length of Alice's message and hold canonical scalars [M2, M3]. */
export function isRvoleMessage(bytes: Uint8Array): boolean {
  if (bytes.length !== RVOLE_BYTES) return false;
  for (let at = 0; at < MASKED_BYTES + 32; at += 32) {
    // Public bytes: a scalar whose first byte is not 255 is below q.
    if (bytes[at] === 255 && scalarFromBytes(bytes.subarray(at, at + 32)) === null) return false;
  }
  return true;
}

/** g₁..g_ξ from the oracle. Public. */
const gadget = (sid: Uint8Array): Limbs =>
  rows().loadWide(expand(LABELS.rvoleGadget, XI * 48, sid));

/** The oracle of a session's rows. */
const rowOracle = (sid: Uint8Array): Oracle => oracleOf(LABELS.extensionRow, sid);

/** X: the scalars of each row, from its 128 bits. Secret. */
const rowScalars = (oracle: Oracle, columns: Uint32Array): Limbs => {
  const positions = new Uint32Array(3 * XI);
  for (let row = 0; row < XI; row++) positions[3 * row] = row;
  return rows().expandRows(oracle, columns, positions);
};

/** θᵢ from ã. */
const thetasOf = (sid: Uint8Array, masked: Uint8Array): Scalar[] => {
  const digest = hash(LABELS.rvoleMasked, sid, masked);
  const wide = expand(LABELS.rvoleTheta, INPUTS * 48, digest);
  return Array.from({ length: INPUTS }, (_, i) => reduceWide(wide.subarray(48 * i, 48 * (i + 1))));
};

const unreachable = (): never => {
  throw new Error('unreachable: a value of known length');
};

const asScalar = (bytes: Uint8Array): Scalar => scalarFromBytes(bytes) ?? unreachable();
