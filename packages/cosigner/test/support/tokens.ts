/** Cosigners whose chip is a PKCS#11 token. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, fromHex, parsePayload, recoverAddress } from '@quorate/intent';
import { openSecureElement } from '@quorate/secure-element';
import { expect, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { MODULE } from '../../../secure-element/test/support/softhsm.ts';
import { initCosigner } from '../../src/index.ts';
import { startPair } from './pair.ts';
import { removeStores, stockPrimes, writeConfig } from './stores.ts';

/** The user PIN of every token. */
export const PIN = '48151623';

/** The settings of a cosigner with that token. */
export const identityOf = (token: string) => ({
  chip: { kind: 'pkcs11', module: MODULE, token, pin_file: 'token-pin' },
});

/** A directory with the token's PIN in its file. */
export function makeDirectory(pin = PIN): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'token-pin'), `${pin}\n`, { mode: 0o600 });
  onTestFinished(() => removeStores(directory));
  return directory;
}

/** Has P1 with a token and P2 make a key, sign after a restart and, for a second epoch, refresh and sign again. */
export async function expectSigned(
  directory: string,
  identity: ReturnType<typeof identityOf>,
  epochs: readonly number[],
): Promise<void> {
  const made = await initCosigner(writeConfig(directory, 'enterprise', { identity }));
  expect(made.software).toBe(true);
  await initCosigner(writeConfig(directory, 'mobile-app'), { scryptCost: 1024 });
  await stockPrimes(directory);
  const settings = { p1: { identity } };
  const first = await startPair(directory, settings);
  const { session_id: key, address, status } = await first.p1.keygen();
  expect(status).toBe('completed');
  await first.stop();
  await stockPrimes(directory, 2048, 'fresh');
  const second = await startPair(directory, settings);
  onTestFinished(() => second.stop());
  const digest = digestOf(parsePayload({ kind: 'eip191', message: 'pay 5' }));
  for (const epoch of epochs) {
    if (epoch > 1) expect(await second.p1.refresh(key)).toMatchObject({ status: 'completed' });
    const { signature } = await second.p2.sign(key, 'pay 5');
    expect(recoverAddress(digest, fromHex(signature ?? ''))).toBe(address);
  }
  await second.stop();
  const { chip } = identity;
  const token = await openSecureElement({ kind: 'pkcs11', module: MODULE, token: chip.token });
  await token.verifyPin(Buffer.from(PIN));
  // The store's key and the one share: that of an epoch before is gone.
  expect((await token.info()).used).toBe(2);
  await token.close();
}
