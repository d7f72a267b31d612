/** A token that fails in passing: what it says then is no proof of anything, and nothing is lost by it. */
import { randomBytes } from 'node:crypto';
import type { PKCS11 } from 'pkcs11js';
import { afterAll, expect, test } from 'vitest';
import { LABEL } from '../../src/pkcs11/keys.ts';
import { CKA } from '../../src/pkcs11/constants.ts';
import { type Bench, type ChipUnderTest, ok, PIN, SELECT, transmit } from '../support/host.ts';
import { describeTokens } from '../support/softhsm.ts';
import { benchOver, failure, type Scene, TokenBench } from '../support/tokenBench.ts';

const [GENERAL_ERROR, FUNCTION_FAILED, DEVICE_ERROR, DEVICE_MEMORY] = [0x5, 0x6, 0x30, 0x31];
const [AEAD_FAILED, HANDLE_INVALID, OPERATION_ACTIVE] = [0x42, 0x82, 0x90];

const refusal = (code: number): Error =>
  Object.assign(new Error('refused'), { name: 'Pkcs11Error', code });

/** As pkcs11js throws it from the calls that take a template. */
const rawRefusal = (name: string, code: number): Error => new Error(`${name}:${code}`);

type Call = keyof PKCS11;

describeTokens('tokens that fail in passing', () => {
  const tokens = new TokenBench(40);
  afterAll(() => tokens.close());

  /** A chip with a record, over a module whose call fails so many times, after so many that do not. */
  async function failing(call: Call): Promise<{
    scene: Scene;
    bench: Bench;
    chip: ChipUnderTest;
    record: Awaited<ReturnType<Bench['store']>>;
    readonly fail: (
      error: Error,
      options?: { times?: number; after?: number; done?: boolean },
    ) => void;
  }> {
    const scene = await tokens.scene();
    const record = await scene.bench.store();
    await scene.bench.chip.dispose();
    let plan = { error: refusal(DEVICE_ERROR), times: 0, after: 0, done: false };
    const chip = tokens.altered(scene.token, {
      [call]: (...given: unknown[]): unknown => {
        const method: unknown = tokens.module[call];
        if (typeof method !== 'function') throw new TypeError('unreachable: a call of Cryptoki');
        const run = (): unknown => Reflect.apply(method, tokens.module, given);
        if (plan.after > 0) {
          plan.after -= 1;
          return run();
        }
        if (plan.times === 0) return run();
        plan.times -= 1;
        if (plan.done) run();
        throw plan.error;
      },
    });
    const bench = benchOver(scene.bench, chip);
    await ok(transmit(chip, SELECT));
    await ok(bench.send(0x20, PIN));
    const fail = (error: Error, { times = 1, after = 0, done = false } = {}): void => {
      plan = { error, times, after, done };
    };
    return { scene, bench, chip, record, fail };
  }

  /** Every state and record object, in hex. */
  function objects({ attacker }: Scene): string[] {
    const found = [LABEL.record, LABEL.state].flatMap((label) => attacker.values(label));
    return found.map((value) => value.toString('hex')).toSorted();
  }

  async function reads(
    bench: Bench,
    record: { recordId: Buffer; address: Buffer },
  ): Promise<number> {
    return (await ok(bench.read(await bench.access(record)))).data.readUInt32BE(32);
  }

  test('Z-3: a passing failure of C_Decrypt is a failure of the chip, destroys nothing, and the next READ works', async () => {
    for (const [code, times, done] of [
      [DEVICE_ERROR, 1, false],
      [OPERATION_ACTIVE, 1, true],
      [GENERAL_ERROR, 2, false],
      [FUNCTION_FAILED, 9, true],
    ] as const) {
      const { scene, bench, chip, record, fail } = await failing('C_Decrypt');
      const before = objects(scene);
      const access = await bench.access(record);
      fail(refusal(code), { times, done });
      expect(await failure(() => bench.read(access)), `${code}`).toBe('chip-failure');
      fail(refusal(code), { times: 0 });
      // A new session: the PIN is asked for, as after a reset.
      expect((await bench.send(0x09, randomBytes(32))).sw).toBe('6982');
      await ok(bench.send(0x20, PIN));
      expect(objects(scene)).toEqual(before);
      expect(await reads(bench, record)).toBe(1);
      await chip.dispose();
    }
  });

  test('Z-3: one error that might mean a wrong tag is asked again, and the READ goes on', async () => {
    for (const code of [GENERAL_ERROR, FUNCTION_FAILED]) {
      const { bench, chip, record, fail } = await failing('C_Decrypt');
      const access = await bench.access(record);
      fail(refusal(code), { done: true });
      const { data } = await ok(bench.read(access));
      expect(data.subarray(0, 32)).toEqual(record.secret);
      await chip.dispose();
    }
  });

  test('Z-3: a code that names the data is a changed record; one that may mean anything is, when the token opens others', async () => {
    const { bench, chip, record, fail } = await failing('C_Decrypt');
    fail(refusal(AEAD_FAILED));
    expect(await failure(async () => bench.read(await bench.access(record)))).toBe('token-changed');
    await chip.dispose();
    const scene = await tokens.scene();
    const { attacker } = scene;
    const state = attacker.values(LABEL.state)[0]!;
    state[state.length - 1]! ^= 1;
    attacker.replace(LABEL.state, [state]);
    const { bench: next, end } = await tokens.restart(scene);
    expect(end).toBe('token-changed');
    await next.chip.dispose();
  });

  test('Z-3: a start whose newest state is not opened in passing takes no older one, and destroys neither', async () => {
    for (const [code, times] of [
      [DEVICE_ERROR, 1],
      [GENERAL_ERROR, 2],
    ] as const) {
      const { scene, bench, chip, record, fail } = await failing('C_Decrypt');
      const old = scene.attacker.values(LABEL.state)[0]!;
      expect(await reads(bench, record)).toBe(1);
      scene.attacker.write(LABEL.state, old);
      const before = objects(scene);
      for (const after of [0, 1]) {
        fail(refusal(code), { times, after });
        expect(await failure(() => bench.send(0x20, PIN)), `${code} ${after}`).toBe('chip-failure');
        scene.attacker.login();
        expect(objects(scene)).toEqual(before);
      }
      fail(refusal(code), { times: 0 });
      await ok(bench.send(0x20, PIN));
      expect(await reads(bench, record)).toBe(2);
      await chip.dispose();
    }
  });

  test('Z-3: a value that cannot be read in passing is not taken for a record that was changed', async () => {
    const { scene, bench, chip, record, fail } = await failing('C_GetAttributeValue');
    const before = objects(scene);
    for (let after = 0; after < 30; after++) {
      fail(refusal(GENERAL_ERROR), { times: 3, after });
      const end = await failure(() => ok(bench.send(0x20, PIN)));
      expect(['chip-failure', 'no error', 'token-unsafe'], `${after}: ${end}`).toContain(end);
      fail(refusal(GENERAL_ERROR), { times: 0 });
      await ok(bench.send(0x20, PIN));
      expect(objects(scene)).toEqual(before);
    }
    expect(await reads(bench, record)).toBe(1);
    await chip.dispose();
  });

  test('Z-3: an object that did not open survives the next write, and no record is said to be absent', async () => {
    const scene = await tokens.scene();
    const { attacker } = scene;
    const record = await scene.bench.store();
    const [state] = attacker.values(LABEL.state);
    const unread = Buffer.from(state!);
    unread.writeUInt32BE(unread.readUInt32BE(1) + 5, 1);
    const loose = attacker.values(LABEL.record)[0]!;
    loose[1] = 7; // a slot that the state does not list, and the unread one may
    attacker.write(LABEL.state, unread);
    attacker.write(LABEL.record, loose);
    const { bench: next } = await tokens.restart(scene);
    expect(await reads(next, record)).toBe(1);
    const values = objects(scene);
    expect(values).toContain(unread.toString('hex'));
    expect(values).toContain(loose.toString('hex'));
    const absent = { recordId: randomBytes(32), address: randomBytes(20) };
    const end = await failure(async () => next.read(await next.access(absent)));
    expect(end).toBe('token-changed');
    await next.chip.dispose();
  });

  test('Z-3: a record that something else changed stays on the token', async () => {
    const scene = await tokens.scene();
    const { attacker } = scene;
    const [kept] = [await scene.bench.store(), await scene.bench.store()];
    const values = attacker.values(LABEL.record).toSorted((a, b) => a[1]! - b[1]!);
    const changed = Buffer.from(values[1]!);
    changed[changed.length - 1]! ^= 1;
    attacker.replace(LABEL.record, [values[0]!, changed]);
    const { bench: next } = await tokens.restart(scene);
    expect(await reads(next, kept)).toBe(1);
    expect(objects(scene)).toContain(changed.toString('hex'));
    await next.chip.dispose();
  });

  test('Z-4: after a write that failed the next command reads back what is there, and the chip goes on', async () => {
    for (const [call, error] of [
      ['C_CreateObject', rawRefusal('CKR_DEVICE_ERROR', DEVICE_ERROR)],
      ['C_DestroyObject', refusal(DEVICE_ERROR)],
    ] as const) {
      for (const done of [false, true]) {
        const { bench, chip, record, fail } = await failing(call);
        const stored = [randomBytes(32), randomBytes(20), randomBytes(32)] as const;
        fail(error, { done });
        expect(await failure(() => bench.send(0x10, ...stored))).toBe('memory-failure');
        expect((await bench.send(0x09, randomBytes(32))).sw).toBe('6982');
        await ok(bench.send(0x20, PIN));
        const { used } = await bench.info();
        const again = (await bench.send(0x10, ...stored)).sw;
        expect(again).toBe(used === 2 ? '6a89' : '9000');
        expect(await reads(bench, record)).toBe(1);
        expect(await reads(bench, { recordId: stored[0], address: stored[1] })).toBe(1);
        await chip.dispose();
      }
    }
  });

  test('Z-4: a superseded object that is gone already is no failure', async () => {
    const { bench, chip, record, fail } = await failing('C_DestroyObject');
    fail(refusal(HANDLE_INVALID), { times: 2, done: true });
    expect(await reads(bench, record)).toBe(1);
    const access = await bench.access(record);
    fail(refusal(HANDLE_INVALID), { times: 2, done: true });
    await ok(bench.delete(access));
    expect((await bench.read(await bench.access(record))).sw).toBe('6a88');
    await chip.dispose();
  });

  test('Z-4: objects that only a lost login hides are not taken for destroyed ones', async () => {
    const { scene, bench, chip, record, fail } = await failing('C_DestroyObject');
    const access = await bench.access(record);
    const real = tokens.module.C_DestroyObject.bind(tokens.module);
    let lost = false;
    const spoilt = tokens.altered(scene.token, {
      C_DestroyObject: (...given: unknown[]): unknown => {
        if (!lost) {
          lost = true;
          tokens.module.C_Logout(scene.attacker.session);
        }
        return Reflect.apply(real, tokens.module, given);
      },
    });
    await chip.dispose();
    const other = benchOver(bench, spoilt);
    await ok(transmit(spoilt, SELECT));
    await ok(other.send(0x20, PIN));
    expect(access.challenge).toHaveLength(16);
    expect((await other.delete(await other.access(record))).sw).toBe('6581');
    await ok(other.send(0x20, PIN));
    expect((await other.read(await other.access(record))).sw).toBe('6a88');
    expect(objects(scene)).toHaveLength(1);
    fail(refusal(DEVICE_ERROR), { times: 0 });
    await spoilt.dispose();
  });

  test('a token without room for a record is full, also by the error of pkcs11js that has no code', async () => {
    const { bench, chip, record, fail } = await failing('C_CreateObject');
    fail(rawRefusal('CKR_DEVICE_MEMORY', DEVICE_MEMORY));
    expect((await bench.send(0x10, ...[32, 20, 32].map((n) => randomBytes(n)))).sw).toBe('6a84');
    expect(await reads(bench, record)).toBe(1);
    await chip.dispose();
  });

  test('Z-7: an attribute that a token answers with a general error is one that it does not know', async () => {
    const token = tokens.next();
    const unknown = new Set<number>([CKA.copyable, CKA.signRecover]);
    const refuse = (name: Call): (() => unknown) =>
      function call(...given: unknown[]): unknown {
        const list: unknown = given.at(-1);
        const types = Array.isArray(list) ? list.map((entry: { type: number }) => entry.type) : [];
        const isUnknown =
          name === 'C_GetAttributeValue'
            ? types.some((type) => unknown.has(type))
            : types.includes(CKA.copyable);
        if (isUnknown) throw refusal(GENERAL_ERROR);
        const method: unknown = tokens.module[name];
        if (typeof method !== 'function') throw new TypeError('unreachable: a call of Cryptoki');
        return Reflect.apply(method, tokens.module, given);
      };
    const chip = tokens.altered(token, {
      C_GetAttributeValue: refuse('C_GetAttributeValue'),
      C_GenerateKey: refuse('C_GenerateKey'),
      C_GenerateKeyPair: refuse('C_GenerateKeyPair'),
    });
    const { Bench: Made } = await import('../support/host.ts');
    const bench = await Made.ready(async () => chip);
    const record = await bench.store();
    expect(await reads(bench, record)).toBe(1);
    await chip.dispose();
  });
});
