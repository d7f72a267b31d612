/** Attacks on the objects of a token by somebody with its module and its PIN, but without this driver. */
import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { LABEL } from '../../src/pkcs11/keys.ts';
import {
  decodeStateObject,
  encodeRecordHead,
  encodeStateHead,
  recordAssociatedData,
  recordDigest,
  stateAssociatedData,
} from '../../src/pkcs11/objects.ts';
import { TokenSession } from '../../src/pkcs11/session.ts';
import { ok, PIN, SELECT, transmit } from '../support/host.ts';
import { describeTokens } from '../support/softhsm.ts';
import { benchOver, failure, TokenBench } from '../support/tokenBench.ts';

describeTokens('records under attack', () => {
  const tokens = new TokenBench(24, ['twin', 'twin', 'other']);
  afterAll(() => tokens.close());

  test('E-2: every field of a record and of the state is bound by its seal', () => {
    const record = {
      slot: 1,
      counter: 2,
      releaseCount: 3,
      recordId: Buffer.alloc(32, 4),
      address: Buffer.alloc(20, 5),
    };
    const state = { counter: 1, refused: 0, chipKey: Buffer.alloc(65, 6), records: new Map() };
    const other = Buffer.alloc(65, 9);
    const recordChanges = [
      { slot: 2 },
      { counter: 1 },
      { releaseCount: 2 },
      { recordId: other.subarray(0, 32) },
      { address: other.subarray(0, 20) },
    ];
    const stateChanges = [
      { counter: 2 },
      { refused: 1 },
      { chipKey: other },
      { records: new Map([[0, other.subarray(0, 16)]]) },
    ];
    const bound = [
      recordAssociatedData(state.chipKey, record),
      recordAssociatedData(other, record),
      ...recordChanges.map((change) =>
        recordAssociatedData(state.chipKey, { ...record, ...change }),
      ),
      stateAssociatedData(state),
      ...stateChanges.map((change) => stateAssociatedData({ ...state, ...change })),
      encodeRecordHead(record),
      encodeStateHead(state),
    ];
    const texts = bound.map((bytes) => Buffer.from(bytes).toString('hex'));
    expect(new Set(texts).size).toBe(bound.length);
  });

  test('E-1: a record that is rolled back alone is noticed, and its secret does not leave', async () => {
    const scene = await tokens.scene();
    const { bench, attacker } = scene;
    const record = await bench.store();
    const old = attacker.values(LABEL.record);
    await ok(bench.read(await bench.access(record)));
    attacker.replace(LABEL.record, old);
    const { bench: next, end } = await tokens.restart(scene);
    expect(end).toBe('no error');
    expect(await failure(async () => next.read(await next.access(record)))).toBe('token-changed');
    expect((await next.info()).used).toBe(1);
    await next.chip.dispose();
  });

  test('E-2: records that are swapped, altered or of another chip are noticed; the others stay usable', async () => {
    const scene = await tokens.scene();
    const { bench, attacker } = scene;
    const records = [await bench.store(), await bench.store(), await bench.store()];
    const foreign = await tokens.scene();
    await foreign.bench.store();
    const [alien] = foreign.attacker.values(LABEL.record);
    const [first, second, third] = attacker.values(LABEL.record).toSorted((a, b) => a[1]! - b[1]!);
    const swapped = [Buffer.from(first!), Buffer.from(second!)];
    // Each under the other's slot, record id and address.
    first!.copy(swapped[1]!, 62, 62);
    second!.copy(swapped[0]!, 62, 62);
    attacker.replace(LABEL.record, [...swapped, third!, alien!]);
    const { bench: next } = await tokens.restart(scene);
    for (const record of records.slice(0, 2)) {
      expect(await failure(async () => next.read(await next.access(record)))).toBe('token-changed');
    }
    const { data } = await ok(next.read(await next.access(records[2]!)));
    expect(data.subarray(0, 32)).toEqual(records[2]!.secret);
    await next.chip.dispose();
    await foreign.bench.chip.dispose();
  });

  test('E-2: a record under another head does not open even when a forged state lists it', async () => {
    const scene = await tokens.scene();
    const { bench, attacker } = scene;
    const record = await bench.store();
    const session = new TokenSession(tokens.module, tokens.slot(scene.token));
    const altered = attacker.values(LABEL.record)[0]!;
    const address = randomBytes(20);
    altered.set(address, 42);
    const { head, sealed } = decodeStateObject(attacker.values(LABEL.state)[0]!)!;
    const key = attacker.key(LABEL.sealing);
    const authorisationKey = session.unseal(key, sealed, stateAssociatedData(head))!;
    const forged = { ...head, records: new Map([[0, recordDigest(altered)]]) };
    const seal = session.seal(key, authorisationKey, stateAssociatedData(forged));
    attacker.replace(LABEL.record, [altered]);
    attacker.replace(LABEL.state, [
      Buffer.concat([encodeStateHead(forged), seal.nonce, seal.body]),
    ]);
    const { bench: next, end } = await tokens.restart(scene);
    expect(end).toBe('no error');
    const attempt = next.access({ recordId: record.recordId, address });
    expect(await failure(async () => next.read(await attempt))).toBe('token-changed');
    await next.chip.dispose();
  });

  test('E-1: an older state beside the newest is thrown away; an older one alone is noticed', async () => {
    const scene = await tokens.scene();
    const { bench, attacker } = scene;
    const old = attacker.values(LABEL.state);
    const record = await bench.store();
    attacker.write(LABEL.state, old[0]!);
    const { bench: next } = await tokens.restart(scene);
    await ok(next.read(await next.access(record)));
    expect(attacker.labelled(LABEL.state)).toHaveLength(1);
    const [before] = attacker.values(LABEL.state);
    await ok(next.read(await next.access(record)));
    attacker.replace(LABEL.state, [before!]);
    const { bench: last } = await tokens.restart({ ...scene, bench: next });
    expect(await failure(async () => last.read(await last.access(record)))).toBe('token-changed');
    await last.chip.dispose();
  });

  test('E-1: a token that is rolled back as a whole opens, and its counter and release count go back for the host to see', async () => {
    const scene = await tokens.scene();
    const { bench, attacker } = scene;
    const record = await bench.store();
    const [states, records] = [attacker.values(LABEL.state), attacker.values(LABEL.record)];
    const { counter } = await bench.info();
    for (const count of [1, 2]) {
      const { data } = await ok(bench.read(await bench.access(record)));
      expect(data.readUInt32BE(32)).toBe(count);
    }
    expect((await bench.info()).counter).toBeGreaterThan(counter);
    attacker.replace(LABEL.state, states);
    attacker.replace(LABEL.record, records);
    const { bench: next } = await tokens.restart(scene);
    expect((await next.info()).counter).toBe(counter);
    const { data } = await ok(next.read(await next.access(record)));
    expect(data.readUInt32BE(32)).toBe(1);
    await next.chip.dispose();
  });

  test('a state that was removed, doubled, or names another authorisation key is refused at the start', async () => {
    const changes: ((state: Buffer) => Buffer[])[] = [
      () => [],
      (state) => [state, state],
      (state) => [
        Buffer.from(state.map((byte, at) => (at === state.length - 17 ? byte ^ 1 : byte))),
      ],
      (state) => [Buffer.from(state.map((byte, at) => (at === 4 ? byte + 1 : byte)))],
    ];
    for (const change of changes) {
      const scene = await tokens.scene();
      const { attacker } = scene;
      attacker.replace(LABEL.state, change(attacker.values(LABEL.state)[0]!));
      const { bench: next, end } = await tokens.restart(scene);
      expect(end).toBe('token-changed');
      expect((await next.send(0x09, randomBytes(32))).sw).toBe('6982');
      await next.chip.dispose();
    }
  });

  test('the public object can be removed without a PIN: PERSONALISE brings it back and keeps the records', async () => {
    const { token, bench, attacker } = await tokens.scene();
    const record = await bench.store();
    attacker.destroy(LABEL.chipKey);
    await bench.chip.dispose();
    const chip = tokens.open(token);
    const again = benchOver(bench, chip);
    await ok(transmit(chip, SELECT));
    expect((await again.send(0x04)).sw).toBe('6985');
    expect((await again.send(0x06, bench.authority.publicKey, PIN)).sw).toBe('6985');
    expect((await ok(again.send(0x04))).data).toEqual(bench.chipKey);
    await ok(again.send(0x20, PIN));
    const { data } = await ok(again.read(await again.access(record)));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    await chip.dispose();
  });
});
