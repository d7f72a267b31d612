import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { toHex } from '@quorate/intent';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { RecordName } from '../../src/vault.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { joinedSides, keyBetween, makeParty, makeSide, type Side } from '../support/halves.ts';
import { KEY, openRecords, recordOf, share } from '../support/records.ts';

const { address: ADDRESS } = recordOf(1);
const SIGN = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' } as const;
const refusal = (code: string): unknown => expect.objectContaining({ code });

/** A chip that notes what it is to forget, and forgets it when it is there. */
function chip(answers = true) {
  const forgotten: string[] = [];
  return {
    forgotten,
    keep: () => Promise.resolve(),
    delete: ({ recordId }: RecordName) => {
      forgotten.push(toHex(recordId));
      return answers ? Promise.resolve() : Promise.reject(new Error('no chip'));
    },
  };
}

const retire = ({ manager }: Side, address = ADDRESS) =>
  manager.retire(KEY, { address, by: 'olivia' });

describe('a key that an operator retires', () => {
  test('Z-8: signs no more, at either side, and is refreshed no more', async () => {
    const { p1, p2 } = joinedSides();
    const { session_id: running } = p1.manager.order(SIGN).view;
    await Promise.resolve();
    expect(retire(p1)).toMatchObject({ state: 'retired', retired_at: expect.any(Number) });
    await setImmediate();
    expect(p1.view(running)?.error?.code).toBe('key_retired');
    for (const type of ['sign', 'refresh'] as const) {
      expect(() => p1.manager.order({ ...SIGN, type })).toThrow(refusal('key_retired'));
    }
    const asked = p2.manager.order({ ...SIGN, partner: 'p1' }).view.session_id;
    await eventually(() => expect(p2.view(asked)?.error?.code).toBe('key_retired'));
    expect(p1.log).toContain('key retired');
  });

  test.each([1, 2] as const)(
    'Z-8: has no share any more, on disk or on the chip, at P%i',
    async (index) => {
      const directory = temporaryDirectory();
      const parties = [makeParty(1, 'p1'), makeParty(2, 'p2')] as const;
      const next = { session_id: 'cd'.repeat(16), share: { ...share(1), shard: 'bmV4dA==' } };
      const stored = { ...keyBetween(index, parties), share: { ...share(0), shard: 'c2hhcmQ=' } };
      const records = [index === 2 ? { ...stored, next } : stored];
      const vault = chip();
      const own = parties[index - 1] ?? parties[0];
      const side = makeSide(
        index,
        own,
        parties.filter((one) => one !== own),
        { directory, vault, records },
      );
      retire(side);
      await eventually(() => expect(side.unwanted.list()).toEqual([]));
      const openers = [share(0), ...(index === 2 ? [share(1)] : [])].map(({ record_id: id }) => id);
      expect(vault.forgotten).toEqual(openers);
      const file = readFileSync(join(directory, 'keys', `${KEY}.json`), 'utf8');
      expect(file).not.toMatch(/c2hhcmQ=|bmV4dA==/);
      expect(openRecords(join(directory, 'keys')).find(KEY)?.state).toBe('retired');
    },
  );

  test('Z-8: whose chip does not answer has its record deleted at the next start', async () => {
    const directory = temporaryDirectory();
    const parties = [makeParty(1, 'p1'), makeParty(2, 'p2')] as const;
    const wishes = { directory, records: [keyBetween(1, parties)] };
    const silent = makeSide(1, parties[0], [parties[1]], { ...wishes, vault: chip(false) });
    retire(silent);
    await eventually(() =>
      expect(silent.log).toContain('the chip kept a record that is not needed'),
    );
    expect(silent.unwanted.list()).toHaveLength(1);
    const vault = chip();
    const again = makeSide(1, parties[0], [parties[1]], { directory, vault });
    await eventually(() => expect(again.unwanted.list()).toEqual([]));
    expect(vault.forgotten).toEqual([share(0).record_id]);
  });

  test('Z-8: is not retired by a key with another address, before it is confirmed, or twice', () => {
    const { p1 } = joinedSides();
    expect(() => retire(p1, `0x${'22'.repeat(20)}`)).toThrow(refusal('address_mismatch'));
    expect(p1.keys.find(KEY)?.state).toBe('active');
    const first = retire(p1, ADDRESS.toUpperCase().replace('0X', '0x'));
    expect(retire(p1)).toEqual(first);
    expect(p1.log.filter((line) => line === 'key retired')).toHaveLength(1);
    const pending = recordOf(1, { session_id: 'ef'.repeat(16), state: 'pending' });
    p1.keys.add(pending);
    const early = (): unknown =>
      p1.manager.retire(pending.session_id, { address: ADDRESS, by: 'olivia' });
    expect(early).toThrow(refusal('key_pending'));
    expect(() => p1.manager.retire('00'.repeat(16), { address: ADDRESS, by: 'olivia' })).toThrow(
      refusal('unknown_key'),
    );
  });
});
