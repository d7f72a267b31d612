import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  encodeCertificatePayload,
  fromHex,
  type Operation,
  parseAddress,
  replacementRequestHash,
  replacementSessionKey,
  type ReplacementStep,
  replacementStepHash,
  toHex,
} from '@quorate/intent';
import { type Identity, loadOrCreateKey } from '../../src/auth/index.ts';
import { createChips } from '../../src/chips/index.ts';
import { insertKey, stageShard } from '../../src/keys/index.ts';
import { createReplacements } from '../../src/replacement/index.ts';
import type { ReplacementOrder } from '../../src/replacement/request.ts';
import { openFixture, setUpAdmin } from '../auth/support.ts';
import { type TestChip, testChip } from '../chips/support.ts';

export const ADDRESS = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
export const KEY_ID = '11'.repeat(32);
const RECORD_ID = '22'.repeat(32);
const EPOCH = 0;
const PART = 2;

/** Deviations of a certificate. */
export interface CertificateChange {
  readonly chip?: TestChip;
  readonly step?: ReplacementStep;
  readonly operation?: Operation;
  readonly id?: string;
  readonly partIndex?: number;
  readonly notAfter?: number;
  readonly epoch?: number;
  readonly newChip?: string;
  readonly shardHash?: Uint8Array;
}

/** A registry in which bob, who holds one shard on the chip `old`, gets the chip `fresh`. */
export async function openReplacementWorld() {
  const fixture = await openFixture();
  await setUpAdmin(fixture);
  const { auth, database, audit, tally, clock, directory } = fixture;
  for (const username of ['ann', 'bob']) {
    await auth.createUser({ username, roles: ['participant'] }, 'root');
  }
  const key = loadOrCreateKey(join(directory, 'keys', 'chips.pem'), 'p256');
  const chips = createChips({ database, audit, tally, clock, users: auth.users, key });
  const replacements = createReplacements({ database, audit, tally, clock, chips });
  const [old, fresh] = [testChip(), testChip()];
  const { nonce } = await chips.challenge('bob');
  await chips.register(
    {
      username: 'bob',
      seId: 'old',
      cpic: old.cpic,
      publicKey: old.publicKey,
      nonce,
      proof: old.prove(nonce),
      label: '',
    },
    'bob',
  );
  await database.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold,
         total_parts, address, ended, created_at, updated_at)
       VALUES ('k', 'keygen', 'completed', 'carol', 'x', 2, 2, ?, 1, 1, 1)`,
      [ADDRESS],
    );
    const shard = {
      key_id: KEY_ID,
      epoch: EPOCH,
      part_index: PART,
      username: 'bob',
      se_id: 'old',
      cpic: old.cpic,
      chip_public_key: old.publicKey,
      record_id: RECORD_ID,
      ciphertext: 'b2xk',
    };
    await stageShard(tx, shard, 'session:k');
    // The test knows one of its shards only.
    await insertKey(tx, {
      keyId: KEY_ID,
      algorithm: 'ecdsa-secp256k1',
      address: ADDRESS,
      publicKey: 'pub',
      sessionKey: 'k',
      creator: 'carol',
      threshold: 2,
      totalParts: 1,
      at: 1,
    });
  });

  /** A request as both chips sign it: those of this world, or others. */
  const order = async (
    change: Partial<ReplacementOrder> = {},
    signed: Partial<ReplacementOrder> = {},
    [from, to]: readonly [TestChip, TestChip] = [old, fresh],
  ): Promise<ReplacementOrder> => {
    const challenge = await chips.challenge('bob');
    const plain = {
      username: 'bob',
      seId: 'new',
      cpic: to.cpic,
      publicKey: to.publicKey,
      nonce: challenge.nonce,
      retire: 'destroyed' as const,
      label: '',
      kind: 'virtual' as const,
    };
    const over = { ...plain, ...signed };
    const hash = toHex(
      replacementRequestHash({
        nonce: fromHex(over.nonce),
        username: over.username,
        oldChip: fromHex(from.publicKey),
        newChip: fromHex(over.publicKey),
        seId: over.seId,
        retire: over.retire,
        kind: over.kind,
      }),
    );
    return { ...plain, oldProof: from.prove(hash), newProof: to.prove(hash), ...change };
  };

  /** A certificate of one step by the chip whose step it is. */
  const certificate = (
    id: string,
    step: ReplacementStep,
    change: CertificateChange = {},
  ): string => {
    const mine = step === 'prove' || step === 'seal' || step === 'discard' ? fresh : old;
    const intentHash = replacementStepHash(
      change.step ?? step,
      {
        replacementId: change.id ?? id,
        username: 'bob',
        keyId: fromHex(KEY_ID),
        address: parseAddress(ADDRESS),
        partIndex: PART,
        epoch: change.epoch ?? EPOCH,
        recordId: fromHex(RECORD_ID),
        oldChip: fromHex(old.publicKey),
        newChip: fromHex(change.newChip ?? fresh.publicKey),
      },
      change.shardHash,
    );
    return (change.chip ?? mine).certify(
      encodeCertificatePayload({
        operation: change.operation ?? 'replace',
        sessionKey: replacementSessionKey(change.id ?? id),
        partIndex: change.partIndex ?? PART,
        nonce: new Uint8Array(randomBytes(32)),
        x25519: new Uint8Array(randomBytes(32)),
        ed25519: new Uint8Array(randomBytes(32)),
        intentHash,
        notAfter: change.notAfter ?? clock.now() + 60_000,
      }),
    );
  };

  /** A request to authorise a step. */
  const step = (
    id: string,
    name: 'release' | 'prove' | 'delete' | 'discard',
    change: CertificateChange = {},
  ) => ({
    step: name,
    key: ADDRESS,
    certificate: certificate(id, name, change),
    newCertificate: name === 'release' ? certificate(id, name, { chip: fresh }) : undefined,
    challenge: Buffer.alloc(16, 7).toString('base64'),
  });

  const identity = (username: string, roles: Identity['roles'] = ['participant']): Identity => ({
    username,
    roles,
    expiresAt: 0,
    tokenId: '',
  });
  return { ...fixture, chips, replacements, old, fresh, order, certificate, step, identity };
}

export type ReplacementWorld = Awaited<ReturnType<typeof openReplacementWorld>>;

/** The code with which something was refused, or ok. */
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );
