// A release: challenge, the server's authorisation over it, READ. The chip has its PIN and the session already.
// The figures separate the chip from the disk with its file and from the reader in front of it.
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import fs, { mkdtempSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorisationMessage, sessionHash } from '@quorate/intent';
import {
  ApduSecureElement,
  createVirtualChip,
  openSecureElement,
  openVirtualChip,
} from '@quorate/secure-element';
import { describeMachine, machineText } from './machine.mjs';
import { median, round, warmUp } from './measure.mjs';
import { insertCard, startReader } from './vpcd.mjs';

const PIN = Buffer.from('314159');
const PASSPHRASE = Buffer.from('a passphrase');

/**
 * Milliseconds of one release: of the processor in the chip, which does not depend on who else is on this machine; of the
 * clock in flushes; and of the clock inside the chip altogether.
 */
const spent = { cpu: 0, disk: 0, inside: 0 };

for (const name of ['fsyncSync', 'fdatasyncSync']) {
  const flush = fs[name];
  fs[name] = (descriptor) => {
    const began = performance.now();
    flush(descriptor);
    spent.disk += performance.now() - began;
  };
}
const { fdatasync } = fs;
fs.fdatasync = (descriptor, done) => {
  const began = performance.now();
  fdatasync(descriptor, (error) => {
    spent.disk += performance.now() - began;
    done(error);
  });
};
syncBuiltinESMExports();

/** A way to a chip that counts the time in it; nothing else runs in this process meanwhile. */
function timed(transport) {
  return {
    transmit: async (apdu) => {
      const began = performance.now();
      const before = process.cpuUsage();
      const answer = await transport.transmit(apdu);
      const { user, system } = process.cpuUsage(before);
      spent.cpu += (user + system) / 1000;
      spent.inside += performance.now() - began;
      return answer;
    },
    close: () => transport.close(),
  };
}

async function* lines({ quick }) {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  try {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    const options = { file: join(directory, 'chip'), passphrase: PASSPHRASE, scryptCost: 1024 };
    const made = new ApduSecureElement(timed(await createVirtualChip(options)));
    await made.personalise(spki.subarray(-65), PIN);
    await made.verifyPin(PIN);
    const record = { recordId: randomBytes(32), address: randomBytes(20) };
    await made.store({ ...record, secret: randomBytes(32) });
    yield await releases('chip/release/virtual', made, { record, privateKey, quick });
    await made.close();
    const reader = await startReader(mkdtempSync(join(tmpdir(), 'quorate-bench-')));
    if (reader === null) {
      process.stderr.write('skipped: chip/release/pcsc (pcscd and vsmartcard-vpcd)\n');
      return;
    }
    try {
      const remove = await insertCard(reader.port, async () =>
        timed(await openVirtualChip(options)),
      );
      const inReader = await opened();
      await inReader.verifyPin(PIN);
      yield await releases('chip/release/pcsc', inReader, { record, privateKey, quick });
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

async function releases(name, element, { record, privateKey, quick }) {
  const runs = quick ? 5 : 25;
  const chipPublicKey = await element.publicKey();
  const payload = randomBytes(171);
  await element.signSession(payload);
  const session = sessionHash(chipPublicKey, payload);
  const release = async () => {
    const digest = randomBytes(32);
    Object.assign(spent, { cpu: 0, disk: 0, inside: 0 });
    const began = performance.now();
    const challenge = await element.challenge();
    const access = { ...record, sessionHash: session, digest, challenge };
    const message = authorisationMessage({ operation: 'read', chipPublicKey, ...access });
    const { secret } = await element.read({
      ...access,
      signature: sign('sha256', message, privateKey),
    });
    const whole = performance.now() - began;
    secret.fill(0);
    const { cpu, disk, inside } = spent;
    return { whole, cpu, disk, way: whole - inside };
  };
  const warm = await warmUp(async () => void (await release()), quick ? { windows: 1 } : {});
  const parts = [];
  while (parts.length < runs) parts.push(await release());
  const of = (name) => parts.map((part) => part[name]);
  return {
    name,
    median_ms: round(median(of('whole'))),
    min_ms: round(Math.min(...of('whole'))),
    max_ms: round(Math.max(...of('whole'))),
    chip_cpu_ms: round(median(of('cpu'))),
    disk_ms: round(median(of('disk'))),
    way_ms: round(median(of('way'))),
    runs,
    warm_runs: warm.runs,
    stable: warm.stable,
    bytes: 0,
  };
}

function textOf({ name, median_ms, chip_cpu_ms, disk_ms, way_ms, runs }) {
  const told = `CPU of the chip ${chip_cpu_ms} ms, flush ${disk_ms} ms, reader and host ${way_ms} ms`;
  return `${name.padEnd(22)} median ${median_ms} ms: ${told}  (${runs} runs)`;
}

const json = process.argv.includes('--json');
process.stdout.write(`${json ? JSON.stringify(describeMachine()) : machineText()}\n`);
for await (const line of lines({ quick: process.argv.includes('--quick') })) {
  process.stdout.write(`${json ? JSON.stringify(line) : textOf(line)}\n`);
}
