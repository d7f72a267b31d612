import { prepare } from '@quorate/holder';
import { randomBytes, sign } from 'node:crypto';
import { encodeCertificatePayload, sessionMessage } from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import { signable } from '@quorate/two-party';
import { checkCertificate, intentOf } from '../../src/session/certificates.ts';
import type { Proposal, SessionContext } from '../../src/session/context.ts';
import { keyBetween, makeParty } from '../support/halves.ts';

const NOW = 1_000_000_000;
const SESSION = 'cd'.repeat(16);
const parties = [makeParty(1, 'p1'), makeParty(2, 'p2')] as const;
const [p1, p2] = parties;
const stranger = makeParty(2, 'p2');
const context = {
  index: 1,
  own: p1.identity,
  config: { paillier_bits: 2048 },
  now: () => NOW,
} as unknown as SessionContext;
const proposal: Proposal = {
  id: SESSION,
  type: 'sign',
  partner: p2.identity,
  initiator: 'own',
  keySessionId: 'ab'.repeat(16),
  message: signable('pay 5', 'eip191'),
};
const key = keyBetween(1, parties);
const intent = intentOf(context, proposal, key);
const { keys } = prepare();

type Payload = Parameters<typeof encodeCertificatePayload>[0];

/** What P2 certifies, with one thing changed. */
const certificate = (change: Partial<Payload> = {}, signer = p2, named = p2): string => {
  const payload = encodeCertificatePayload({
    operation: 'sign',
    sessionKey: SESSION,
    partIndex: 2,
    nonce: randomBytes(32),
    x25519: keys.x25519,
    ed25519: keys.ed25519,
    intentHash: intent,
    notAfter: NOW + 600_000,
    ...change,
  });
  const der = sign('sha256', sessionMessage(named.identity.identity, payload), signer.key);
  return Buffer.concat([payload, der]).toString('base64');
};
const check = (text: string): unknown => checkCertificate(context, proposal, text, intent);

describe('a certificate of the partner', () => {
  test('is taken when it is for this session, this intent and now', () => {
    expect(check(certificate())).toMatchObject({ keys: { index: 2 } });
    expect(check(certificate({ notAfter: NOW - 59_999 }))).toBeDefined();
    expect(check(certificate({ notAfter: NOW + 15 * 60_000 }))).toBeDefined();
  });

  test.each([
    ['for another operation', certificate({ operation: 'refresh' })],
    ['for another session', certificate({ sessionKey: 'ce'.repeat(16) })],
    ['of our own role', certificate({ partIndex: 1 })],
    ['of a role that is none', certificate({ partIndex: 3 })],
    ['under our own key', certificate({}, p1, p1)],
    ['under a key that is not pinned', certificate({}, stranger, stranger)],
    ['signed for another key', certificate({}, p2, stranger)],
    ['that has expired', certificate({ notAfter: NOW - 60_000 })],
    ['that lives too long', certificate({ notAfter: NOW + 15 * 60_000 + 1 })],
    ['cut off', certificate().slice(0, 200)],
    ['that is none', 'AAAA'],
    ['with an X25519 key of small order', certificate({ x25519: new Uint8Array(32) })],
    [
      'with an X25519 key that is not canonical',
      certificate({ x25519: new Uint8Array(32).fill(255) }),
    ],
    [
      'with an Ed25519 key that is the identity',
      certificate({ ed25519: new Uint8Array(32).with(0, 1) }),
    ],
  ])('R-1, L-11, X-4: %s is refused', (_, text) => {
    expect(() => check(text)).toThrow(expect.objectContaining({ code: 'invalid_certificate' }));
  });

  test('X-10: whose date does not fit is refused with both times', () => {
    const shown = [NOW + 3_600_000, NOW].map((at) => new Date(at).toISOString());
    expect(() => check(certificate({ notAfter: NOW + 3_600_000 }))).toThrow(
      `it is valid until ${shown[0]}, the clock here shows ${shown[1]}; is one of the clocks wrong?`,
    );
  });

  test('R-10: for another intent is refused under its own code', () => {
    expect(() => check(certificate({ intentHash: randomBytes(32) }))).toThrow(
      expect.objectContaining({ code: 'intent_mismatch' }),
    );
  });
});

describe('the intent', () => {
  const { share } = key;
  const generated: Proposal = { ...proposal, type: 'keygen', keySessionId: null, message: null };
  const bits = (paillier_bits: number): SessionContext => ({
    ...context,
    config: { ...context.config, paillier_bits } as SessionContext['config'],
  });

  test('R-10: is the same at both sides', () => {
    const other = { ...context, index: 2, own: p2.identity } as const;
    const theirs = intentOf(other, { ...proposal, partner: p1.identity }, keyBetween(2, parties));
    expect(theirs).toEqual(intent);
  });

  test.each([
    ['text', intentOf(context, { ...proposal, message: signable('pay 6', 'eip191') }, key)],
    ['hash', intentOf(context, { ...proposal, message: signable('pay 5', 'sha256') }, key)],
    ['session', intentOf(context, { ...proposal, id: 'ce'.repeat(16) }, key)],
    ['partner', intentOf(context, { ...proposal, partner: stranger.identity }, key)],
    ['key', intentOf(context, proposal, { ...key, key_id: '04'.repeat(32) })],
    ['epoch', intentOf(context, proposal, { ...key, share: { ...share, epoch: 1 } })],
    ['address', intentOf(context, proposal, { ...key, address: `0x${'12'.repeat(20)}` })],
  ])('R-10: names the %s', (_, other) => {
    expect(other).not.toEqual(intent);
  });

  test('R-10: of a key generation names the size of the moduli', () => {
    expect(intentOf(bits(2048), generated, undefined)).not.toEqual(
      intentOf(bits(3072), generated, undefined),
    );
  });
});
