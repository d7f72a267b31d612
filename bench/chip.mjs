// A release: challenge, the server's authorisation over it, READ. The chip has its PIN and the session already.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorisationMessage, sessionHash } from '@quorate/intent';
import {
  ApduSecureElement,
  createVirtualChip,
  openSecureElement,
  openVirtualChip,
} from '@quorate/secure-element';
import { insertCard, startReader } from './vpcd.mjs';

const PIN = Buffer.from('314159');
const PASSPHRASE = Buffer.from('a passphrase');

async function* lines({ quick }) {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  try {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    const coordinates = [jwk.x, jwk.y].map((part) => Buffer.from(part, 'base64url'));
    const options = { file: join(directory, 'chip'), passphrase: PASSPHRASE, scryptCost: 1024 };
    const made = new ApduSecureElement(await createVirtualChip(options));
    await made.personalise(Buffer.concat([Buffer.of(4), ...coordinates]), PIN);
    await made.verifyPin(PIN);
    const record = { recordId: randomBytes(32), address: randomBytes(20) };
    await made.store({ ...record, secret: randomBytes(32) });
    const runs = quick ? 5 : 25;
    yield await releases('chip/release/virtual', made, { record, privateKey, runs });
    await made.close();
    const reader = await startReader(mkdtempSync(join(tmpdir(), 'quorate-bench-')));
    if (reader === null) {
      process.stderr.write('skipped: chip/release/pcsc (pcscd and vsmartcard-vpcd)\n');
      return;
    }
    try {
      const remove = await insertCard(reader.port, () => openVirtualChip(options));
      const inReader = await opened();
      await inReader.verifyPin(PIN);
      yield await releases('chip/release/pcsc', inReader, { record, privateKey, runs });
      await inReader.close();
      await remove();
    } finally {
      await reader.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The service takes a moment to listen, and half a second to notice a card. */
async function opened() {
  for (;;) {
    try {
      return await openSecureElement({ kind: 'pcsc' });
    } catch (error) {
      if (error.code !== 'card-absent' && error.code !== 'no-service') throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function releases(name, element, { record, privateKey, runs }) {
  const chipPublicKey = await element.publicKey();
  const payload = randomBytes(171);
  await element.signSession(payload);
  const session = sessionHash(chipPublicKey, payload);
  const times = [];
  for (let run = -2; run < runs; run += 1) {
    const digest = randomBytes(32);
    const began = performance.now();
    const challenge = await element.challenge();
    const access = { ...record, sessionHash: session, digest, challenge };
    const message = authorisationMessage({ operation: 'read', chipPublicKey, ...access });
    const { secret } = await element.read({
      ...access,
      signature: sign('sha256', message, privateKey),
    });
    if (run >= 0) times.push(performance.now() - began);
    secret.fill(0);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const round = (value) => Math.round(value * 100) / 100;
  return {
    name,
    median_ms: round(sorted[Math.floor(sorted.length / 2)]),
    min_ms: round(sorted[0]),
    max_ms: round(sorted.at(-1)),
    runs,
    bytes: 0,
  };
}

const json = process.argv.includes('--json');
for await (const line of lines({ quick: process.argv.includes('--quick') })) {
  const text = json
    ? JSON.stringify(line)
    : `${line.name.padEnd(22)} median ${line.median_ms} ms  min ${line.min_ms}  max ${line.max_ms}  (${line.runs} runs)`;
  process.stdout.write(`${text}\n`);
}
