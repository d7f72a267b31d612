import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { failure } from './support/failure.ts';
import { type ApduTransport, ApduSecureElement } from '../src/index.ts';
import { authorisation, makeAuthority, PIN, PUK, unblockMessage } from './support/host.ts';
import { makeVirtualChip } from './support/virtualHarness.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

/** GET INFO of a personalised chip with so many tries of its PIN and its PUK. */
const info = (pin: number, puk: number | null = null): string => {
  const flags = puk === null ? 1 : 3 | (puk << 2);
  return `01016400${Buffer.of(pin, flags).toString('hex')}${'00'.repeat(36)}9000`;
};

/** A transport that answers from a list and remembers what it was given; it tells three tries when it is asked. */
function scripted(...answers: string[]): { transport: ApduTransport; sent: Uint8Array[] } {
  return telling(info(3, 10), ...answers);
}

/** A {@link scripted} transport with an answer of its own to GET INFO. */
function telling(
  told: string,
  ...answers: string[]
): { transport: ApduTransport; sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  const transport = {
    transmit: async (apdu: Uint8Array) => {
      if (apdu[1] === 0x02) return Uint8Array.from(Buffer.from(told, 'hex'));
      sent.push(apdu);
      return Uint8Array.from(
        Buffer.from(sent.length === 1 ? '9000' : (answers.shift() ?? '6f00'), 'hex'),
      );
    },
    close: async () => undefined,
  };
  return { transport, sent };
}

const element = (...answers: string[]): ApduSecureElement =>
  new ApduSecureElement(scripted(...answers).transport, { kind: 'pcsc' });

const unblocking = {
  challenge: randomBytes(16),
  puk: PUK,
  newPin: PIN,
  signature: randomBytes(70),
};

const access = {
  recordId: randomBytes(32),
  address: randomBytes(20),
  sessionHash: randomBytes(32),
  challenge: randomBytes(16),
  signature: randomBytes(70),
};

describe('the driver on a virtual chip', () => {
  test('a chip is personalised, registered, and gives a stored secret to an authorised session', async () => {
    const chip = await makeVirtualChip();
    cleanUp.push(() => chip.dispose());
    const se = new ApduSecureElement(chip.transport);
    const authority = makeAuthority();
    await se.personalise(authority.publicKey, PIN);
    const fingerprint = createHash('sha256').update(authority.publicKey).digest('hex');
    expect(await se.info()).toMatchObject({ version: '1.1', capacity: 100, personalised: true });
    const { authorisationKeyFingerprint } = await se.info();
    expect(Buffer.from(authorisationKeyFingerprint ?? []).toString('hex')).toBe(fingerprint);
    expect(await se.cplc()).toHaveLength(42);
    await se.verifyPin(PIN);
    expect((await se.register(randomBytes(32)))[0]).toBe(0x30);

    const chipKey = await se.publicKey();
    const record = { recordId: randomBytes(32), address: randomBytes(20), secret: randomBytes(32) };
    expect(await se.store(record)).toEqual({ slot: 0, used: 1 });
    const payload = randomBytes(171);
    await se.signSession(payload);
    const label = Buffer.from('quorate-se/v1/session');
    const hash = createHash('sha256').update(label).update(chipKey).update(payload).digest();
    const request = async (op: number) => {
      const challenge = Buffer.from(await se.challenge());
      const digest = randomBytes(32);
      const fields = { ...record, sessionHash: hash, digest, challenge };
      const signature = authority.sign(authorisation(op, chipKey, fields));
      return { ...fields, signature, reasonHash: digest };
    };
    expect(await se.read(await request(0x12))).toEqual({
      secret: Uint8Array.from(record.secret),
      releaseCount: 1,
    });
    expect(await se.delete(await request(0x14))).toEqual({ used: 0 });
    expect(await failure(se.read(await request(0x12)))).toMatchObject({ code: 'record-not-found' });
    await se.changePin(PIN, Buffer.from('9999'));
    expect(await failure(se.verifyPin(PIN))).toMatchObject({ code: 'pin-wrong', triesLeft: 2 });
    await se.verifyPin(Buffer.from('9999'));

    const next = makeAuthority();
    const challenge = await se.challenge();
    const rotate = Buffer.concat([
      Buffer.from('quorate-se/v1/rotate'),
      chipKey,
      next.publicKey,
      challenge,
    ]);
    await se.rotate({
      newAuthorisationKey: next.publicKey,
      challenge,
      signature: authority.sign(rotate),
    });
    await se.close();
  });

  test('Z-1: a blocked PIN is set anew with the PUK and an authorisation', async () => {
    const chip = await makeVirtualChip();
    cleanUp.push(() => chip.dispose());
    const se = new ApduSecureElement(chip.transport);
    const authority = makeAuthority();
    await se.personalise(authority.publicKey, PIN, { puk: PUK });
    expect(await se.info()).toMatchObject({ pinTriesLeft: 3, pukTriesLeft: 10 });
    const wrong = Buffer.from('000000');
    for (const left of [2, 1, 0]) {
      const end = await failure(se.verifyPin(wrong, { lastTry: true }));
      expect(end).toMatchObject({ code: 'pin-wrong', triesLeft: left });
    }
    expect(await failure(se.verifyPin(PIN))).toMatchObject({ code: 'pin-blocked', triesLeft: 0 });
    const chipKey = await se.publicKey();
    const newPin = Buffer.from('9999');
    const attempt = async (puk: Uint8Array): Promise<void> => {
      const challenge = Buffer.from(await se.challenge());
      const signature = authority.sign(unblockMessage(chipKey, challenge));
      await se.unblock({ challenge, signature, puk, newPin });
    };
    const end = await failure(attempt(Buffer.from('12345678')));
    expect(end).toMatchObject({ code: 'puk-wrong', triesLeft: 9 });
    await attempt(PUK);
    expect(await se.info()).toMatchObject({ pinTriesLeft: 3, pukTriesLeft: 10 });
    await se.verifyPin(newPin);
    await se.close();
  });

  test('Z-1: a chip that is personalised without a PUK says that it has none', async () => {
    const chip = await makeVirtualChip();
    cleanUp.push(() => chip.dispose());
    const se = new ApduSecureElement(chip.transport);
    await se.personalise(makeAuthority().publicKey, PIN);
    expect((await se.info()).pukTriesLeft).toBeNull();
    expect(await failure(se.unblock(unblocking))).toMatchObject({ code: 'no-puk' });
    await se.close();
  });

  test('calls that overlap go out one after another and each gets its own answer', async () => {
    const chip = await makeVirtualChip();
    cleanUp.push(() => chip.dispose());
    let open = 0;
    const se = new ApduSecureElement({
      transmit: async (apdu) => {
        open += 1;
        expect(open).toBe(1);
        await Promise.resolve();
        const answer = await chip.transport.transmit(apdu);
        open -= 1;
        return answer;
      },
      close: () => chip.transport.close(),
    });
    const [cplc, info, a, b, refused] = await Promise.all([
      se.cplc(),
      se.info(),
      se.challenge(),
      se.challenge(),
      failure(se.publicKey()),
    ]);
    expect([cplc.length, info.used, a.length, b.length]).toEqual([42, 0, 16, 16]);
    expect(refused.code).toBe('not-personalised');
    expect(a).not.toEqual(b);
  });
});

test('E-12: a chip remembers as many challenges as its driver says', async () => {
  const chip = await makeVirtualChip();
  cleanUp.push(() => chip.dispose());
  const se = new ApduSecureElement(chip.transport);
  await se.personalise(makeAuthority().publicKey, PIN);
  await se.verifyPin(PIN);
  const challenges: Uint8Array[] = [];
  for (let at = 0; at <= se.remembers; at += 1) challenges.push(await se.challenge());
  const signature = Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1);
  const codes = [];
  for (const challenge of challenges.slice(0, 2)) {
    const request = { ...access, challenge, signature, digest: randomBytes(32) };
    codes.push(await failure(se.read(request)));
  }
  expect(codes).toMatchObject([{ code: 'challenge-unknown' }, { code: 'session-unknown' }]);
});

describe('the driver and a hostile transport', () => {
  test('status words become codes, with the tries that are left', async () => {
    const cases: [string, (se: ApduSecureElement) => Promise<unknown>, object][] = [
      ['63c1', (se) => se.verifyPin(PIN), { code: 'pin-wrong', triesLeft: 1, statusWord: 0x63c1 }],
      ['6983', (se) => se.verifyPin(PIN), { code: 'pin-blocked', triesLeft: 0 }],
      ['6982', (se) => se.register(randomBytes(32)), { code: 'pin-required' }],
      ['6985', (se) => se.publicKey(), { code: 'not-personalised' }],
      ['6985', (se) => se.personalise(randomBytes(65), PIN), { code: 'already-personalised' }],
      [
        '6985',
        (se) => se.read({ ...access, digest: randomBytes(32) }),
        { code: 'session-unknown' },
      ],
      [
        '6984',
        (se) => se.read({ ...access, digest: randomBytes(32) }),
        { code: 'challenge-unknown' },
      ],
      [
        '6300',
        (se) => se.delete({ ...access, reasonHash: randomBytes(32) }),
        { code: 'authorisation-refused' },
      ],
      [
        '6a88',
        (se) => se.delete({ ...access, reasonHash: randomBytes(32) }),
        { code: 'record-not-found' },
      ],
      ['6a89', (se) => se.store({ ...access, secret: randomBytes(32) }), { code: 'record-exists' }],
      ['6a84', (se) => se.store({ ...access, secret: randomBytes(32) }), { code: 'full' }],
      ['6a80', (se) => se.personalise(randomBytes(65), PIN), { code: 'invalid-data' }],
      ['6581', (se) => se.verifyPin(PIN), { code: 'memory-failure' }],
      ['63ce', (se) => se.verifyPin(PIN), { code: 'pin-wrong', triesLeft: undefined }],
      ['63cf', (se) => se.verifyPin(PIN), { code: 'pin-wrong', triesLeft: undefined }],
      ['6a81', (se) => se.verifyPin(PIN), { code: 'contact-only' }],
      ['63c9', (se) => se.unblock(unblocking), { code: 'puk-wrong', triesLeft: 9 }],
      ['63c0', (se) => se.unblock(unblocking), { code: 'puk-wrong', triesLeft: 0 }],
      ['6983', (se) => se.unblock(unblocking), { code: 'puk-blocked', triesLeft: 0 }],
      ['6985', (se) => se.unblock(unblocking), { code: 'pin-not-blocked' }],
      ['6984', (se) => se.unblock(unblocking), { code: 'challenge-unknown' }],
      ['6300', (se) => se.unblock(unblocking), { code: 'authorisation-refused' }],
      ['6d00', (se) => se.unblock(unblocking), { code: 'no-puk' }],
      ['6d00', (se) => se.challenge(), { code: 'not-supported' }],
      ['1234', (se) => se.challenge(), { code: 'chip-failure' }],
    ];
    for (const [sw, call, expected] of cases) {
      expect(await failure(call(element(sw))), sw).toMatchObject(expected);
    }
  });

  test('Z-1: the last try of a PIN or PUK is not sent unless a person wants it', async () => {
    const cases: [string, (se: ApduSecureElement, lastTry?: boolean) => Promise<unknown>][] = [
      [info(1, 10), (se, lastTry) => se.verifyPin(PIN, { lastTry })],
      [info(1), (se, lastTry) => se.personalise(randomBytes(65), PIN, { lastTry })],
      [info(1, 10), (se, lastTry) => se.changePin(PIN, Buffer.from('9999'), { lastTry })],
      [info(0, 1), (se, lastTry) => se.unblock(unblocking, { lastTry })],
    ];
    for (const [told, call] of cases) {
      for (const lastTry of [undefined, false]) {
        const { transport, sent } = telling(told, '9000');
        const end = await failure(call(new ApduSecureElement(transport), lastTry));
        expect(end).toMatchObject({ code: 'last-try', triesLeft: 1, unsent: true });
        expect(sent).toHaveLength(1); // SELECT
      }
      const { transport, sent } = telling(told, '9000');
      await call(new ApduSecureElement(transport), true);
      expect(sent).toHaveLength(2);
    }
  });

  test('Z-1: with more tries than one, and where a token does not tell, the PIN is sent', async () => {
    for (const tries of [0, 2, 3, 0xfe, 0xff]) {
      const { transport, sent } = telling(info(tries), '9000');
      await new ApduSecureElement(transport).verifyPin(PIN);
      expect(sent).toHaveLength(2);
    }
  });

  test('Z-1: no command comes between the look at the tries and the PIN', async () => {
    let left = 2;
    const se = new ApduSecureElement({
      transmit: async (apdu) => {
        await Promise.resolve();
        if (apdu[1] === 0x02) return Uint8Array.from(Buffer.from(info(left), 'hex'));
        if (apdu[1] !== 0x20) return Uint8Array.of(0x90, 0);
        left -= 1;
        return Uint8Array.of(0x63, 0xc0 | left);
      },
      close: async () => undefined,
    });
    const ends = await Promise.all([failure(se.verifyPin(PIN)), failure(se.verifyPin(PIN))]);
    expect(ends.map(({ code }) => code)).toEqual(['pin-wrong', 'last-try']);
    expect(left).toBe(1);
  });

  test('Z-5: tries are told as far as the chip tells them', async () => {
    for (const [byte, pinTriesLeft] of [
      [3, 3],
      [0, 0],
      [0xfe, 'fewer'],
      [0xff, null],
    ] as const) {
      const { transport } = telling(info(byte));
      expect(await new ApduSecureElement(transport).info()).toMatchObject({ pinTriesLeft });
    }
    const older = info(3).replace(/^0101/, '0100');
    const { transport } = telling(older);
    const shown = await new ApduSecureElement(transport).info();
    expect(shown).toMatchObject({ version: '1.0', pinTriesLeft: 3, pukTriesLeft: null });
  });

  test('answers of another length or form are refused, not used', async () => {
    const calls: [string, (se: ApduSecureElement) => Promise<unknown>][] = [
      ['90', (se) => se.challenge()],
      ['', (se) => se.challenge()],
      [`${'00'.repeat(15)}9000`, (se) => se.challenge()],
      [`${'00'.repeat(65)}9000`, (se) => se.publicKey()],
      [`9f7f2b${'00'.repeat(42)}9000`, (se) => se.cplc()],
      ['300602010102010100' + '9000', (se) => se.register(randomBytes(32))],
      ['9000', (se) => se.signSession(randomBytes(171))],
      [`${'00'.repeat(35)}9000`, (se) => se.read({ ...access, digest: randomBytes(32) })],
      ['009000', (se) => se.verifyPin(PIN)],
      ['009000', (se) => se.unblock(unblocking)],
    ];
    for (const [answer, call] of calls) {
      expect(await failure(call(element(answer))), answer).toMatchObject({
        code: 'invalid-response',
      });
    }
  });

  test('inputs of another length are refused before anything is sent', async () => {
    const { transport, sent } = scripted();
    const se = new ApduSecureElement(transport);
    const short = randomBytes(31);
    const calls = [
      se.verifyPin(Buffer.from('123')),
      se.verifyPin(Buffer.alloc(17)),
      se.changePin(PIN, Buffer.alloc(3)),
      se.personalise(randomBytes(64), PIN),
      se.personalise(randomBytes(65), PIN, { puk: Buffer.alloc(7) }),
      se.personalise(randomBytes(65), PIN, { puk: Buffer.alloc(17) }),
      se.unblock({ ...unblocking, challenge: short }),
      se.unblock({ ...unblocking, puk: Buffer.alloc(7) }),
      se.unblock({ ...unblocking, puk: Buffer.alloc(17) }),
      se.unblock({ ...unblocking, newPin: Buffer.alloc(3) }),
      se.unblock({ ...unblocking, signature: randomBytes(73) }),
      se.register(short),
      se.signSession(randomBytes(170)),
      se.store({ recordId: short, address: randomBytes(20), secret: randomBytes(32) }),
      se.store({ recordId: randomBytes(32), address: short, secret: randomBytes(32) }),
      se.store({ recordId: randomBytes(32), address: randomBytes(20), secret: short }),
      se.read({ ...access, digest: short }),
      se.read({ ...access, digest: randomBytes(32), signature: randomBytes(73) }),
      se.delete({ ...access, reasonHash: short }),
      se.rotate({ newAuthorisationKey: short, challenge: short, signature: short }),
      se.rotate({
        newAuthorisationKey: randomBytes(65),
        challenge: randomBytes(16),
        signature: randomBytes(7),
      }),
    ];
    for (const call of calls) {
      const error = await failure(call);
      expect(error).toMatchObject({ code: 'input', unsent: true });
    }
    expect(sent).toHaveLength(0);
  });

  test('1.9.13 PIN and secret are wiped from the buffers that were sent, also after a refusal', async () => {
    const { transport, sent } = scripted('9000', '9000', '6a84');
    const se = new ApduSecureElement(transport);
    await se.verifyPin(PIN);
    await se.unblock(unblocking);
    await failure(se.store({ ...access, secret: randomBytes(32) }));
    for (const apdu of sent.slice(1)) expect(apdu.every((byte) => byte === 0)).toBe(true);
    expect(PIN.toString()).toBe('314159');
  });

  test('1.9.13 no error of the driver says a PIN or a secret', async () => {
    const secret = randomBytes(32);
    const texts: string[] = [];
    for (const call of [
      (se: ApduSecureElement) => se.verifyPin(PIN),
      (se: ApduSecureElement) => se.store({ ...access, secret }),
    ]) {
      await call(element('63c1')).catch((error: unknown) =>
        texts.push(
          error instanceof Error ? `${error.message} ${error.stack} ${JSON.stringify(error)}` : '',
        ),
      );
    }
    expect(texts).toHaveLength(2);
    for (const text of texts) {
      expect(text).not.toContain(PIN.toString());
      expect(text).not.toContain(PIN.toString('hex'));
      expect(text).not.toContain(secret.toString('hex'));
    }
  });

  test('a failed command does not stop the next one; a closed element refuses', async () => {
    const se = element('6f00', `${'11'.repeat(16)}9000`);
    expect(await failure(se.challenge())).toMatchObject({ code: 'chip-failure' });
    expect(await se.challenge()).toHaveLength(16);
    await se.close();
    await se.close();
    expect(await failure(se.challenge())).toMatchObject({ code: 'closed' });
  });

  test('SELECT that fails is tried again with the next command', async () => {
    let selects = 0;
    const se = new ApduSecureElement({
      transmit: async (apdu) => {
        if (apdu[1] !== 0xa4) return Uint8Array.from([...randomBytes(16), 0x90, 0]);
        selects += 1;
        return Uint8Array.from(selects === 1 ? [0x6a, 0x82] : [0x90, 0]);
      },
      close: async () => undefined,
    });
    expect(await failure(se.challenge())).toMatchObject({ code: 'not-supported' });
    expect(await se.challenge()).toHaveLength(16);
  });
});
