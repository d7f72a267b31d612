import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import {
  addressOf,
  chipFingerprint,
  concat,
  decodeSpki,
  type DeletedRecord,
  deriveSessionId,
  destroyPartsHash,
  destroyReasonHash,
  encodeCertificatePayload,
  encodeReceiptPayload,
  fromBase64,
  fromHex,
  intentHash,
  type KeyCurve,
  type Operation,
  parseAddress,
  recordId,
  roundSigningInput,
  sessionHash,
  toHex,
} from '@quorate/intent';
import type { Received, TestSocket } from './socket.ts';
import type { Person, World } from './world.ts';

/** A key as one person would have it: the coordinator cannot tell it from one that was generated. */
export interface PlainKey {
  readonly secret: Uint8Array;
  readonly publicKey: string;
  readonly address: string;
}

export function plainKey(secret: Uint8Array = secp256k1.utils.randomSecretKey()): PlainKey {
  const publicKey = secp256k1.getPublicKey(secret, true);
  return { secret, publicKey: `0x${toHex(publicKey)}`, address: addressOf(publicKey) };
}

function rawPublicKey(curve: KeyCurve, key: KeyObject): Uint8Array {
  return decodeSpki(curve, key.export({ format: 'der', type: 'spki' }));
}

/** r ‖ s ‖ v over a digest; always the same, unless entropy is added. */
export function signPlain(key: PlainKey, digest: string, extraEntropy = false): string {
  const signed = secp256k1.sign(fromHex(digest), key.secret, {
    prehash: false,
    lowS: true,
    format: 'recovered',
    extraEntropy,
  });
  const [recovery = 0] = signed;
  return `0x${toHex(signed.subarray(1))}${(27 + recovery).toString(16)}`;
}

/** A participant's knowledge of a session besides its messages. */
export interface SessionFacts {
  readonly holders: readonly { readonly index: number; readonly person: Person }[];
  readonly keyId?: Uint8Array;
  readonly payloadHash?: Uint8Array;
}

/**
 * A participant: real chip, real certificates, real signatures of broadcasts; the rounds' bodies are random,
 * nobody can read them.
 */
export class Participant {
  readonly person: Person;
  readonly socket: TestSocket;
  /** The ciphertexts that this participant has sent, by address. */
  readonly shards = new Map<string, string>();
  readonly #world: World;
  readonly #hashes = new Map<string, Uint8Array>();
  readonly #signingKeys = new Map<string, KeyObject>();
  readonly #keyIds = new Map<string, Uint8Array | null>();

  constructor(world: World, person: Person, socket: TestSocket) {
    this.#world = world;
    this.person = person;
    this.socket = socket;
  }

  static async connect(world: World, username: string, extra: object = {}): Promise<Participant> {
    const socket = await world.connect(username, 'participant', extra);
    return new Participant(world, world.person(username), socket);
  }

  /** Connects again, after the server was restarted, with what it remembers of its sessions. */
  async again(extra: object = {}): Promise<Participant> {
    const { username } = this.person;
    const socket = await this.#world.connect(username, 'participant', extra);
    const next = new Participant(this.#world, this.person, socket);
    for (const [sessionKey, hash] of this.#hashes) next.#hashes.set(sessionKey, hash);
    for (const [address, shard] of this.shards) next.shards.set(address, shard);
    for (const [sessionKey, key] of this.#signingKeys) next.#signingKeys.set(sessionKey, key);
    for (const [sessionKey, keyId] of this.#keyIds) next.#keyIds.set(sessionKey, keyId);
    return next;
  }

  /** The certificate of an invitation, by this participant's own reading of it. */
  async certify(
    invite: Received,
    facts: SessionFacts,
    change: {
      operation?: Operation;
      sessionKey?: string;
      partIndex?: number;
      digest?: string;
      notAfter?: number;
      intent?: Uint8Array;
      x25519?: Uint8Array;
      ed25519?: Uint8Array;
    } = {},
  ): Promise<string> {
    const destroy = invite.type === 'destroy_invite';
    const sign = invite.type === 'sign_invite' || destroy;
    const participants = invite['participants'] as string[];
    const signers = facts.holders
      .filter(({ person }) => participants.includes(person.username))
      .map(({ index }) => index)
      .sort((a, b) => a - b);
    const reasonHash = destroy ? toHex(destroyReasonHash(String(invite['reason']))) : undefined;
    const digest = change.digest ?? reasonHash ?? invite['data'];
    const payload = encodeCertificatePayload({
      operation: change.operation ?? operationOf(invite.type),
      sessionKey: change.sessionKey ?? String(invite['session_key']),
      partIndex: change.partIndex ?? Number(invite['part_index']),
      nonce: randomBytes(32),
      x25519: change.x25519 ?? rawPublicKey('X25519', generateKeyPairSync('x25519').publicKey),
      ed25519: change.ed25519 ?? this.#signingKey(String(invite['session_key'])),
      intentHash:
        change.intent ??
        intentHash({
          sessionKey: String(invite['session_key']),
          keyId: facts.keyId ?? new Uint8Array(32),
          epoch: 0,
          threshold: Number(invite['threshold']),
          parties: Number(invite['total_parts']),
          holders: facts.holders.map(({ index, person }) => ({
            index,
            username: person.username,
            fingerprint: chipFingerprint(person.publicKey),
          })),
          signers: destroy ? facts.holders.map(({ index }) => index) : signers,
          path: [],
          digest: sign ? fromHex(String(digest)) : null,
          payloadHash: destroy ? destroyPartsHash(signers) : (facts.payloadHash ?? null),
          address: sign ? String(invite['address']) : null,
        }),
      notAfter: change.notAfter ?? this.#world.clock.now() + 600_000,
    });
    this.#keyIds.set(String(invite['session_key']), facts.keyId ?? null);
    this.#hashes.set(String(invite['session_key']), sessionHash(this.person.publicKey, payload));
    return Buffer.from(concat(payload, await this.person.chip.signSession(payload))).toString(
      'base64',
    );
  }

  sessionHashOf(sessionKey: string): Uint8Array {
    return this.#hashes.get(sessionKey) ?? new Uint8Array(32);
  }

  async response(invite: Received, facts: SessionFacts): Promise<Record<string, unknown>> {
    const challenge =
      invite.type !== 'keygen_invite'
        ? { chip_challenge: Buffer.from(await this.person.chip.challenge()).toString('base64') }
        : {};
    return {
      type: invite.type.replace('invite', 'response'),
      session_key: invite['session_key'],
      part_index: invite['part_index'],
      cpic: this.person.cpic,
      accept: true,
      session_certificate: await this.certify(invite, facts),
      ...challenge,
    };
  }

  /** A message of a round: to everybody with its signature, to one with bytes that only it could read. */
  round(
    params: Received,
    round: number,
    to: number | null,
    body: Uint8Array = randomBytes(300),
  ): Record<string, unknown> {
    const keyId = this.#keyIds.get(String(params['session_key'])) ?? null;
    return {
      type: 'round',
      session_key: params['session_key'],
      from: params['part_index'],
      to,
      round,
      body: Buffer.from(body).toString('base64'),
      signature: (to === null ? this.#sign(params, keyId, round, body) : randomBytes(64)).toString(
        'base64',
      ),
    };
  }

  /** A broadcast of a text, signed as in a session of this key. */
  signedRound(
    params: Received,
    keyId: Uint8Array | null,
    round: number,
    text: string,
  ): Record<string, unknown> {
    const body = Buffer.from(text);
    const signature = this.#sign(params, keyId, round, body).toString('base64');
    return { ...this.round(params, round, null, body), signature };
  }

  /** Without a certificate of its own in that session it signs with nothing. */
  #sign(params: Received, keyId: Uint8Array | null, round: number, body: Uint8Array): Buffer {
    const key = this.#signingKeys.get(String(params['session_key']));
    if (key === undefined) return randomBytes(64);
    const hash = createHash('sha256').update(body).digest();
    const from = Number(params['part_index']);
    const sid = deriveSessionId(keyId, certificatesOf(params));
    return sign(null, roundSigningInput(sid, round, from, null, hash), key);
  }

  #signingKey(sessionKey: string): Uint8Array {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#signingKeys.set(sessionKey, privateKey);
    return rawPublicKey('Ed25519', publicKey);
  }

  keygenResult(params: Received, key: PlainKey): Record<string, unknown> {
    const index = Number(params['part_index']);
    const shard = randomBytes(900).toString('base64');
    this.shards.set(key.address, shard);
    return {
      type: 'keygen_result',
      session_key: params['session_key'],
      part_index: index,
      address: key.address,
      cpic: this.person.cpic,
      encrypted_shard: shard,
      success: true,
      message: '密钥生成成功',
      public_key: key.publicKey,
      record_id: toHex(recordId(keyIdOf(params), index, 0)),
    };
  }

  /** Puts the opener on the chip, as a participant does before it reports success. */
  async store(params: Received, key: PlainKey): Promise<Uint8Array> {
    const secret = randomBytes(32);
    await this.person.chip.store({
      recordId: recordId(keyIdOf(params), Number(params['part_index']), 0),
      address: parseAddress(key.address),
      secret,
    });
    return secret;
  }

  /** Has the chip release the opener with the authorisation of the parameters. */
  async release(
    params: Received,
    change: { signature?: string; challenge?: string } = {},
  ): Promise<Uint8Array> {
    const { secret } = await this.person.chip.read({
      recordId: fromHex(String(params['record_id'])),
      address: parseAddress(String(params['address'])),
      sessionHash: this.sessionHashOf(String(params['session_key'])),
      digest: fromBase64(String(params['data'])),
      challenge: fromBase64(change.challenge ?? String(params['chip_challenge'])),
      signature: fromBase64(change.signature ?? String(params['signature'])),
    });
    return secret;
  }

  /** Has the chip delete its record with the authorisation of the parameters. */
  async destroy(
    params: Received,
    change: {
      signature?: string;
      challenge?: string;
      reasonHash?: Uint8Array;
      recordId?: string;
    } = {},
  ): Promise<void> {
    await this.person.chip.delete({
      recordId: fromHex(change.recordId ?? String(params['record_id'])),
      address: parseAddress(String(params['address'])),
      sessionHash: this.sessionHashOf(String(params['session_key'])),
      reasonHash: change.reasonHash ?? fromHex(String(params['reason_hash'])),
      challenge: fromBase64(change.challenge ?? String(params['chip_challenge'])),
      signature: fromBase64(change.signature ?? String(params['signature'])),
    });
  }

  /** The chip's word that its record is gone. */
  async destroyResult(
    params: Received,
    facts: SessionFacts,
    change: Partial<DeletedRecord> = {},
  ): Promise<Record<string, unknown>> {
    const sessionKey = String(params['session_key']);
    const payload = encodeReceiptPayload(
      {
        sessionKey,
        partIndex: Number(params['part_index']),
        sessionHash: this.sessionHashOf(sessionKey),
        keyId: facts.keyId ?? new Uint8Array(32),
        epoch: 0,
        recordId: fromHex(String(params['record_id'])),
        address: parseAddress(String(params['address'])),
        reasonHash: fromHex(String(params['reason_hash'])),
        ...change,
      },
      { nonce: randomBytes(32), at: this.#world.clock.now() },
    );
    const receipt = concat(payload, await this.person.chip.signSession(payload));
    return {
      type: 'destroy_result',
      session_key: sessionKey,
      part_index: params['part_index'],
      success: true,
      receipt: Buffer.from(receipt).toString('base64'),
      message: '',
    };
  }

  signResult(params: Received, signature: string): Record<string, unknown> {
    return {
      type: 'sign_result',
      session_key: params['session_key'],
      part_index: params['part_index'],
      success: true,
      signature,
      message: '签名成功',
    };
  }
}

function operationOf(type: string): Operation {
  if (type === 'destroy_invite') return 'destroy';
  return type === 'sign_invite' ? 'sign' : 'keygen';
}

/** The key id that every party derives from all certificates of a key generation. */
export function keyIdOf(params: Received): Uint8Array {
  return deriveSessionId(null, certificatesOf(params));
}

function certificatesOf(params: Received): string[] {
  const peers = params['peers'] as { part_index: number; session_certificate: string }[];
  return peers
    .toSorted((a, b) => a.part_index - b.part_index)
    .map(({ session_certificate }) => session_certificate);
}
