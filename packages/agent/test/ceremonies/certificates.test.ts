import type { Prepared } from '@quorate/holder';
import { createEphemeralKeys } from '../../../holder/src/channel/keys.ts';
import { toHex } from '@quorate/intent';
import { ApduSecureElement, createVirtualChip, type SecureElement } from '@quorate/secure-element';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CertificateExpectation,
  certificatePayload,
  certifySession,
  hashIntent,
  type PeerCertificate,
} from '../../src/ceremonies/certificates.ts';
import { Refusal } from '../../src/ceremonies/refusal.ts';
import type { Holder } from '../../src/records/keyRecord.ts';
import { chipPublicKey } from '../support/chipKeys.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

const NOW = 1_800_000_000_000;
const names = ['alice', 'bob', 'carol'];

const fresh = (): Prepared => {
  const { x25519, ed25519 } = createEphemeralKeys();
  return { nonce: new Uint8Array(randomBytes(32)), x25519, ed25519 };
};

describe('round 0', () => {
  const chips: SecureElement[] = [];
  let holders: Holder[] = [];
  let expected: CertificateExpectation;
  let received: PeerCertificate[] = [];

  /** A certificate of one chip, with everything right unless it is said otherwise. */
  async function certificate(
    index: number,
    change: Partial<{
      chip: number;
      operation: 'keygen' | 'sign';
      sessionKey: string;
      partIndex: number;
      intent: Uint8Array;
      now: number;
      prepared: Prepared;
    }> = {},
  ): Promise<string> {
    const payload = certificatePayload(
      change.operation ?? 'sign',
      change.sessionKey ?? 's1',
      change.partIndex ?? index,
      change.prepared ?? fresh(),
      change.intent ?? expected.intentHash,
      change.now ?? NOW,
    );
    const der = await chips[(change.chip ?? index) - 1]!.signSession(payload);
    return Buffer.concat([payload, der]).toString('base64');
  }

  const replace = (index: number, session_certificate: string): PeerCertificate[] =>
    received.map((peer) => (peer.part_index === index ? { ...peer, session_certificate } : peer));

  beforeAll(async () => {
    const directory = temporaryDirectory();
    for (const name of names) {
      const made = { file: join(directory, name), passphrase: Buffer.from('x'), scryptCost: 1024 };
      const chip = new ApduSecureElement(await createVirtualChip(made), { kind: 'virtual' });
      const pin = Buffer.from('123456');
      await chip.personalise(chipPublicKey(), pin);
      await chip.verifyPin(pin);
      chips.push(chip);
    }
    const keys = await Promise.all(chips.map((chip) => chip.publicKey()));
    holders = keys.map((key, at) => ({
      part_index: at + 1,
      username: names[at]!,
      chip_public_key: toHex(key),
    }));
    const intentHash = hashIntent(intent(), holders);
    const own = { index: 1, certificate: new Uint8Array(0) };
    expected = { operation: 'sign', sessionKey: 's1', intentHash, signers: holders, own, now: NOW };
    const certificates = await Promise.all([1, 2, 3].map((index) => certificate(index)));
    received = certificates.map((session_certificate, at) => ({
      username: names[at]!,
      part_index: at + 1,
      session_certificate,
    }));
    expected = {
      ...expected,
      own: { index: 1, certificate: Buffer.from(certificates[0]!, 'base64') },
    };
  });

  afterAll(async () => {
    for (const chip of chips) await chip.close();
  });

  const intent = (digest = new Uint8Array(32).fill(5)) => ({
    sessionKey: 's1',
    keyId: new Uint8Array(32).fill(1),
    epoch: 0,
    threshold: 2,
    signers: [1, 2, 3],
    path: [],
    digest,
    payloadHash: null,
    address: null,
  });

  test('accepts one good certificate of each signer, our own among them or not', () => {
    const all = certifySession(received, expected);
    expect(all.peers.map((peer) => peer.index)).toEqual([2, 3]);
    expect(all.certificates).toHaveLength(3);
    const others = certifySession(received.slice(1), expected);
    expect(others.certificates.map(toHex)).toEqual(all.certificates.map(toHex));
  });

  test('the order in which they come does not matter', () => {
    const all = certifySession(received, expected);
    const reversed = certifySession(received.toReversed(), expected);
    expect(reversed.certificates.map(toHex)).toEqual(all.certificates.map(toHex));
  });

  test('F-5, N-7, R-10: whoever agreed to something else is named before any round', async () => {
    const other = hashIntent(intent(new Uint8Array(32).fill(6)), holders);
    const forBob = await certificate(2, { intent: other });
    expect(() => certifySession(replace(2, forBob), expected)).toThrow(
      /part 2 agreed to something/,
    );
  });

  test('R-15: a certificate of a chip that is not the pinned one is refused, whatever peers[] says', async () => {
    const byCarol = await certificate(2, { chip: 3 });
    expect(() => certifySession(replace(2, byCarol), expected)).toThrow(/pinned chip/);
  });

  test('R-14: a certificate of another session, operation or index is refused', async () => {
    for (const change of [
      { sessionKey: 's2' },
      { operation: 'keygen' as const },
      { partIndex: 3 },
    ]) {
      const wrong = await certificate(2, change);
      expect(() => certifySession(replace(2, wrong), expected)).toThrow(/another session/);
    }
  });

  test('X-4: ephemeral keys of small order, or not canonical, are refused before anything is done with them', async () => {
    const zero = new Uint8Array(32);
    for (const change of [
      { x25519: zero },
      { x25519: zero.with(0, 1) },
      { x25519: new Uint8Array(32).fill(255) },
      { ed25519: zero },
      { ed25519: zero.with(0, 1) },
      { ed25519: new Uint8Array(32).fill(255) },
    ]) {
      const wrong = await certificate(2, { prepared: { ...fresh(), ...change } });
      expect(() => certifySession(replace(2, wrong), expected)).toThrow(
        expect.objectContaining({
          reason: 'certificate',
          message: expect.stringMatching(/part 2's .*canonical/),
        }),
      );
    }
  });

  test('R-13: an expired certificate, or one that is good for too long, is refused', async () => {
    const minute = 60_000;
    for (const now of [NOW - 12 * minute, NOW + 6 * minute]) {
      const wrong = await certificate(2, { now });
      expect(() => certifySession(replace(2, wrong), expected)).toThrow(
        /expired or valid for too long/,
      );
    }
    const late = await certificate(2, { now: NOW + 4 * minute });
    certifySession(replace(2, late), expected);
  });

  test('X-10: a certificate whose date does not fit is refused with both times', async () => {
    const hour = 3_600_000;
    const ahead = await certificate(2, { now: NOW + hour });
    const until = new Date(NOW + hour + 600_000).toISOString();
    expect(() => certifySession(replace(2, ahead), expected)).toThrow(
      `it is valid until ${until}, the clock here shows ${new Date(NOW).toISOString()}; is one of the clocks wrong?`,
    );
  });

  test('a missing, repeated or additional certificate is refused', () => {
    const [one, two, three] = received;
    expect(() => certifySession([one!, two!], expected)).toThrow(/none of part 3/);
    expect(() => certifySession([one!, two!, three!, two!], expected)).toThrow(/two of part 2/);
    const stranger = { ...two!, part_index: 4 };
    expect(() => certifySession([...received, stranger], expected)).toThrow(/part 4 is not/);
    expect(() => certifySession([], expected)).toThrow(/none of part 2/);
  });

  test('a certificate under another name, a malformed one, and another one in our name are refused', async () => {
    const renamed = received.map((peer) =>
      peer.part_index === 2 ? { ...peer, username: 'carol' } : peer,
    );
    expect(() => certifySession(renamed, expected)).toThrow(/another person/);
    expect(() => certifySession(replace(2, 'AAAA'), expected)).toThrow(/malformed/);
    const second = await certificate(1);
    expect(() => certifySession(replace(1, second), expected)).toThrow(/our own name/);
  });

  test('no bit of a certificate can be changed', () => {
    const bytes = Buffer.from(received[1]!.session_certificate, 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit += 7) {
      const tampered = Buffer.from(bytes);
      tampered[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => certifySession(replace(2, tampered.toString('base64')), expected)).toThrow(
        Refusal,
      );
    }
  });
});
