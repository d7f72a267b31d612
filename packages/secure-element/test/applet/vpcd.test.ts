import { registrationMessage, sessionHash, verifyP256 } from '@quorate/intent';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listReaders, openSecureElement } from '../../src/index.ts';
import { insertItself, isAppletBuilt } from '../support/appletCard.ts';
import { authorisation, makeAuthority, PIN } from '../support/host.ts';
import { missingPcscd, type Pcscd, READERS, startPcscd } from '../support/vpcd.ts';

const canRun = (isAppletBuilt() || process.env.CI === 'true') && missingPcscd() === null;

describe.runIf(canRun)('the applet in a reader of vpcd, by itself', () => {
  let pcscd: Pcscd;
  let card: { remove: () => Promise<void> };
  beforeAll(async () => {
    pcscd = await startPcscd();
    card = insertItself(pcscd.ports[0]);
    await untilChip(READERS[0]);
  });
  afterAll(async () => {
    await card.remove();
    await pcscd.stop();
  });

  test('contract 1.6 the driver takes a card through its life over PC/SC: personalised, registered, stored, released, deleted', async () => {
    const chip = await openSecureElement({ kind: 'pcsc', reader: READERS[0] });
    const authority = makeAuthority();
    await chip.personalise(Uint8Array.from(authority.publicKey), Uint8Array.from(PIN));
    await chip.verifyPin(Uint8Array.from(PIN));
    const [chipPublicKey, cplc, nonce] = [await chip.publicKey(), await chip.cplc(), bytes(32)];
    const proof = await chip.register(nonce);
    const message = registrationMessage({ chipPublicKey, cplc, nonce });
    expect(verifyP256(chipPublicKey, message, proof)).toBe(true);

    const record = { recordId: bytes(32), address: bytes(20), secret: bytes(32) };
    expect(await chip.store(record)).toEqual({ slot: 0, used: 1 });
    const payload = bytes(171);
    await chip.signSession(payload);
    const authorised = async (operation: number, digest: Uint8Array) => {
      const access = {
        recordId: record.recordId,
        address: record.address,
        sessionHash: sessionHash(chipPublicKey, payload),
        challenge: await chip.challenge(),
      };
      const parts = Object.entries({ ...access, digest });
      const buffers = Object.fromEntries(parts.map(([name, part]) => [name, Buffer.from(part)]));
      const wanted = authorisation(operation, chipPublicKey, Object(buffers));
      return { ...access, signature: Uint8Array.from(authority.sign(wanted)) };
    };
    const digest = bytes(32);
    const released = await chip.read({ ...(await authorised(0x12, digest)), digest });
    expect(released).toEqual({ secret: record.secret, releaseCount: 1 });
    const erase = await authorised(0x14, digest);
    expect(await chip.delete({ ...erase, reasonHash: digest })).toEqual({ used: 0 });
    const again = await authorised(0x12, digest);
    await expect(chip.read({ ...again, digest })).rejects.toMatchObject({
      code: 'record-not-found',
    });
    await chip.close();
  });
});

function bytes(length: number): Uint8Array {
  return Uint8Array.from(randomBytes(length));
}

/** The service needs a moment to see a card that puts itself in. */
async function untilChip(reader: string): Promise<void> {
  for (;;) {
    const listing = (await listReaders()).find((entry) => entry.reader === reader);
    if (listing?.state === 'chip') return;
  }
}
