import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { openVirtualSecureElement } from '@quorate/secure-element';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { pathsOf, readSecretLine } from '../../src/files.ts';
import { initCosigner, type LoadedConfig } from '../../src/index.ts';
import { Vault } from '../../src/vault.ts';
import type { NewShare } from '../../src/worker/protocol.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { Disk } from '../support/disk.ts';
import { joinedSides, mailOf, type Side, type Wishes } from '../support/halves.ts';
import { writeConfig } from '../support/stores.ts';
import { KEY } from '../support/records.ts';

const madeShare = (epoch = 0): NewShare => ({
  publicKey: Buffer.concat([Buffer.of(2), randomBytes(32)]),
  address: `0x${'22'.repeat(20)}`,
  keyId: randomBytes(32),
  epoch,
  recordId: randomBytes(32),
  moduli: [15n],
  encryptedShard: randomBytes(40),
  opener: Uint8Array.from(randomBytes(32)),
});

type Name = 'p1' | 'p2';
const NAMES = ['p1', 'p2'] as const;

/** A key generation, or a refresh, that runs at both sides. */
async function begun(
  type: 'keygen' | 'refresh',
  wishes: { readonly p1?: Wishes; readonly p2?: Wishes } = {},
): Promise<{ p1: Side; p2: Side; id: string; give: (name: Name, share?: NewShare) => void }> {
  const { p1, p2 } = joinedSides(wishes);
  const { session_id: id } = p1.manager.order({ type, partner: 'p2', keySessionId: KEY }).view;
  await eventually(() => {
    expect([p1, p2].map((side) => side.view(id)?.status)).toEqual(['running', 'running']);
  });
  const give = (name: Name, share = madeShare()): void => {
    const line = { p1, p2 }[name].lines.get(id);
    line?.say({ event: 'share', id, share });
  };
  return { p1, p2, id, give };
}

describe('a new share', () => {
  test.each([15n, 21n])(
    'P-13: with modulus %i is not stored when another set-up has stored 15 in the meantime',
    async (modulus) => {
      const { p1, id, give } = await begun('keygen');
      const order = { type: 'keygen', partner: 'p2' } as const;
      const { session_id: second } = p1.manager.order(order).view;
      await eventually(() => expect(p1.view(second)?.status).toBe('running'));
      give('p1');
      await eventually(() => expect(p1.view(id)?.step).toBe('StepKeygenP2'));
      const share = { ...madeShare(), moduli: [143n, modulus] };
      p1.lines.get(second)?.say({ event: 'share', id: second, share });
      await eventually(() => expect(p1.view(second)?.status).toBe('aborted'));
      expect(p1.keys.find(second)).toBeUndefined();
      expect(p1.keys.moduli()).toEqual([15n]);
      expect(share.opener).toEqual(new Uint8Array(32));
      expect(p1.keys.find(id)?.state).toBe('pending');
    },
  );

  test('D-10: becomes the key when both have stored it, at P1 first', async () => {
    const { p1, p2, id, give } = await begun('keygen');
    give('p1');
    await eventually(() => expect(p1.view(id)?.step).toBe('StepKeygenP2'));
    expect(p1.keys.find(id)?.state).toBe('pending');
    expect(p1.view(id)?.status).toBe('running');
    const seen: unknown[] = [];
    const { carries } = p1;
    p1.carries = (message) => {
      seen.push([p1.keys.find(id)?.state, p2.keys.find(id)?.state]);
      return carries(message);
    };
    give('p2');
    await eventually(() => expect(p2.view(id)?.status).toBe('completed'));
    expect(seen[0]).toEqual(['active', 'pending']);
    expect([p1, p2].map((side) => side.keys.find(id)?.state)).toEqual(['active', 'active']);
  });

  test('D-10: is not the key because the other side says that its own is stored or active', async () => {
    const { p1, p2, id } = await begun('keygen');
    p1.manager.receive('p2', mailOf('session_sync', id, 90, { phase: 'stored' }));
    p2.manager.receive('p1', mailOf('session_sync', id, 91, { phase: 'active' }));
    p2.manager.receive('p1', mailOf('session_sync', id, 0, { status: 'completed' }));
    expect([p1, p2].map((side) => side.keys.find(id))).toEqual([undefined, undefined]);
    expect([p1, p2].map((side) => side.view(id)?.status)).toEqual(['running', 'running']);
    // Each in its own words only: P1 never says stored, P2 never says active or completed.
    const { p1: other, p2: own, id: second, give: giveOwn } = await begun('keygen');
    other.carries = () => true;
    own.carries = () => true;
    for (const name of NAMES) giveOwn(name);
    await eventually(() => {
      expect([other, own].map((side) => side.view(second)?.step)).toEqual([
        'StepKeygenP2',
        'StepKeygenP2',
      ]);
    });
    own.manager.receive('p1', mailOf('session_sync', second, 92, { phase: 'stored' }));
    other.manager.receive('p2', mailOf('session_sync', second, 93, { phase: 'active' }));
    other.manager.receive('p2', mailOf('session_sync', second, 0, { status: 'completed' }));
    expect([other, own].map((side) => side.keys.find(second)?.state)).toEqual([
      'pending',
      'pending',
    ]);
  });

  test('D-10: is kept by P2 that has said so when the session ends, and dropped by P1', async () => {
    const { p1, p2, id, give } = await begun('keygen');
    p2.carries = () => true;
    p1.carries = () => true;
    for (const name of NAMES) give(name);
    await eventually(() => {
      expect([p1, p2].map((side) => side.keys.find(id)?.state)).toEqual(['pending', 'pending']);
      expect([p1, p2].map((side) => side.view(id)?.step)).toEqual(['StepKeygenP2', 'StepKeygenP2']);
    });
    p1.manager.receive('p2', mailOf('abort', id, 90, { code: 'timeout', reason: '' }));
    p2.manager.receive('p1', mailOf('abort', id, 90, { code: 'timeout', reason: '' }));
    expect(p1.keys.find(id)).toBeUndefined();
    expect(p2.keys.find(id)?.state).toBe('pending');
  });

  test.each(NAMES)(
    'D-10: of a refresh leaves the old one in place at %s until it is active',
    async (name) => {
      const { [name]: side, id, give } = await begun('refresh');
      give(name, madeShare(1));
      await eventually(() => expect(side.keys.find(KEY)?.next?.session_id).toBe(id));
      expect(side.keys.find(KEY)?.share.epoch).toBe(0);
    },
  );

  test('D-10: that has become the key is said to be active though the server stops in that moment', async () => {
    const disk = new Disk();
    disk.refuses = ({ state }) => {
      if (state === 'active') p1.manager.stop();
      return false;
    };
    const { p1, p2, id, give } = await begun('keygen', { p1: { keys: disk.keys } });
    for (const name of NAMES) give(name);
    await eventually(() => expect(p2.view(id)?.status).toBe('completed'));
    expect(p1.view(id)?.status).toBe('completed');
    expect([p1, p2].map((side) => side.keys.find(id)?.state)).toEqual(['active', 'active']);
  });

  test('D-10: of a refresh replaces one whose record the chip is to delete, and that is on disk first', async () => {
    const disk = new Disk();
    const unwanted: number[] = [];
    disk.refuses = ({ share }, before) => {
      if (share.epoch > before.share.epoch) unwanted.push(p1.unwanted.list().length);
      return false;
    };
    const { p1, id, give } = await begun('refresh', { p1: { keys: disk.keys } });
    for (const name of NAMES) give(name, madeShare(1));
    await eventually(() => expect(p1.view(id)?.status).toBe('completed'));
    expect(unwanted).toEqual([1]);
  });

  test('R-6: is not touched by rounds that come when it is stored', async () => {
    const { p1, id, give } = await begun('keygen');
    give('p1');
    await eventually(() => expect(p1.view(id)?.step).toBe('StepKeygenP2'));
    const late = { type: 'keygen_p2_ack', round: 4, signature: 'AAAA' } as const;
    p1.manager.receive('p2', { ...mailOf('keygen_p2_ack', id, 90, {}), ...late });
    expect(p1.lines.get(id)?.frames).toEqual([]);
  });

  test('that comes after the end of its session is not stored, and its opener is wiped', async () => {
    const { p1, id, give } = await begun('keygen');
    p1.manager.receive('p2', mailOf('abort', id, 90, { code: 'timeout', reason: '' }));
    const share = madeShare();
    give('p1', share);
    expect(share.opener).toEqual(new Uint8Array(32));
    expect(p1.keys.find(id)).toBeUndefined();
  });
});

describe('a slot of the chip', () => {
  let directory: string;
  let loaded: LoadedConfig;
  let vault: Vault;

  beforeAll(async () => {
    directory = temporaryDirectory();
    loaded = writeConfig(directory, 'enterprise');
    await initCosigner(loaded, { scryptCost: 1024 });
    vault = await Vault.open(loaded, pathsOf(loaded));
  });

  afterAll(async () => {
    await vault.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** How many records the chip has. */
  const used = async (): Promise<number> => {
    await vault.close();
    const { chip: file, passphrase } = pathsOf(loaded);
    const element = await openVirtualSecureElement({
      file,
      passphrase: readSecretLine(passphrase),
    });
    const info = await element.info();
    await element.close();
    vault = await Vault.open(loaded, pathsOf(loaded));
    return info.used;
  };
  const chip: Wishes['vault'] = {
    keep: (name, opener) => vault.keep(name, opener),
    delete: (name) => vault.delete(name),
  };

  test.each(NAMES)(
    'is free again when the session ends at %s while the share is being stored',
    async (name) => {
      const before = await used();
      const { [name]: side, id, give } = await begun('keygen', { [name]: { vault: chip } });
      give(name);
      expect(side.keys.find(id)?.state).toBe('pending');
      side.manager.stop();
      await setImmediate();
      expect(side.view(id)?.error?.code).toBe('stopping');
      await eventually(() => expect(side.keys.find(id)).toBeUndefined());
      await eventually(() => expect(side.unwanted.list()).toEqual([]));
      expect(await used()).toBe(before);
    },
  );

  test('is free again when the session ends before the chip has begun to store', async () => {
    const before = await used();
    let begin = (): void => undefined;
    const begins = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const slow: Wishes['vault'] = {
      ...chip,
      keep: async (name, opener) => {
        await begins;
        await vault.keep(name, opener);
      },
    };
    const { p1, id, give } = await begun('keygen', { p1: { vault: slow } });
    give('p1');
    p1.manager.stop();
    await setImmediate();
    begin();
    await eventually(() => expect(p1.keys.find(id)).toBeUndefined());
    await eventually(() => expect(p1.unwanted.list()).toEqual([]));
    expect(await used()).toBe(before);
  });

  test('is free again when the chip took the share and its answer was lost', async () => {
    const before = await used();
    const losing: Wishes['vault'] = {
      ...chip,
      keep: async (name, opener) => {
        await vault.keep(name, opener);
        throw new Error('the reader was pulled out');
      },
    };
    const { p1, id, give } = await begun('keygen', { p1: { vault: losing } });
    give('p1');
    await eventually(() => expect(p1.view(id)?.status).toBe('failed'));
    expect(p1.keys.find(id)).toBeUndefined();
    await eventually(() => expect(p1.unwanted.list()).toEqual([]));
    expect(await used()).toBe(before);
  });

  test('is free after the next start when the chip could not delete at once', async () => {
    const before = await used();
    const store = mkdtempSync(join(directory, 'store-'));
    const stubborn: Wishes['vault'] = {
      ...chip,
      delete: () => Promise.reject(new Error('the reader was pulled out')),
    };
    const first = await begun('keygen', { p1: { vault: stubborn, directory: store } });
    first.give('p1');
    await eventually(() => expect(first.p1.view(first.id)?.step).toBe('StepKeygenP2'));
    first.p1.manager.stop();
    expect(first.p1.keys.find(first.id)).toBeUndefined();
    expect(first.p1.unwanted.list()).toHaveLength(1);
    expect(await used()).toBe(before + 1);
    const { p1 } = joinedSides({ p1: { vault: chip, directory: store, records: [] } });
    await eventually(() => expect(p1.unwanted.list()).toEqual([]));
    expect(await used()).toBe(before);
    // What the chip has forgotten already is no reason to ask for ever.
    p1.unwanted.add({ recordId: randomBytes(32), address: randomBytes(20) });
    const again = joinedSides({ p1: { vault: chip, directory: store, records: [] } });
    await eventually(() => expect(again.p1.unwanted.list()).toEqual([]));
  });

  test('of a key that is used is not freed, whatever a crash left behind', async () => {
    const store = mkdtempSync(join(directory, 'store-'));
    const forgotten: string[] = [];
    const watched: Wishes['vault'] = {
      ...chip,
      delete: ({ recordId }) => {
        forgotten.push(Buffer.from(recordId).toString('hex'));
        return Promise.resolve();
      },
    };
    const { p1 } = joinedSides({ p1: { vault: watched, directory: store } });
    const record = p1.keys.find(KEY);
    const recordId = Buffer.from(record?.share.record_id ?? '', 'hex');
    const address = Buffer.from(record?.address.slice(2) ?? '', 'hex');
    p1.unwanted.add({ recordId, address });
    const again = joinedSides({ p1: { vault: watched, directory: store, records: [] } });
    expect(again.p1.keys.find(KEY)).toBeDefined();
    expect(again.p1.unwanted.list()).toEqual([]);
    expect(forgotten).toEqual([]);
  });
});
