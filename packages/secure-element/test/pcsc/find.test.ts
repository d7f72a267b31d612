import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { listReaders, openSecureElement } from '../../src/index.ts';
import { nameOf } from '../../src/pcsc/find.ts';
import { answering, tampered } from '../support/cardBodies.ts';
import { PIN } from '../support/host.ts';
import { keyOf, PcscBench } from '../support/pcscBench.ts';
import { makeCardChip } from '../support/pcscHarness.ts';
import { ATR_T0, type CardBody, missingPcscd, READERS, VpcdCard } from '../support/vpcd.ts';

const SELECT = 0xa4;
const CHALLENGE = 0x84;
const [FIRST, SECOND] = READERS;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe.skipIf(missingPcscd() !== null)('chips in readers', () => {
  const bench = PcscBench.forTests();

  test('a chip is found by its reader, by a part of the name, by its key, and alone', async () => {
    await bench.inserted(0, bench.alice.chip);
    for (const who of [
      { reader: FIRST },
      { reader: 'test 00 00' },
      { public_key: keyOf(bench.alice) },
      {},
    ]) {
      const element = await openSecureElement({ kind: 'pcsc', ...who });
      expect(await element.publicKey()).toEqual(bench.alice.publicKey);
      expect(element.kind).toBe('pcsc');
      await element.close();
    }
    await bench.inserted(1, bench.bob.chip);
    const element = await bench.opened({ public_key: keyOf(bench.bob) });
    expect(await element.publicKey()).toEqual(bench.bob.publicKey);
    expect(await listReaders()).toMatchObject([
      { reader: FIRST, state: 'chip', version: '1.1', publicKey: bench.alice.publicKey },
      { reader: SECOND, state: 'in-use' },
    ]);
  });

  test('of several chips none is taken by chance', async () => {
    await bench.inserted(0, bench.alice.chip);
    await bench.inserted(1, bench.bob.chip);
    const error = await bench.refused({});
    expect(error).toMatchObject({ code: 'input' });
    for (const name of [
      FIRST,
      SECOND,
      nameOf(bench.alice.publicKey),
      nameOf(bench.bob.publicKey),
    ]) {
      expect(error.message).toContain(name);
    }
  });

  test('a reader that is not there, an empty one and one in use are told apart', async () => {
    const missing = await bench.refused({ reader: 'Acme' });
    expect(missing).toMatchObject({ code: 'reader-not-found' });
    expect(missing.message).toContain('"Acme"');
    expect(missing.message).toContain(FIRST);
    expect(await bench.refused({ reader: FIRST })).toMatchObject({
      code: 'card-absent',
      message: expect.stringContaining(FIRST),
    });
    await bench.inserted(0, bench.alice.chip);
    await bench.opened({ reader: FIRST });
    expect(await bench.refused({ reader: FIRST })).toMatchObject({
      code: 'locked',
      message: `another program uses the card in ${FIRST}`,
    });
  });

  test('E-9: another chip in the reader is refused, both are named', async () => {
    await bench.inserted(0, bench.bob.chip);
    const error = await bench.refused({ reader: FIRST, public_key: keyOf(bench.alice) });
    expect(error.code).toBe('wrong-chip');
    expect(error.message).toContain(nameOf(bench.alice.publicKey));
    expect(error.message).toContain(nameOf(bench.bob.publicKey));
  });

  test('a card without the applet, with another version, and with nonsense is refused as what it is', async () => {
    const chip = await makeCardChip();
    const cases: [CardBody, string, RegExp][] = [
      [answering(() => hex('6a82')), 'applet-missing', /does not have the Quorate applet \(6a82\)/],
      [
        tampered(chip, (apdu) =>
          apdu[1] === 2 ? Buffer.concat([hex('0200'), Buffer.alloc(40), hex('9000')]) : undefined,
        ),
        'unsupported-version',
        /version 2\.0; expected 1\.x/,
      ],
      [answering(() => hex('90')), 'reader-failure', /status word|not reached/],
      [
        tampered(chip, (apdu) => (apdu[1] === 4 ? hex('04ffff9000') : undefined)),
        'reader-failure',
        /does not give a public key/,
      ],
    ];
    for (const [body, code, message] of cases) {
      const card = new VpcdCard(bench.pcscd, 0, body);
      await card.insert();
      const error = await bench.refused({ reader: FIRST });
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
      await card.remove();
    }
    chip.remove();
  });

  test('answers that are nonsense are typed errors, and the chip goes on', async () => {
    const bad = ['9000', 'ff', '0102039000', '6f'];
    await bench.inserted(
      0,
      tampered(bench.alice.chip, (apdu) =>
        apdu[1] === CHALLENGE ? hex(bad.shift() ?? '') : undefined,
      ),
    );
    const element = await bench.opened();
    for (const _ of [0, 1]) {
      await expect(element.challenge()).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid-response|card-removed|reader-failure)$/),
      });
    }
    expect(await element.publicKey()).toEqual(bench.alice.publicKey);
  });

  test('GET CPLC is asked of the card before SELECT, and of the applet where the card has no answer', async () => {
    const cplc = randomBytes(42);
    let selected = false;
    const card = await bench.inserted(
      0,
      tampered(bench.alice.chip, (apdu) => {
        if (apdu[1] === SELECT) selected = true;
        if (apdu[1] !== 0xca) return undefined;
        return selected ? hex('6d00') : Buffer.concat([hex('9f7f2a'), cplc, hex('9000')]);
      }),
    );
    const element = await bench.opened();
    expect(Buffer.from(await element.cplc())).toEqual(cplc);
    await element.close();
    await card.remove();
    let applet = false;
    await bench.inserted(
      0,
      tampered(bench.alice.chip, (apdu) => {
        if (apdu[1] === SELECT) applet = true;
        return apdu[1] === 0xca && !applet ? hex('6e00') : undefined;
      }),
    );
    expect(await (await bench.opened()).cplc()).toHaveLength(42);
  });

  test('T=0: answers are fetched with GET RESPONSE, and asked again with the length that 6C names', async () => {
    const seen: string[] = [];
    let rest: Uint8Array = new Uint8Array();
    const inside = await bench.alice.chip.power();
    bench.undo(() => inside.close());
    const transmit = async (apdu: Uint8Array): Promise<Uint8Array> => {
      seen.push(Buffer.from(apdu).toString('hex'));
      if (apdu[1] === 0xc0) {
        const part = rest.subarray(0, 20);
        rest = rest.subarray(20);
        if (rest.length === 0) return Buffer.concat([part, hex('9000')]);
        return Buffer.concat([part, Uint8Array.of(0x61, Math.min(20, rest.length))]);
      }
      const answer = await inside.transmit(apdu);
      const length = answer.length - 2;
      if (apdu.length === 5 && length > 0 && apdu[4] !== length) {
        return Uint8Array.of(0x6c, length);
      }
      if (apdu.length === 5 || length === 0) return answer;
      rest = answer.slice(0, -2);
      return Uint8Array.of(0x61, Math.min(20, length));
    };
    const power = async () => ({ transmit, close: async () => undefined });
    await bench.inserted(0, { atr: ATR_T0, power });
    const element = await bench.opened();
    expect(await element.publicKey()).toEqual(bench.alice.publicKey);
    await element.verifyPin(PIN);
    const der = await element.signSession(randomBytes(171));
    expect(der[0]).toBe(0x30);
    expect(seen).toContain('8004000041');
    expect(seen.filter((apdu) => apdu.startsWith('00c00000')).length).toBeGreaterThan(2);
    expect(seen.find((apdu) => apdu.startsWith('8008'))).toHaveLength(2 * (5 + 171));
  });
});
