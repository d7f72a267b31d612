import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openSecureElement, type SecureElementError } from '../../src/index.ts';
import { PcscCard } from '../../src/pcsc/card.ts';
import { nameOf } from '../../src/pcsc/find.ts';
import { loadPcsc } from '../../src/pcsc/native.ts';
import { tampered } from '../support/cardBodies.ts';
import { PIN } from '../support/host.ts';
import { PcscBench, Prompt } from '../support/pcscBench.ts';
import { missingPcscd, READERS, VpcdCard } from '../support/vpcd.ts';

const SELECT = 0xa4;
const STORE = 0x10;
const READ = 0x12;
const CHALLENGE = 0x84;
const [FIRST] = READERS;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe.skipIf(missingPcscd() !== null)('chips that come and go', () => {
  const bench = PcscBench.forTests();

  test('E-10: a chip that is taken out between commands is asked for by name, waited for, and needs PIN and session again', async () => {
    const card = await bench.inserted(0, bench.alice.chip);
    const prompt = new Prompt();
    const asked = prompt.saying('put the chip');
    const { element, hash, payload } = await bench.ready(bench.alice, prompt.onWaiting);
    const access = await bench.alice.access(element, hash);
    await card.remove();
    const reading = element.read(access).catch((error: SecureElementError) => error);
    await asked;
    expect(prompt.told[0]).toContain(nameOf(bench.alice.publicKey));
    expect(prompt.told[0]).toContain(FIRST);
    await card.insert();
    expect(await reading).toMatchObject({ code: 'pin-required' });
    await element.verifyPin(PIN);
    await expect(element.read(access)).rejects.toMatchObject({ code: 'challenge-unknown' });
    await element.signSession(payload);
    const { secret } = await element.read(await bench.alice.access(element, hash));
    expect(Buffer.from(secret)).toEqual(bench.alice.record.secret);
  });

  test('E-9: another chip that is put in instead is named, and gets neither PIN nor command', async () => {
    const card = await bench.inserted(0, bench.alice.chip);
    const prompt = new Prompt();
    const other = prompt.saying(nameOf(bench.bob.publicKey));
    const { element } = await bench.ready(bench.alice, prompt.onWaiting);
    await card.remove();
    const verifying = element.verifyPin(PIN);
    const wrong = new VpcdCard(bench.pcscd, 0, bench.bob.chip);
    const commands: number[] = [];
    wrong.onCommand = (apdu) => commands.push(apdu[1] ?? 0);
    await wrong.insert();
    await other;
    expect(prompt.told.at(-1)).toMatch(/put the chip .* back/);
    await wrong.remove();
    await card.insert();
    await verifying;
    expect(new Set(commands)).toEqual(new Set([0xca, SELECT, 0x02, 0x04]));
  });

  test('Z-4: a card whose write failed is reset before its next command, which asks for the PIN', async () => {
    let failures = 1;
    const silent = Uint8Array.of(0x65, 0x81);
    let isBroken = false;
    const { chip } = bench.alice;
    const body = tampered(chip, (apdu) => {
      if (apdu[1] === STORE && failures > 0) {
        failures -= 1;
        isBroken = true;
      }
      return isBroken ? silent : undefined;
    });
    const power = async (): ReturnType<typeof chip.power> => {
      isBroken = false;
      return body.power();
    };
    await bench.inserted(0, { power });
    const { element } = await bench.ready(bench.alice);
    const record = { recordId: randomBytes(32), address: randomBytes(20), secret: randomBytes(32) };
    await expect(element.store(record)).rejects.toMatchObject({ code: 'memory-failure' });
    await expect(element.store(record)).rejects.toMatchObject({ code: 'pin-required' });
    await element.verifyPin(PIN);
    expect((await element.store(record)).used).toBeGreaterThan(1);
  });

  test('a chip that is taken out during READ is not asked twice; a command without consequence is repeated', async () => {
    const card = await bench.inserted(0, bench.alice.chip);
    const { element, hash, payload } = await bench.ready(bench.alice);
    const access = await bench.alice.access(element, hash);
    const commands: number[] = [];
    card.onCommand = (apdu) => {
      commands.push(apdu[1] ?? 0);
      if (apdu[1] === READ) card.pull();
    };
    await expect(element.read(access)).rejects.toMatchObject({
      code: 'card-removed',
      message: expect.stringContaining('may have executed'),
    });
    card.onCommand = () => undefined;
    await card.remove();
    await card.insert();
    expect(commands).toEqual([READ]);
    let pulled = false;
    const back: Promise<void>[] = [];
    card.onCommand = (apdu) => {
      if (apdu[1] !== CHALLENGE || pulled) return;
      pulled = true;
      card.pull();
      back.push(card.remove().then(() => card.insert()));
    };
    expect(await element.challenge()).toHaveLength(16);
    expect(pulled).toBe(true);
    await Promise.all(back);
    await element.verifyPin(PIN);
    await element.signSession(payload);
    const { secret } = await element.read(await bench.alice.access(element, hash));
    expect(Buffer.from(secret)).toEqual(bench.alice.record.secret);
  });

  test('the service may be restarted: the chip is waited for like one that was taken out', async () => {
    const card = await bench.inserted(0, bench.alice.chip);
    const prompt = new Prompt();
    const asked = prompt.saying('put the chip');
    const { element } = await bench.ready(bench.alice, prompt.onWaiting);
    await bench.pcscd.kill();
    const challenge = element.challenge();
    await asked;
    expect(await bench.refused({})).toMatchObject({
      code: 'no-service',
      message: expect.stringContaining('pcscd'),
    });
    await bench.pcscd.restart();
    await card.insert();
    expect(await challenge).toHaveLength(16);
  });

  test('closing ends the waiting for a chip', async () => {
    const card = await bench.inserted(0, bench.alice.chip);
    const prompt = new Prompt();
    const asked = prompt.saying('put the chip');
    const element = await openSecureElement({ kind: 'pcsc' }, { onWaiting: prompt.onWaiting });
    await card.remove();
    const challenge = element.challenge().catch((error: SecureElementError) => error);
    await asked;
    await element.close();
    expect(await challenge).toMatchObject({ code: 'card-removed' });
    await card.insert();
  });

  test('a chip that was closed has lost its power: PIN and selection are forgotten', async () => {
    await bench.inserted(0, bench.alice.chip);
    const { element } = await bench.ready(bench.alice);
    await element.close();
    const card = await PcscCard.connect(await loadPcsc(), FIRST);
    expect(Buffer.from(await card.transmit(hex('8084000010'))).toString('hex')).toBe('6d00');
    await card.close();
  });

  test('a chip that takes its time does not hold up this process', async () => {
    let answer: () => void = () => undefined;
    const slow = new Promise<Uint8Array>((resolve) => {
      answer = () => resolve(Buffer.concat([randomBytes(16), hex('9000')]));
    });
    await bench.inserted(
      0,
      tampered(bench.alice.chip, (apdu) => (apdu[1] === CHALLENGE ? slow : undefined)),
    );
    const element = await bench.opened();
    const challenge = element.challenge();
    let turns = 0;
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        turns += 1;
        if (turns === 1000) resolve();
        else setImmediate(turn);
      };
      turn();
    });
    answer();
    expect(await challenge).toHaveLength(16);
  });
});
