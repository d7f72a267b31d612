/** A host that has signed more sessions than its chip remembers. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { authorisationMessage, encodeCertificatePayload, sessionHash } from '@quorate/intent';
import { ApduSecureElement, createVirtualChip, SecureElementError } from '@quorate/secure-element';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { makeAuthority } from '../../../secure-element/test/support/host.ts';
import { Chip } from '../../src/chip/chip.ts';
import { isBeforeCount } from '../../src/chip/refusals.ts';

const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

const payloadOf = (sessionKey: string): Uint8Array =>
  encodeCertificatePayload({
    operation: 'sign',
    sessionKey,
    partIndex: 1,
    nonce: bytes(32),
    x25519: bytes(32),
    ed25519: bytes(32),
    intentHash: bytes(32),
    notAfter: 0,
  });

/** A chip with a record, whose SIGN SESSION can be made to fail. */
async function chipWithRecord() {
  const authority = makeAuthority();
  const element = new ApduSecureElement(
    await createVirtualChip({
      file: join(temporaryDirectory(), 'chip.sealed'),
      passphrase: Buffer.from('a passphrase'),
      scryptCost: 1024,
    }),
  );
  await element.personalise(new Uint8Array(authority.publicKey), Buffer.from('135790'));
  const chip = await Chip.open(element, async () => new Uint8Array(Buffer.from('135790')));
  onTestFinished(() => chip.close());
  const record = { recordId: bytes(32), address: bytes(20) };
  await chip.store(record.recordId, record.address, bytes(32));
  const authorised = async (operation: 'read' | 'delete', payload: Uint8Array) => {
    const hash = sessionHash(chip.publicKey, payload);
    const request = { ...record, sessionHash: hash, challenge: await chip.challenge() };
    const digest = bytes(32);
    const { publicKey: chipPublicKey } = chip;
    const message = authorisationMessage({ operation, chipPublicKey, ...request, digest });
    return { ...request, digest, reasonHash: digest, signature: authority.sign(message) };
  };
  return { element, chip, record, authorised };
}

/** Has the chip sign more sessions than it remembers. */
async function signOthers(chip: Chip): Promise<void> {
  for (let at = 0; at < 32; at += 1) await chip.signSession(payloadOf(`other-${at}`));
}

test('E-12: a READ, a DELETE and the proof of it show the chip a session again that later ones have pushed out', async () => {
  const { chip, record, authorised } = await chipWithRecord();
  const payload = payloadOf('own');
  await chip.signSession(payload);
  await signOthers(chip);
  const unaided = await authorised('read', payload);
  await expect(chip.read(unaided)).rejects.toMatchObject({ code: 'session-unknown' });
  expect((await chip.read(await authorised('read', payload), payload)).releaseCount).toBe(1);
  await signOthers(chip);
  const hash = sessionHash(chip.publicKey, payload);
  expect(await chip.isGone({ ...record, sessionHash: hash }, payload)).toBe(false);
  await signOthers(chip);
  await chip.delete(await authorised('delete', payload), payload);
  await signOthers(chip);
  expect(await chip.isGone({ ...record, sessionHash: hash }, payload)).toBe(true);
});

test('E-1: a READ whose session could not be shown again was not sent, and counts as no attempt', async () => {
  const { element, chip, authorised } = await chipWithRecord();
  const payload = payloadOf('own');
  const request = await authorised('read', payload);
  element.signSession = async () => {
    throw new SecureElementError('chip-failure', 'the chip does not sign');
  };
  const error: unknown = await chip.read(request, payload).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'chip-failure', unsent: true });
  expect(isBeforeCount(error)).toBe(true);
});

test('a session that the chip still knows is not shown to it again', async () => {
  const { element, chip, authorised } = await chipWithRecord();
  const payload = payloadOf('own');
  await chip.signSession(payload);
  const request = await authorised('read', payload);
  element.signSession = async () => {
    throw new TypeError('unreachable: signed again');
  };
  expect((await chip.read(request, payload)).releaseCount).toBe(1);
});

test('E-12: a chip that was reset is shown the session again', async () => {
  const { element, chip, record, authorised } = await chipWithRecord();
  const payload = payloadOf('own');
  await chip.signSession(payload);
  await chip.delete(await authorised('delete', payload), payload);
  const [sign, read] = [element.signSession.bind(element), element.read.bind(element)];
  const shown: Uint8Array[] = [];
  element.signSession = (session) => {
    shown.push(session);
    return sign(session);
  };
  let wasReset = false;
  element.read = async (request) => {
    if (wasReset) return read(request);
    wasReset = true;
    throw new SecureElementError('pin-required', 'the chip was reset');
  };
  const sessionOf = sessionHash(chip.publicKey, payload);
  expect(await chip.isGone({ ...record, sessionHash: sessionOf }, payload)).toBe(true);
  expect(shown).toEqual([payload]);
});
