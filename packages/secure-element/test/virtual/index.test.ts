import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  type ApduTransport,
  createVirtualChip,
  openVirtualChip,
  openVirtualSecureElement,
  SecureElementError,
} from '../../src/index.ts';
import { makePipe } from '../../../../test/support/pipe.ts';
import { ChipMachine } from '../../src/card/machine.ts';
import { VirtualCard } from '../../src/virtual/chip.ts';
import { SCRYPT_COST as PRODUCTION_COST, SealedFile } from '../../src/virtual/sealedFile.ts';
import { encodeState } from '../../src/virtual/state.ts';
import { Bench, type ChipUnderTest, ok, PIN, SELECT, transmit } from '../support/host.ts';
import {
  makeChipFile,
  makeVirtualChip,
  PASSPHRASE,
  SCRYPT_COST,
} from '../support/virtualHarness.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

/** A path for a chip that is removed after the test. */
function newFile(): string {
  const { file, remove } = makeChipFile();
  cleanUp.push(remove);
  return file;
}

async function newChip(file: string): Promise<void> {
  await (
    await createVirtualChip({ file, passphrase: PASSPHRASE, scryptCost: SCRYPT_COST })
  ).close();
}

async function bench(): Promise<{ bench: Bench; file: string }> {
  const chip = await makeVirtualChip();
  cleanUp.push(() => chip.dispose());
  return { bench: await Bench.ready(async () => chip), file: chip.file };
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof SecureElementError ? error.code : String(error)),
  );

const open = (file: string, passphrase = PASSPHRASE): Promise<ApduTransport> =>
  openVirtualChip({ file, passphrase });

test('1.9.13 the file is for its owner only and holds neither secret nor PIN in clear', async () => {
  const { bench: ready, file } = await bench();
  const record = await ready.store();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  const content = readFileSync(file);
  for (const plain of [record.secret, record.recordId, record.address, ready.chipKey, PIN]) {
    expect(content.includes(plain)).toBe(false);
  }
  expect(readdirSync(dirname(file)).toSorted()).toEqual(['chip', 'chip.lock']);
});

test('E-1: a file of yesterday opens, and tells on itself by release count and state counter', async () => {
  const { bench: ready, file } = await bench();
  const record = await ready.store();
  await ok(ready.read(await ready.access(record)));
  const yesterday = `${file}.yesterday`;
  copyFileSync(file, yesterday);
  await ok(ready.read(await ready.access(record)));
  const known = await ready.info();
  copyFileSync(yesterday, file);
  await ready.chip.reset();
  await ok(transmit(ready.chip, SELECT));
  expect((await ready.info()).counter).toBeLessThan(known.counter);
  await ok(ready.send(0x20, PIN));
  const { data } = await ok(ready.read(await ready.access(record)));
  expect(data.readUInt32BE(32)).toBe(2);
});

test('E-2: parts of two chip files do not make a third, and a whole other file is another chip', async () => {
  const [a, b] = [newFile(), newFile()];
  await newChip(a);
  await newChip(b);
  const [first, second] = [readFileSync(a), readFileSync(b)];
  writeFileSync(a, Buffer.concat([first.subarray(0, 25), second.subarray(25)]));
  expect(await code(open(a))).toBe('file-unreadable');
  writeFileSync(a, second);
  const [x, y] = [await open(a), await open(b)];
  cleanUp.push(
    () => x.close(),
    () => y.close(),
  );
  const cplc = Uint8Array.of(0x80, 0xca, 0x9f, 0x7f);
  expect(await x.transmit(cplc)).toEqual(await y.transmit(cplc));
});

test('E-2: a wrong passphrase and a changed, shortened or lengthened file are refused', async () => {
  const file = newFile();
  await newChip(file);
  expect(await code(open(file, Buffer.from('wrong')))).toBe('file-unreadable');
  expect(await code(open(file, Buffer.alloc(0)))).toBe('input');
  const content = readFileSync(file);
  for (const at of [0, 7, 9, 24, 25, 36, 37, 1000, content.length - 1]) {
    const changed = Buffer.from(content);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    expect(await code(open(file)), `byte ${at}`).toBe('file-unreadable');
  }
  for (const changed of [content.subarray(0, -1), content.subarray(0, 40), Buffer.alloc(0)]) {
    writeFileSync(file, changed);
    expect(await code(open(file))).toBe('file-unreadable');
  }
  for (const more of [Buffer.of(1), Buffer.alloc(5000), Buffer.alloc(100_000)]) {
    writeFileSync(file, Buffer.concat([content, more]));
    const opened = open(file).then((chip) => chip.close());
    // Without a state in it, the room for a second one is as good as none.
    expect(await code(opened)).toBe(more.length === 5000 ? 'no error' : 'file-unreadable');
  }
  writeFileSync(file, content);
  await (await open(file)).close();
});

test('E-3: every write of the file uses a new nonce', async () => {
  const file = newFile();
  await newChip(file);
  const { file: sealed, state } = await SealedFile.open(file, PASSPHRASE);
  const nonces = new Set<string>();
  for (let count = 0; count < 500; count++) {
    sealed.write(state);
    nonces.add(readFileSync(file).subarray(25, 37).toString('hex'));
  }
  expect(nonces.size).toBe(500);
  sealed.close();
});

test('the cost of the passphrase in production is 2^17, and is written in the file', async () => {
  expect(PRODUCTION_COST).toBe(2 ** 17);
  const file = newFile();
  await (await createVirtualChip({ file, passphrase: PASSPHRASE })).close();
  expect(readFileSync(file)[8]).toBe(17);
  await (await open(file)).close();
});

test('a new chip does not take the place of another, and a missing one is missing', async () => {
  const file = newFile();
  expect(await code(open(file))).toBe('file-missing');
  await newChip(file);
  const before = readFileSync(file);
  expect(await code(newChip(file))).toBe('file-exists');
  expect(readFileSync(file)).toEqual(before);
  expect(existsSync(`${file}.lock`)).toBe(false);
});

test('a pipe, a device and a file that is far too large are no chips, and nothing waits for them', async () => {
  const large = newFile();
  writeFileSync(large, '');
  truncateSync(large, 17 * 1024 * 1024);
  for (const file of [makePipe(), '/dev/zero', large]) {
    expect(await code(SealedFile.open(file, PASSPHRASE))).toBe('file-unreadable');
  }
  expect(await code(SealedFile.open(dirname(large), PASSPHRASE))).toBe('file-missing');
});

test('Z-1: a file from before chips had a PUK opens, keeps its record, says that it has none, and is written on', async () => {
  const file = newFile();
  const old = readFileSync(new URL('../vectors/virtualChip-v1.base64', import.meta.url), 'latin1');
  writeFileSync(file, Buffer.from(old, 'base64'));
  for (const used of [1, 2]) {
    const element = await openVirtualSecureElement({ file, passphrase: PASSPHRASE });
    const told = { used, pukTriesLeft: null, pinTriesLeft: 3, personalised: true };
    expect(await element.info()).toMatchObject(told);
    await element.verifyPin(PIN);
    const id = { recordId: Buffer.alloc(32, used), address: Buffer.alloc(20, 2) };
    const again = element.store({ ...id, secret: Buffer.alloc(32, 3) });
    expect(await code(again)).toBe('record-exists');
    if (used === 1) {
      await element.store({ ...id, recordId: Buffer.alloc(32, 2), secret: Buffer.alloc(32, 4) });
    }
    await element.close();
  }
});

test('a chip that is on is not opened again, by this process or by another', async () => {
  const file = newFile();
  await newChip(file);
  const chip = await open(file);
  expect(await code(open(file))).toBe('locked');
  await chip.close();
  const program = `
    import { openVirtualChip } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    await openVirtualChip({ file: process.argv[1], passphrase: Buffer.from('${PASSPHRASE.toString()}') });
    console.log('on');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, file]);
  cleanUp.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  expect(await code(open(file))).toBe('locked');
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await (await open(file)).close();
});

test('a lock whose process id now belongs to another process is taken over', async () => {
  const file = newFile();
  await newChip(file);
  for (const owner of [`${process.pid} 1@other-boot\n`, '999999999 1@x\n', 'garbage', '']) {
    writeFileSync(`${file}.lock`, owner);
    await (await open(file)).close();
  }
  expect(readdirSync(dirname(file))).toEqual(['chip']);
});

test('a chip whose memory cannot be written answers 6581, changes nothing and stays silent until its power returns', async () => {
  const file = newFile();
  await newChip(file);
  const { file: sealed, state } = await SealedFile.open(file, PASSPHRASE);
  const card = new VirtualCard(state, () => {
    throw new Error('disk full');
  });
  const machine = new ChipMachine(card);
  const send = (apdu: Uint8Array): string => Buffer.from(machine.process(apdu)).toString('hex');
  const chip: ChipUnderTest = {
    transport: { transmit: async (apdu) => machine.process(apdu), close: async () => undefined },
    reset: async () => undefined,
    resetAndCutPowerAfterWrite: async () => undefined,
    dispose: async () => undefined,
  };
  await expect(Bench.ready(async () => chip)).rejects.toThrow('6581');
  expect(send(SELECT)).toBe('6581');
  expect(send(Uint8Array.of(0x80, 0xca, 0x9f, 0x7f))).toBe('6581');
  expect(state.personalisation).toBeNull();
  sealed.close();
});

test('Z-4: a chip whose file could not be written goes on with the next command, by what the file holds', async () => {
  const { bench: ready, file } = await bench();
  const record = await ready.store();
  mkdirSync(`${file}.new`);
  const stored = [randomBytes(32), randomBytes(20), randomBytes(32)] as const;
  expect((await ready.send(0x10, ...stored)).sw).toBe('6581');
  // A reset, and the applet is selected; the PIN is asked for.
  expect((await ready.send(0x10, ...stored)).sw).toBe('6982');
  expect((await ready.send(0x20, PIN)).sw).toBe('6581');
  rmdirSync(`${file}.new`);
  await ok(ready.send(0x20, PIN));
  expect(await ready.info()).toMatchObject({ used: 1, tries: 3 });
  await ok(ready.send(0x10, ...stored));
  const { data } = await ok(ready.read(await ready.access(record)));
  expect(data.subarray(0, 32)).toEqual(record.secret);
});

test('Z-4: a chip whose file became another one since does not go on', async () => {
  const { bench: ready, file } = await bench();
  mkdirSync(`${file}.new`);
  expect((await ready.send(0x20, PIN)).sw).toBe('6581');
  rmdirSync(`${file}.new`);
  const other = newFile();
  await newChip(other);
  copyFileSync(other, file);
  expect(await code(ready.send(0x02))).toBe('file-unreadable');
});

test('counts that are at their end stop the command with 6F00, and nothing is written', async () => {
  const { bench: ready, file } = await bench();
  await ready.chip.transport.close();
  const { file: sealed, state } = await SealedFile.open(file, PASSPHRASE);
  const machine = new ChipMachine(
    new VirtualCard({ ...state, counter: 0xfffffffe }, (next) => sealed.write(next)),
  );
  const send = (apdu: Uint8Array): string => Buffer.from(machine.process(apdu)).toString('hex');
  expect(send(SELECT)).toBe('9000');
  const verify = Buffer.from(`8020000006${PIN.toString('hex')}`, 'hex');
  expect(send(verify)).toBe('6f00'); // the try is written, and to give it back is one write too many
  expect(send(verify)).toBe('6f00');
  const info = send(Uint8Array.of(0x80, 0x02, 0, 0));
  expect(info.slice(8, 10)).toBe('02');
  expect(info.slice(-12)).toBe('ffffffff9000');
  sealed.close();
});

test('power off leaves no secret in memory', async () => {
  const { bench: ready, file } = await bench();
  const record = await ready.store();
  await ready.chip.transport.close();
  const { file: sealed, state } = await SealedFile.open(file, PASSPHRASE);
  expect(Buffer.from(encodeState(state)).includes(record.secret)).toBe(true);
  new ChipMachine(new VirtualCard(state, () => undefined)).powerOff();
  expect(Buffer.from(encodeState(state)).includes(record.secret)).toBe(false);
  expect(state.personalisation?.privateKey.every((byte) => byte === 0)).toBe(true);
  sealed.close();
});

test('the virtual chip says that it is a program', async () => {
  const file = newFile();
  await newChip(file);
  const element = await openVirtualSecureElement({ file, passphrase: PASSPHRASE });
  cleanUp.push(() => element.close());
  expect(element.kind).toBe('virtual');
  const info = await element.info();
  expect(info.software).toBe(true);
  expect(info.text).toContain('without hardware protection');
});

test('the serial number of a virtual chip is random, or the one that it was given', async () => {
  const cplcOf = async (serial?: Uint8Array): Promise<string> => {
    const transport = await createVirtualChip({
      file: newFile(),
      passphrase: PASSPHRASE,
      scryptCost: SCRYPT_COST,
      ...(serial === undefined ? {} : { serial }),
    });
    const answer = await transport.transmit(Uint8Array.of(0x80, 0xca, 0x9f, 0x7f));
    await transport.close();
    return Buffer.from(answer).toString('hex');
  };
  expect(await cplcOf()).not.toBe(await cplcOf());
  const serial = Buffer.from('a1a2a3a4b1b2b3b4', 'hex');
  expect(await cplcOf(serial)).toBe(
    `9f7f2a${'00'.repeat(12)}a1a2a3a4${'00'.repeat(22)}b1b2b3b49000`,
  );
  expect(await code(cplcOf(Buffer.alloc(7)))).toBe('input');
});

test('a chip without power does not answer', async () => {
  const file = newFile();
  await newChip(file);
  const transport = await open(file);
  await transport.close();
  await transport.close();
  expect(await code(transport.transmit(SELECT))).toBe('closed');
});
