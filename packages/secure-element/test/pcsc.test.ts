import { randomBytes } from 'node:crypto';
import { sessionHash } from '@quorate/intent';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  listReaders,
  openSecureElement,
  type SecureElement,
  type SecureElementError,
} from '../src/index.ts';
import { PcscCard } from '../src/pcsc/card.ts';
import { nameOf } from '../src/pcsc/find.ts';
import { loadPcsc } from '../src/pcsc/native.ts';
import { answering, Personalised, tampered } from './support/cardBodies.ts';
import { PIN } from './support/host.ts';
import { makeCardChip } from './support/pcscHarness.ts';
import {
  ATR_T0,
  type CardBody,
  missingPcscd,
  type Pcscd,
  READERS,
  startPcscd,
  VpcdCard,
} from './support/vpcd.ts';

const SELECT = 0xa4;
const READ = 0x12;
const CHALLENGE = 0x84;
const [FIRST, SECOND] = READERS;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const keyOf = ({ publicKey }: Personalised): string => Buffer.from(publicKey).toString('hex');

describe.skipIf(missingPcscd() !== null)('chips in readers', () => {
  let pcscd: Pcscd;
  let alice: Personalised;
  let bob: Personalised;
  const undo: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    pcscd = await startPcscd();
    alice = await Personalised.make();
    bob = await Personalised.make();
  });
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
  afterAll(async () => {
    await pcscd.stop();
    alice.chip.remove();
    bob.chip.remove();
  });

  async function inserted(slot: 0 | 1, body: CardBody): Promise<VpcdCard> {
    const card = new VpcdCard(pcscd, slot, body);
    await card.insert();
    undo.push(() => card.remove());
    return card;
  }

  async function opened(
    who: { reader?: string; public_key?: string } = {},
    onWaiting: (what: string) => void = () => undefined,
  ): Promise<SecureElement> {
    const element = await openSecureElement({ kind: 'pcsc', ...who }, { onWaiting });
    undo.push(() => element.close());
    return element;
  }

  const refused = (who: { reader?: string; public_key?: string }): Promise<SecureElementError> =>
    opened(who).then(
      () => expect.fail('it opened'),
      (error) => error,
    );

  /** An open chip with PIN and a session. */
  async function ready(
    who: Personalised,
    onWaiting?: (what: string) => void,
  ): Promise<{ element: SecureElement; hash: Uint8Array; payload: Uint8Array }> {
    const element = await opened({ public_key: keyOf(who) }, onWaiting);
    await element.verifyPin(PIN);
    const payload = randomBytes(171);
    await element.signSession(payload);
    return { element, payload, hash: sessionHash(who.publicKey, payload) };
  }

  test('a chip is found by its reader, by a part of the name, by its key, and alone', async () => {
    await inserted(0, alice.chip);
    for (const who of [
      { reader: FIRST },
      { reader: 'test 00 00' },
      { public_key: keyOf(alice) },
      {},
    ]) {
      const element = await openSecureElement({ kind: 'pcsc', ...who });
      expect(await element.publicKey()).toEqual(alice.publicKey);
      expect(element.kind).toBe('pcsc');
      await element.close();
    }
    await inserted(1, bob.chip);
    const element = await opened({ public_key: keyOf(bob) });
    expect(await element.publicKey()).toEqual(bob.publicKey);
    expect(await listReaders()).toMatchObject([
      { reader: FIRST, state: 'chip', version: '1.0', publicKey: alice.publicKey },
      { reader: SECOND, state: 'in-use' },
    ]);
  });

  test('of several chips none is taken by chance', async () => {
    await inserted(0, alice.chip);
    await inserted(1, bob.chip);
    const error = await refused({});
    expect(error).toMatchObject({ code: 'input' });
    for (const name of [FIRST, SECOND, nameOf(alice.publicKey), nameOf(bob.publicKey)]) {
      expect(error.message).toContain(name);
    }
  });

  test('a reader that is not there, an empty one and one in use are told apart', async () => {
    const missing = await refused({ reader: 'Acme' });
    expect(missing).toMatchObject({ code: 'reader-not-found' });
    expect(missing.message).toContain('"Acme"');
    expect(missing.message).toContain(FIRST);
    expect(await refused({ reader: FIRST })).toMatchObject({
      code: 'card-absent',
      message: expect.stringContaining(FIRST),
    });
    await inserted(0, alice.chip);
    await opened({ reader: FIRST });
    expect(await refused({ reader: FIRST })).toMatchObject({
      code: 'locked',
      message: `another program uses the card in ${FIRST}`,
    });
  });

  test('E-9: another chip in the reader is refused, both are named', async () => {
    await inserted(0, bob.chip);
    const error = await refused({ reader: FIRST, public_key: keyOf(alice) });
    expect(error.code).toBe('wrong-chip');
    expect(error.message).toContain(nameOf(alice.publicKey));
    expect(error.message).toContain(nameOf(bob.publicKey));
  });

  test('a card without the applet, with another version, and with nonsense is refused as what it is', async () => {
    const chip = await makeCardChip();
    const cases: [CardBody, string, RegExp][] = [
      [answering(() => hex('6a82')), 'applet-missing', /no applet of Quorate \(6a82\)/],
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
      const card = new VpcdCard(pcscd, 0, body);
      await card.insert();
      const error = await refused({ reader: FIRST });
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
      await card.remove();
    }
    chip.remove();
  });

  test('answers that are nonsense are typed errors, and the chip goes on', async () => {
    const bad = ['9000', 'ff', '0102039000', '6f'];
    await inserted(
      0,
      tampered(alice.chip, (apdu) => (apdu[1] === CHALLENGE ? hex(bad.shift() ?? '') : undefined)),
    );
    const element = await opened();
    for (const _ of [0, 1]) {
      await expect(element.challenge()).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid-response|card-removed|reader-failure)$/),
      });
    }
    expect(await element.publicKey()).toEqual(alice.publicKey);
  });

  test('GET CPLC is asked of the card before SELECT, and of the applet where the card has no answer', async () => {
    const cplc = randomBytes(42);
    let selected = false;
    const card = await inserted(
      0,
      tampered(alice.chip, (apdu) => {
        if (apdu[1] === SELECT) selected = true;
        if (apdu[1] !== 0xca) return undefined;
        return selected ? hex('6d00') : Buffer.concat([hex('9f7f2a'), cplc, hex('9000')]);
      }),
    );
    const element = await opened();
    expect(Buffer.from(await element.cplc())).toEqual(cplc);
    await element.close();
    await card.remove();
    let applet = false;
    await inserted(
      0,
      tampered(alice.chip, (apdu) => {
        if (apdu[1] === SELECT) applet = true;
        return apdu[1] === 0xca && !applet ? hex('6e00') : undefined;
      }),
    );
    expect(await (await opened()).cplc()).toHaveLength(42);
  });

  test('T=0: answers are fetched with GET RESPONSE, and asked again with the length that 6C names', async () => {
    const seen: string[] = [];
    let rest: Uint8Array = new Uint8Array();
    const inside = await alice.chip.power();
    undo.push(() => inside.close());
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
    await inserted(0, { atr: ATR_T0, power });
    const element = await opened();
    expect(await element.publicKey()).toEqual(alice.publicKey);
    await element.verifyPin(PIN);
    const der = await element.signSession(randomBytes(171));
    expect(der[0]).toBe(0x30);
    expect(seen).toContain('8004000041');
    expect(seen.filter((apdu) => apdu.startsWith('00c00000')).length).toBeGreaterThan(2);
    expect(seen.find((apdu) => apdu.startsWith('8008'))).toHaveLength(2 * (5 + 171));
  });

  test('E-10: a chip that is taken out between commands is asked for by name, waited for, and needs PIN and session again', async () => {
    const card = await inserted(0, alice.chip);
    const told: string[] = [];
    let asked: () => void = () => undefined;
    const prompt = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { element, hash, payload } = await ready(alice, (what) => {
      told.push(what);
      asked();
    });
    const access = await alice.access(element, hash);
    await card.remove();
    const reading = element.read(access).catch((error: SecureElementError) => error);
    await prompt;
    expect(told[0]).toContain(nameOf(alice.publicKey));
    expect(told[0]).toContain(FIRST);
    await card.insert();
    expect(await reading).toMatchObject({ code: 'pin-required' });
    await element.verifyPin(PIN);
    await expect(element.read(access)).rejects.toMatchObject({ code: 'challenge-unknown' });
    await element.signSession(payload);
    const { secret } = await element.read(await alice.access(element, hash));
    expect(Buffer.from(secret)).toEqual(alice.record.secret);
  });

  test('E-9: another chip that is put in instead is named, and gets neither PIN nor command', async () => {
    const card = await inserted(0, alice.chip);
    const told: string[] = [];
    let tell: () => void = () => undefined;
    const other = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const { element } = await ready(alice, (what) => {
      told.push(what);
      if (what.includes(nameOf(bob.publicKey))) tell();
    });
    await card.remove();
    const verifying = element.verifyPin(PIN);
    const wrong = new VpcdCard(pcscd, 0, bob.chip);
    const commands: number[] = [];
    wrong.onCommand = (apdu) => commands.push(apdu[1] ?? 0);
    await wrong.insert();
    await other;
    expect(told.at(-1)).toMatch(/put the chip .* back/);
    await wrong.remove();
    await card.insert();
    await verifying;
    expect(new Set(commands)).toEqual(new Set([0xca, SELECT, 0x02, 0x04]));
  });

  test('a chip that is taken out during READ is not asked twice; a command without consequence is repeated', async () => {
    const card = await inserted(0, alice.chip);
    const { element, hash, payload } = await ready(alice);
    const access = await alice.access(element, hash);
    const commands: number[] = [];
    card.onCommand = (apdu) => {
      commands.push(apdu[1] ?? 0);
      if (apdu[1] === READ) card.pull();
    };
    await expect(element.read(access)).rejects.toMatchObject({
      code: 'card-removed',
      message: expect.stringContaining('not known'),
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
    const { secret } = await element.read(await alice.access(element, hash));
    expect(Buffer.from(secret)).toEqual(alice.record.secret);
  });

  test('the service may be restarted: the chip is waited for like one that was taken out', async () => {
    const card = await inserted(0, alice.chip);
    let asked: () => void = () => undefined;
    const prompt = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { element } = await ready(alice, () => asked());
    await pcscd.kill();
    const challenge = element.challenge();
    await prompt;
    expect(await refused({})).toMatchObject({
      code: 'no-service',
      message: expect.stringContaining('pcscd'),
    });
    await pcscd.restart();
    await card.insert();
    expect(await challenge).toHaveLength(16);
  });

  test('closing ends the waiting for a chip', async () => {
    const card = await inserted(0, alice.chip);
    let asked: () => void = () => undefined;
    const prompt = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const element = await openSecureElement({ kind: 'pcsc' }, { onWaiting: () => asked() });
    await card.remove();
    const challenge = element.challenge().catch((error: SecureElementError) => error);
    await prompt;
    await element.close();
    expect(await challenge).toMatchObject({ code: 'card-removed' });
    await card.insert();
  });

  test('a chip that was closed has lost its power: PIN and selection are forgotten', async () => {
    await inserted(0, alice.chip);
    const { element } = await ready(alice);
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
    await inserted(
      0,
      tampered(alice.chip, (apdu) => (apdu[1] === CHALLENGE ? slow : undefined)),
    );
    const element = await opened();
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
