/** A host that knows nothing but bytes: APDUs are put together here by hand, not by the driver under test. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { ApduTransport } from '../../src/index.ts';

/** A chip that the suite can reset and pull out. */
export interface ChipUnderTest {
  /** The way to the chip that is powered on now. */
  readonly transport: ApduTransport;
  /** Power off and on. */
  reset(): Promise<void>;
  /** Power off and on, and off again directly after the chip's nth write to persistent memory. */
  resetAndCutPowerAfterWrite(count: number): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes fresh chips: powered on, not personalised. */
export type ChipFactory = () => Promise<ChipUnderTest>;

export interface Answer {
  readonly sw: string;
  readonly data: Buffer;
}

export const PIN: Buffer = Buffer.from('314159');
export const PUK: Buffer = Buffer.from('PUK-27182818');
export const SELECT: Buffer = Buffer.from('00a4040009f051554f5241544501', 'hex');

/** Sends bytes and splits the status word off. */
export async function transmit(chip: ChipUnderTest, apdu: Uint8Array): Promise<Answer> {
  const response = Buffer.from(await chip.transport.transmit(Uint8Array.from(apdu)));
  return { sw: response.subarray(-2).toString('hex'), data: response.subarray(0, -2) };
}

/** Sends a command of the command set: CLA 80, P1 P2 zero, short form without Le. */
export function command(
  chip: ChipUnderTest,
  ins: number,
  ...parts: readonly Uint8Array[]
): Promise<Answer> {
  return transmit(chip, shortApdu(ins, Buffer.concat(parts)));
}

/** PERSONALISE with a PUK: P1 is 01. */
export function personaliseWithPuk(
  chip: ChipUnderTest,
  authorisationKey: Uint8Array,
  { pin = PIN, puk = PUK }: { readonly pin?: Buffer; readonly puk?: Buffer } = {},
): Promise<Answer> {
  const data = Buffer.concat([authorisationKey, Buffer.of(pin.length), pin, puk]);
  return transmit(chip, shortApdu(0x06, data, 1));
}

function shortApdu(ins: number, data: Uint8Array, p1 = 0): Buffer {
  const head = Buffer.from([0x80, ins, p1, 0]);
  return data.length === 0 ? head : Buffer.concat([head, Buffer.of(data.length), data]);
}

/** A P-256 key that authorises. */
export interface Authority {
  /** 65 bytes */
  readonly publicKey: Buffer;
  sign(message: Uint8Array): Buffer;
}

export function makeAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: Buffer.concat([
      Buffer.of(4),
      Buffer.from(x, 'base64url'),
      Buffer.from(y, 'base64url'),
    ]),
    sign: (message) => sign('sha256', message, privateKey),
  };
}

/** The record and session of a READ or DELETE. */
export interface Access {
  readonly recordId: Buffer;
  readonly address: Buffer;
  readonly sessionHash: Buffer;
  readonly digest: Buffer;
  readonly challenge: Buffer;
}

/** The bytes that authorise, as docs/spec/chip.md §3 writes them. */
export function authorisation(op: number, chipKey: Uint8Array, access: Access): Buffer {
  return Buffer.concat([
    Buffer.from('quorate-se/v1'),
    Buffer.of(op),
    chipKey,
    access.recordId,
    access.address,
    access.sessionHash,
    access.digest,
    access.challenge,
  ]);
}

/** The bytes that authorise one try of a PUK. */
export function unblockMessage(chipKey: Uint8Array, challenge: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('quorate-se/v1/unblock'), chipKey, challenge]);
}

export function accessData(access: Access, signature: Uint8Array): Buffer {
  return Buffer.concat([
    access.recordId,
    access.address,
    access.sessionHash,
    access.digest,
    access.challenge,
    signature,
  ]);
}

/** A personalised chip with an authority, a record and a session. */
export class Bench {
  readonly chip: ChipUnderTest;
  readonly authority: Authority;
  readonly chipKey: Buffer;

  private constructor(chip: ChipUnderTest, authority: Authority, chipKey: Buffer) {
    this.chip = chip;
    this.authority = authority;
    this.chipKey = chipKey;
  }

  /** Selected, personalised, PIN verified. */
  static ready(factory: ChipFactory): Promise<Bench> {
    return Bench.#personalised(factory, (chip, key) => command(chip, 0x06, key, PIN));
  }

  /** The same with a PUK. */
  static readyWithPuk(factory: ChipFactory): Promise<Bench> {
    return Bench.#personalised(factory, personaliseWithPuk);
  }

  static async #personalised(
    factory: ChipFactory,
    personalise: (chip: ChipUnderTest, key: Buffer) => Promise<Answer>,
  ): Promise<Bench> {
    const chip = await factory();
    const authority = makeAuthority();
    await ok(transmit(chip, SELECT));
    await ok(personalise(chip, authority.publicKey));
    const { data } = await ok(command(chip, 0x04));
    const bench = new Bench(chip, authority, data);
    await ok(bench.send(0x20, PIN));
    return bench;
  }

  send(ins: number, ...parts: readonly Uint8Array[]): Promise<Answer> {
    return command(this.chip, ins, ...parts);
  }

  /** Power off and on, select, PIN. */
  async resetAndVerify(): Promise<void> {
    await this.chip.reset();
    await ok(transmit(this.chip, SELECT));
    await ok(this.send(0x20, PIN));
  }

  async store(): Promise<{ recordId: Buffer; address: Buffer; secret: Buffer }> {
    const record = {
      recordId: randomBytes(32),
      address: randomBytes(20),
      secret: randomBytes(32),
    };
    await ok(this.send(0x10, record.recordId, record.address, record.secret));
    return record;
  }

  /** A session that the chip signed; gives its payload and hash. */
  async session(payload: Buffer = randomBytes(171)): Promise<{ payload: Buffer; hash: Buffer }> {
    await ok(this.send(0x08, payload));
    const label = Buffer.from('quorate-se/v1/session');
    const hash = createHash('sha256').update(label).update(this.chipKey).update(payload).digest();
    return { payload, hash };
  }

  async challenge(): Promise<Buffer> {
    return (await ok(this.send(0x84))).data;
  }

  /** An access with a new session and challenge. */
  async access(record: { recordId: Buffer; address: Buffer }): Promise<Access> {
    return {
      recordId: record.recordId,
      address: record.address,
      sessionHash: (await this.session()).hash,
      digest: randomBytes(32),
      challenge: await this.challenge(),
    };
  }

  /** The DER that authorises an access. */
  authorise(op: number, access: Access): Buffer {
    return this.authority.sign(authorisation(op, this.chipKey, access));
  }

  read(access: Access, signature: Uint8Array = this.authorise(0x12, access)): Promise<Answer> {
    return this.send(0x12, accessData(access, signature));
  }

  delete(access: Access, signature: Uint8Array = this.authorise(0x14, access)): Promise<Answer> {
    return this.send(0x14, accessData(access, signature));
  }

  /** Three wrong PINs. */
  async block(): Promise<void> {
    for (let tries = (await this.info()).tries; tries > 0; tries--) {
      await this.send(0x20, Buffer.from('000000'));
    }
  }

  /** The data of UNBLOCK; a signature by the authority over a new challenge unless given. */
  async unblocking({
    puk = PUK,
    pin = Buffer.from('161803'),
    challenge,
    signature,
  }: Partial<Record<'puk' | 'pin' | 'challenge' | 'signature', Buffer>> = {}): Promise<Buffer> {
    const open = challenge ?? (await this.challenge());
    return Buffer.concat([
      open,
      Buffer.of(puk.length),
      puk,
      Buffer.of(pin.length),
      pin,
      signature ?? this.authority.sign(unblockMessage(this.chipKey, open)),
    ]);
  }

  /** GET INFO taken apart. */
  async info(): Promise<{
    version: string;
    capacity: number;
    used: number;
    tries: number;
    flags: number;
    /** Tries of the PUK; null without one. */
    pukTries: number | null;
    fingerprint: string;
    counter: number;
  }> {
    const { data } = await ok(this.send(0x02));
    const flags = data[5] ?? 0;
    return {
      version: `${data[0]}.${data[1]}`,
      capacity: data[2] ?? 0,
      used: data[3] ?? 0,
      tries: data[4] ?? 0,
      flags,
      pukTries: (flags & 2) === 0 ? null : (flags >> 2) & 15,
      fingerprint: data.subarray(6, 38).toString('hex'),
      counter: data.readUInt32BE(38),
    };
  }
}

/** Refuses every status word but 9000. */
export async function ok(answer: Promise<Answer>): Promise<Answer> {
  const { sw, data } = await answer;
  if (sw !== '9000') throw new Error(`status word ${sw}`);
  return { sw, data };
}
