/** Attacks on a token by somebody with its module and its PIN, but without this driver. */
import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { CKA, CKK, CKM, CKO } from '../../src/pkcs11/constants.ts';
import { checkProtections, LABEL } from '../../src/pkcs11/keys.ts';
import { type Attribute, TokenSession } from '../../src/pkcs11/session.ts';
import { ok, PIN, SELECT, transmit } from '../support/host.ts';
import { describeTokens } from '../support/softhsm.ts';
import { attribute, failure, TokenBench } from '../support/tokenBench.ts';

describeTokens('tokens under attack', () => {
  const tokens = new TokenBench(24, ['twin', 'twin', 'other']);
  afterAll(() => tokens.close());

  test('E-4: value, wrapping, new attributes and copies of both keys are refused by the token', async () => {
    const { bench, attacker } = await tokens.scene();
    const { module, session } = attacker;
    const wrapping = module.C_GenerateKey(session, { mechanism: CKM.aesKeyGen }, [
      attribute(CKA.valueLen, 32),
      attribute(CKA.wrap, true),
      attribute(CKA.unwrap, true),
      attribute(CKA.encrypt, true),
      attribute(CKA.decrypt, true),
    ]);
    const aesKeyWrap = { mechanism: 0x2109 };
    for (const label of [LABEL.identity, LABEL.sealing]) {
      const key = attacker.key(label);
      const set = (type: number, value: boolean) => (): void =>
        module.C_SetAttributeValue(session, key, [attribute(type, value)]);
      const attempts = [
        () => module.C_GetAttributeValue(session, key, [{ type: CKA.value }]),
        () => module.C_WrapKey(session, aesKeyWrap, wrapping, key, Buffer.alloc(512)),
        set(CKA.extractable, true),
        set(CKA.sensitive, false),
        set(CKA.wrap, true),
        set(CKA.unwrap, true),
        set(CKA.decrypt, true),
        set(CKA.derive, true),
        () => module.C_CopyObject(session, key, [attribute(CKA.extractable, true)]),
        () => module.C_CopyObject(session, key, []),
      ];
      for (const [at, attempt] of attempts.entries()) {
        expect(await failure(attempt), `${label}, attempt ${at}`).toMatch(/^CKR_/);
      }
    }
    const sealing = attacker.key(LABEL.sealing);
    expect(
      await failure(() =>
        module.C_WrapKey(session, aesKeyWrap, sealing, wrapping, Buffer.alloc(512)),
      ),
    ).toMatch(/^CKR_/);
    await bench.chip.dispose();
  });

  const wrongSealingKeys: [string, Attribute[]][] = [
    ['CKA_EXTRACTABLE', [attribute(CKA.extractable, true)]],
    ['CKA_SENSITIVE', [attribute(CKA.sensitive, false)]],
    ['CKA_WRAP', [attribute(CKA.wrap, true)]],
    ['CKA_UNWRAP', [attribute(CKA.unwrap, true)]],
    ['CKA_DERIVE', [attribute(CKA.derive, true)]],
    ['CKA_SIGN', [attribute(CKA.sign, true)]],
    ['CKA_ENCRYPT', [attribute(CKA.encrypt, false)]],
    ['CKA_LOCAL', [attribute(CKA.value, Buffer.alloc(32, 7))]],
  ];

  test('E-4: a start refuses a sealing key with any wrong attribute, and names it', async () => {
    const scene = await tokens.scene();
    const { bench, attacker } = scene;
    let current = bench;
    for (const [name, changes] of wrongSealingKeys) {
      const isImport = changes[0]?.type === CKA.value;
      attacker.module.C_DestroyObject(attacker.session, attacker.key(LABEL.sealing));
      const template = new Map<number, Attribute['value']>([
        [CKA.label, LABEL.sealing],
        [CKA.token, true],
        [CKA.private, true],
        [CKA.sensitive, true],
        [CKA.extractable, false],
        [CKA.encrypt, true],
        [CKA.decrypt, true],
        [CKA.wrap, false],
        [CKA.unwrap, false],
        [CKA.derive, false],
        [CKA.sign, false],
        [CKA.verify, false],
      ]);
      for (const { type, value } of changes) template.set(type, value);
      const list = [...template].map(([type, value]) => ({ type, value }));
      if (isImport) {
        const type = [attribute(CKA.class, CKO.secretKey), attribute(CKA.keyType, CKK.aes)];
        attacker.module.C_CreateObject(attacker.session, [...type, ...list]);
      } else {
        const length = attribute(CKA.valueLen, 32);
        const mechanism = { mechanism: CKM.aesKeyGen };
        attacker.module.C_GenerateKey(attacker.session, mechanism, [...list, length]);
      }
      const { bench: next, end } = await tokens.restart({ ...scene, bench: current });
      expect(end, name).toBe('token-unsafe');
      const message = await ok(next.send(0x20, PIN)).catch((error: unknown) => String(error));
      expect(message).toContain(name === 'CKA_LOCAL' ? 'CKA_' : name);
      expect((await next.send(0x08, randomBytes(171))).sw).toBe('6982');
      attacker.module.C_Login(attacker.session, 1, PIN.toString());
      current = next;
    }
    await current.chip.dispose();
  });

  test('E-4: a start refuses an identity key that can be extracted or decrypts, and a second one', async () => {
    for (const change of [attribute(CKA.extractable, true), attribute(CKA.decrypt, true), null]) {
      const scene = await tokens.scene();
      const { attacker } = scene;
      const { module, session } = attacker;
      if (change !== null) module.C_DestroyObject(session, attacker.key(LABEL.identity));
      module.C_GenerateKeyPair(
        session,
        { mechanism: CKM.ecKeyPairGen },
        [attribute(CKA.ecParams, Buffer.from('06082a8648ce3d030107', 'hex'))],
        [
          attribute(CKA.label, LABEL.identity),
          attribute(CKA.token, true),
          attribute(CKA.private, true),
          attribute(CKA.sensitive, true),
          attribute(CKA.sign, true),
          ...(change === null ? [] : [change]),
        ],
      );
      const { bench: next, end } = await tokens.restart(scene);
      expect(end).toBe('token-unsafe');
      await next.chip.dispose();
    }
  });

  test('E-4: a key that can be changed or copied is refused unless the token had not taken the protection', async () => {
    const { token, bench, attacker } = await tokens.scene();
    const session = new TokenSession(tokens.module, tokens.slot(token));
    const key = attacker.module.C_GenerateKey(attacker.session, { mechanism: CKM.aesKeyGen }, [
      attribute(CKA.valueLen, 32),
    ]);
    expect(await failure(() => checkProtections(session, key, 0))).toBe('token-unsafe');
    expect(await failure(() => checkProtections(session, key, 1))).toBe('token-unsafe');
    expect(await failure(() => checkProtections(session, key, 2))).toBe('token-unsafe');
    expect(await failure(() => checkProtections(session, key, 3))).toBe('no error');
    const own = attacker.key(LABEL.sealing);
    expect(await failure(() => checkProtections(session, own, 0))).toBe('no error');
    await bench.chip.dispose();
  });

  test('E-3: 10000 seals on the token have 10000 nonces and whole tags', async () => {
    const { token, bench, attacker } = await tokens.scene();
    const session = new TokenSession(tokens.module, tokens.slot(token));
    const key = attacker.key(LABEL.sealing);
    const [plain, data] = [randomBytes(32), randomBytes(20)];
    const nonces = new Set<string>();
    for (let at = 0; at < 10_000; at++) {
      const { nonce, body } = session.seal(key, plain, data);
      expect(nonce.length + body.length).toBe(12 + 32 + 16);
      nonces.add(Buffer.from(nonce).toString('hex'));
    }
    expect(nonces.size).toBe(10_000);
    const sealed = session.seal(key, plain, data);
    expect(Buffer.from(session.unseal(key, sealed, data) ?? [])).toEqual(plain);
    const wrong = [
      { ...sealed, body: sealed.body.subarray(0, -1) },
      { ...sealed, body: sealed.body.subarray(0, 44) },
      { ...sealed, body: sealed.body.map((byte, at) => (at === 47 ? byte ^ 1 : byte)) },
      { ...sealed, nonce: sealed.nonce.subarray(1) },
      { ...sealed, nonce: randomBytes(12) },
    ];
    for (const damaged of wrong) expect(session.unseal(key, damaged, data)).toBeNull();
    expect(session.unseal(key, sealed, randomBytes(20))).toBeNull();
    await bench.chip.dispose();
  });

  test('E-9: two tokens with one label are not told apart by it; serial and key choose, and refuse the other', async () => {
    const serials = tokens.host
      .list()
      .filter(({ label }) => label === 'twin')
      .map(({ serial }) => serial);
    expect(serials).toHaveLength(2);
    const [mine, other] = serials;
    expect(() => tokens.host.open({ token: 'twin' })).toThrow(
      expect.objectContaining({
        code: 'ambiguous-token',
        message: expect.stringContaining(`${serials[0]}, ${serials[1]}`),
      }),
    );
    expect(() => tokens.host.open({ token: 'twin', serial: '00' })).toThrow(/no token "twin"/);
    const publicKey = randomBytes(65);
    expect(() => tokens.host.open({ token: 'twin', serial: mine, publicKey })).toThrow(
      expect.objectContaining({ code: 'not-personalised' }),
    );
    tokens.host.open({ token: 'twin', serial: other }).close();
    expect(() => tokens.host.open({ token: 'nobody' })).toThrow(
      expect.objectContaining({ code: 'reader-not-found' }),
    );
  });

  test('E-9: a token that shows the key of another chip is refused once it has to sign', async () => {
    const [first, second] = [await tokens.scene(), await tokens.scene()];
    second.attacker.destroy(LABEL.chipKey);
    const [shown] = first.attacker.values(LABEL.chipKey);
    second.attacker.write(LABEL.chipKey, shown!, false);
    await first.bench.chip.dispose();
    const { bench, end } = await tokens.restart(second);
    expect((await ok(bench.send(0x04))).data).toEqual(first.bench.chipKey);
    expect(end).toBe('wrong-chip');
    await bench.chip.dispose();
  });

  test('E-5: SELECT logs the token out, not only the driver', async () => {
    const { bench, attacker } = await tokens.scene();
    expect(attacker.labelled(LABEL.sealing)).toHaveLength(1);
    await ok(transmit(bench.chip, SELECT));
    expect(attacker.labelled(LABEL.sealing)).toHaveLength(0);
    await bench.chip.dispose();
  });

  test('E-5: after the close nobody is logged in, not even a session that stayed open', async () => {
    const { bench, attacker } = await tokens.scene();
    expect(attacker.labelled(LABEL.state)).toHaveLength(1);
    await bench.chip.dispose();
    expect(attacker.labelled(LABEL.state)).toHaveLength(0);
    expect(attacker.labelled(LABEL.sealing)).toHaveLength(0);
  });

  test('one process at a time: a token that is open is refused', async () => {
    const { token, bench } = await tokens.scene();
    expect(await failure(() => tokens.open(token))).toBe('locked');
    await bench.chip.dispose();
    await tokens.open(token).dispose();
  });
});
