import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import {
  beginDestruction,
  type Maker,
  insertKey,
  currentOn,
  deleteRetired,
  discardStaged,
  findKey,
  noteReceipt,
  retiredBy,
  sealedShardOf,
  shardsOf,
  stageShard,
  switchStaged,
} from '../../src/keys/index.ts';
import { LifeError, mayFollow, step, type ShardState } from '../../src/keys/life.ts';
import type { Database, Tx } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

const KEY = 'aa'.repeat(32);
const PARTS = [1, 2, 3];
const KEYGEN: Maker = 'session:keygen';

/** A store with the session of a key generation, and nothing else. */
async function openStore(): Promise<Database> {
  const store = await openDatabase(join(temporaryDirectory(), 'quorate.db'));
  onTestFinished(() => store.close());
  await store.transaction((tx) =>
    tx.run(
      `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold,
         total_parts, address, ended, created_at, updated_at)
       VALUES ('keygen', 'keygen', 'results', 'ann', '', 2, 3, NULL, 0, 1, 1)`,
    ),
  );
  return store;
}

const shardOn = (chip: string, part: number) => ({
  key_id: KEY,
  epoch: 0,
  part_index: part,
  username: `user${part}`,
  se_id: chip,
  cpic: '',
  chip_public_key: '',
  record_id: `${part}`.repeat(64),
  ciphertext: `ciphertext of ${chip}`,
});

const key = {
  keyId: KEY,
  algorithm: 'ecdsa-secp256k1',
  address: '0xA',
  publicKey: '0x02',
  sessionKey: 'keygen',
  creator: 'ann',
  threshold: 2,
  totalParts: PARTS.length,
  at: 1,
} as const;

/** The refusal of a step that fails, without anything of it being kept. */
const refusalOf = (store: Database, work: (tx: Tx) => Promise<unknown>): Promise<unknown> =>
  store.transaction(work).then(
    () => undefined,
    (error: unknown) => (error instanceof LifeError ? error.code : error),
  );

test('a share is staged, current, retired and deleted in this order and in no other', () => {
  const states: readonly ShardState[] = ['staged', 'current', 'retired', 'deleted'];
  const steps = states.flatMap((from) =>
    states.filter((to) => mayFollow(from, to)).map((to) => `${from} ${to}`),
  );
  expect(steps).toEqual([
    'staged current',
    'staged deleted',
    'current retired',
    'current deleted',
    'retired deleted',
  ]);
});

/** Orders for the shares of one key: every step of every maker, whether it fits or not. */
const orders = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        type: fc.constantFrom('stage', 'switch', 'delete', 'discard' as const),
        part: fc.constantFrom(1, 2),
        chip: fc.constantFrom(1, 2),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'create' } as const) },
    { weight: 1, arbitrary: fc.constant({ type: 'destroy' } as const) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('receipt' as const),
        part: fc.constantFrom(...PARTS),
      }),
    },
  ),
  { minLength: 10, maxLength: 30 },
);

type Order = (typeof orders extends fc.Arbitrary<infer T extends readonly unknown[]>
  ? T
  : never)[number];

async function obey(tx: Tx, order: Order): Promise<void> {
  switch (order.type) {
    case 'create':
      for (const part of PARTS) await stageShard(tx, shardOn(`${part}-0`, part), KEYGEN);
      return insertKey(tx, key);
    case 'stage': {
      if ((await findKey(tx, KEY)) === undefined) return;
      const { part, chip } = order;
      return stageShard(tx, shardOn(`${part}-${chip}`, part), `replacement:${part}-${chip}`);
    }
    case 'discard':
      return discardStaged(tx, `replacement:${order.part}-${order.chip}`);
    case 'switch':
      await switchStaged(tx, `replacement:${order.part}-${order.chip}`);
      return;
    case 'delete': {
      const retired = await retiredBy(tx, `replacement:${order.part}-${order.chip}`);
      for (const shard of retired) await deleteRetired(tx, shard);
      return;
    }
    case 'destroy':
      return beginDestruction(tx, KEY);
    case 'receipt': {
      if ((await findKey(tx, KEY))?.state !== 'destroying') return;
      return noteReceipt(tx, { keyId: KEY, partIndex: order.part }, 'receipt');
    }
  }
}

/** Whatever was ordered, this holds of what is stored. */
async function check(tx: Tx): Promise<void> {
  const found = await findKey(tx, KEY);
  const rows = await tx.all<{ se_id: string; part_index: number; state: ShardState }>(
    'SELECT se_id, part_index, state FROM shards',
  );
  const sealed = await tx.all<{ se_id: string; ciphertext: string }>(
    'SELECT se_id, ciphertext FROM ciphertexts',
  );
  const stateOf = new Map(rows.map((row) => [row.se_id, row.state]));
  if (found === undefined) return expect(rows).toEqual([]);
  for (const part of PARTS) {
    const current = rows.filter((row) => row.part_index === part && row.state === 'current');
    const destroyed = (await shardsOf(tx, found)).find(({ part_index }) => part_index === part);
    expect(current.length).toBe(destroyed?.record === 'deleted' ? 0 : 1);
    const signs = await sealedShardOf(tx, { keyId: KEY, partIndex: part });
    const chip = current[0]?.se_id;
    expect(signs?.ciphertext).toBe(found.state === 'active' ? `ciphertext of ${chip}` : undefined);
    if (chip !== undefined) expect(await currentOn(tx, chip)).toHaveLength(1);
  }
  // A ciphertext stands beside a share that is staged or current, and nowhere else.
  const expected = rows.filter(({ state }) => state === 'staged' || state === 'current');
  const inUse = found.state === 'active' ? expected : [];
  expect(sealed.map(({ se_id }) => se_id).sort()).toEqual(inUse.map(({ se_id }) => se_id).sort());
  for (const { se_id } of sealed) expect(['staged', 'current']).toContain(stateOf.get(se_id));
  expect(await shardsOf(tx, found)).toHaveLength(PARTS.length);
}

test('whatever is ordered in whatever order, each seat has one current share until it is destroyed', async () => {
  const store = await openStore();
  await fc.assert(
    fc.asyncProperty(orders, async (list) => {
      for (const order of [{ type: 'create' } as const, ...list]) {
        // A refused order changes nothing.
        await store.transaction((tx) => obey(tx, order)).catch(() => undefined);
        await store.read(check);
      }
      await store.transaction(async (tx) => {
        for (const table of ['ciphertexts', 'shards', 'key_labels', 'keys']) {
          await tx.run(`DELETE FROM ${table}`);
        }
      });
    }),
    { numRuns: 60 },
  );
});

test('a step from where a share does not stand is refused, and nothing of its transaction is kept', async () => {
  const store = await openStore();
  await store.transaction(async (tx) => {
    for (const part of PARTS) await stageShard(tx, shardOn(`${part}-0`, part), KEYGEN);
    await insertKey(tx, key);
  });
  const name = shardOn('1-0', 1);
  expect(await refusalOf(store, (tx) => deleteRetired(tx, name))).toBe('keys/shard-state');
  expect(await refusalOf(store, (tx) => step(tx, name, ['retired', 'current']))).toBe(
    'keys/shard-state',
  );
  expect(await refusalOf(store, (tx) => step(tx, name, ['staged', 'current']))).toBe(
    'keys/shard-state',
  );
  await store.read(check);
});

test('the schema itself keeps a seat to one current share and one staged one', async () => {
  const store = await openStore();
  await store.transaction(async (tx) => {
    for (const part of PARTS) await stageShard(tx, shardOn(`${part}-0`, part), KEYGEN);
    await insertKey(tx, key);
    await stageShard(tx, { ...shardOn('1-1', 1), username: 'other' }, 'replacement:a');
  });
  const uniqueness = (work: (tx: Tx) => Promise<unknown>) =>
    store.transaction(work).then(
      () => 'kept',
      (error: Error) => error.message,
    );
  const refused = 'UNIQUE constraint failed: shards.key_id, shards.epoch, shards.part_index';
  expect(
    await uniqueness((tx) => tx.run("UPDATE shards SET state = 'current' WHERE se_id = '1-1'")),
  ).toBe(refused);
  expect(await uniqueness((tx) => stageShard(tx, shardOn('1-2', 1), 'replacement:b'))).toBe(
    refused,
  );
});

test('a key generation that fails leaves no share and no ciphertext', async () => {
  const store = await openStore();
  await store.transaction((tx) => stageShard(tx, shardOn('1-0', 1), KEYGEN));
  await store.transaction((tx) => discardStaged(tx, KEYGEN));
  const left = await store.read(async (tx) => [
    ...(await tx.all('SELECT * FROM shards')),
    ...(await tx.all('SELECT * FROM ciphertexts')),
  ]);
  expect(left).toEqual([]);
});

test('a key without one of its shards does not come to be', async () => {
  const store = await openStore();
  await store.transaction((tx) => stageShard(tx, shardOn('1-0', 1), KEYGEN));
  expect(await refusalOf(store, (tx) => insertKey(tx, key))).toMatchObject({
    message: 'a key without one of its shards',
  });
  expect(await store.read((tx) => findKey(tx, KEY))).toBeUndefined();
});
