/** Authorisations, ciphertexts and receipts of a replacement (docs/spec/replace.md §3.3, §3.6). */
import {
  fromBase64,
  fromHex,
  replacementSessionKey,
  type ReplacementStep,
  replacementStepHash,
  toHex,
} from '@quorate/intent';
import { createHash } from 'node:crypto';
import { RequestError } from '../requestError.ts';
import { verifyFor } from '../session/certificate.ts';
import {
  deleteRetired,
  discardStaged,
  type NewShard,
  sealedShardOf,
  stageShard,
} from '../keys/index.ts';
import { otherSession } from '../session/repository.ts';
import type { Tx } from '../store/database.ts';
import type { Authoriser } from '../chips/authoriser.ts';
import {
  boundTo,
  makerOf,
  chipProblem,
  findShard,
  type MovingShard,
  type Replacement,
  stageProblem,
} from './store.ts';

/** A step that one of the chips asks to have authorised. */
export interface StepOrder {
  readonly step: 'release' | 'prove' | 'delete' | 'discard';
  /** The shard's key, by `key_id` or address. */
  readonly key: string;
  readonly certificate: string;
  readonly newCertificate: string | undefined;
  readonly challenge: string;
}

/** The ciphertext for the new chip, and that chip's certificate over its hash. */
export interface SealOrder {
  readonly key: string;
  readonly encryptedShard: string;
  readonly certificate: string;
}

/** The old chip's report that its record is gone. */
export interface ReceiptOrder {
  readonly key: string;
  readonly certificate: string;
}

/** The authorisation for the chip. */
export interface StepGrant {
  readonly signature: string;
  readonly encryptedShard: string | undefined;
}

/** Authorises one command of one chip, or refuses. */
export async function authoriseStep(
  tx: Tx,
  authoriser: Authoriser,
  replacement: Replacement,
  { order, at }: { readonly order: StepOrder; readonly at: number },
): Promise<StepGrant | RequestError> {
  const { step } = order;
  const shard = await findShard(tx, replacement, order.key);
  const problem = placeProblem(replacement, step) ?? shardProblem(shard, step);
  if (problem !== undefined || shard === undefined) return problem ?? unknownShard();
  if (step === 'release' || step === 'prove') {
    const ending = await destructionProblem(tx, shard);
    if (ending !== undefined) return ending;
  }
  const fresh = step === 'prove' || step === 'discard';
  const session = certified(replacement, shard, { step, text: order.certificate, fresh, at });
  if (session instanceof RequestError) return session;
  if (step === 'release') {
    // Both chips are present: the shard never leaves the old chip for an absent one.
    const text = order.newCertificate;
    if (text === undefined)
      return new RequestError('invalid_certificate', 'the new chip must agree as well');
    const other = certified(replacement, shard, { step, text, fresh: true, at });
    if (other instanceof RequestError) return other;
  }
  if (step === 'discard') await discardStaged(tx, makerOf(replacement), shard.key_id);
  const bound = boundTo(replacement, shard);
  const signature = authoriser.authorise({
    operation: step === 'release' || step === 'prove' ? 'read' : 'delete',
    chipPublicKey: fresh ? bound.newChip : bound.oldChip,
    recordId: bound.recordId,
    address: bound.address,
    sessionHash: fromHex(session),
    digest: replacementStepHash(step, bound),
    challenge: fromBase64(order.challenge),
  });
  const encryptedShard = step === 'release' ? await ciphertextOf(tx, shard) : undefined;
  return { signature, encryptedShard };
}

/** Stages the ciphertext for the new chip beside the current one. */
export async function keepSeal(
  tx: Tx,
  replacement: Replacement,
  order: SealOrder,
  at: number,
): Promise<MovingShard | RequestError> {
  const shard = await findShard(tx, replacement, order.key);
  const problem = placeProblem(replacement, 'seal') ?? shardProblem(shard, 'seal');
  if (problem !== undefined || shard === undefined) return problem ?? unknownShard();
  const ending = await destructionProblem(tx, shard);
  if (ending !== undefined) return ending;
  const shardHash = createHash('sha256').update(fromBase64(order.encryptedShard)).digest();
  const session = certified(replacement, shard, {
    step: 'seal',
    text: order.certificate,
    fresh: true,
    at,
    shardHash,
  });
  if (session instanceof RequestError) return session;
  // A repeated step seals the shard anew.
  const by = makerOf(replacement);
  await discardStaged(tx, by, shard.key_id);
  await stageShard(tx, newShardOf(replacement, shard, order.encryptedShard), by);
  return shard;
}

/** Takes the old chip's receipt. A repeated receipt changes nothing. */
export async function keepReceipt(
  tx: Tx,
  replacement: Replacement,
  order: ReceiptOrder,
  at: number,
): Promise<MovingShard | RequestError> {
  const shard = await findShard(tx, replacement, order.key);
  if (shard?.state === 'deleted') return shard;
  const problem = placeProblem(replacement, 'deleted') ?? shardProblem(shard, 'deleted');
  if (problem !== undefined || shard === undefined) return problem ?? unknownShard();
  const session = certified(replacement, shard, {
    step: 'deleted',
    text: order.certificate,
    fresh: false,
    at,
  });
  if (session instanceof RequestError) return session;
  await deleteRetired(tx, { ...shard, se_id: replacement.oldChip.seId });
  return shard;
}

/** Before the switch the old chip is active and the new one waits; after the switch the old one is retired. */
function placeProblem(replacement: Replacement, step: ReplacementStep): RequestError | undefined {
  const after = step === 'delete' || step === 'deleted';
  const stage = stageProblem(replacement, [after ? 'switched' : 'approved']);
  if (stage !== undefined) return stage;
  if (!after) return chipProblem(replacement, { old: 'active', fresh: 'disabled' });
  if (replacement.oldChip.state === 'disabled') return undefined;
  const { seId, state } = replacement.oldChip;
  return new RequestError('chip_unavailable', `the old chip ${seId} is ${state}, not disabled`);
}

function shardProblem(
  shard: MovingShard | undefined,
  step: ReplacementStep,
): RequestError | undefined {
  if (shard === undefined) return unknownShard();
  if (shard.key_state !== 'active' && step !== 'delete' && step !== 'deleted') {
    return new RequestError('unknown_key', `the key is ${shard.key_state}`);
  }
  return undefined;
}

/** Refuses a second opener and a second ciphertext for a key that its holders are asked to destroy. */
async function destructionProblem(
  tx: Tx,
  { key_id }: MovingShard,
): Promise<RequestError | undefined> {
  const session = await otherSession(tx, 'destroy', key_id);
  if (session === undefined) return undefined;
  return new RequestError(
    'replacement_busy',
    `session ${session} asks to destroy the key; wait until it ends`,
  );
}

function unknownShard(): RequestError {
  return new RequestError('unknown_key', 'this replacement has no shard for this address');
}

interface CertificateOrder {
  readonly step: ReplacementStep;
  readonly text: string;
  /** Of the new chip. */
  readonly fresh: boolean;
  readonly at: number;
  readonly shardHash?: Uint8Array;
}

/** The session hash of a certificate that is for this step and by this chip. */
function certified(
  replacement: Replacement,
  shard: MovingShard,
  { step, text, fresh, at, shardHash }: CertificateOrder,
): string | RequestError {
  const chip = fresh ? replacement.newChip : replacement.oldChip;
  const check = verifyFor(text, {
    operation: 'replace',
    sessionKey: replacementSessionKey(replacement.id),
    partIndex: shard.part_index,
    seId: chip.seId,
    chipPublicKey: toHex(chip.publicKey),
    intentHash: replacementStepHash(step, boundTo(replacement, shard), shardHash),
    now: at,
  });
  if (check.ok) return check.sessionHash;
  const code = check.code === 'chip_mismatch' ? 'chip_mismatch' : 'invalid_certificate';
  return new RequestError(code, check.details);
}

/** The share for the new chip. */
function newShardOf(
  { newChip, username }: Replacement,
  shard: MovingShard,
  ciphertext: string,
): NewShard {
  const { key_id, epoch, part_index, record_id } = shard;
  return {
    key_id,
    epoch,
    part_index,
    username,
    se_id: newChip.seId,
    cpic: newChip.cpic,
    chip_public_key: toHex(newChip.publicKey),
    record_id,
    ciphertext,
  };
}

async function ciphertextOf(tx: Tx, shard: MovingShard): Promise<string> {
  const sealed = await sealedShardOf(tx, { keyId: shard.key_id, partIndex: shard.part_index });
  if (sealed === undefined || sealed.record_id !== shard.record_id) {
    throw new Error('a shard without its ciphertext');
  }
  return sealed.ciphertext;
}
