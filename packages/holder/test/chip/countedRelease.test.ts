import { SecureElementError } from '@quorate/secure-element';
import { describe, expect, test } from 'vitest';
import {
  countedRelease,
  type CountedRelease,
  type ReleaseOrder,
  type ReleasePolicy,
  type Releases,
} from '../../src/chip/countedRelease.ts';
import { isBeforeCount, ofUnknownOutcome } from '../../src/chip/refusals.ts';

const REFUSE: ReleasePolicy = { bound: 3, over: 'refuse' };
const CAP: ReleasePolicy = { bound: 3, over: 'cap' };

/** One release by a chip that answers as told, and everything that happened. */
async function release(
  before: Releases,
  chip: number | Error,
  more: Partial<ReleaseOrder> & { readonly full?: number } = {},
): Promise<{ ended: CountedRelease | Error; events: unknown[]; secret: Uint8Array }> {
  const events: unknown[] = [];
  const secret = new Uint8Array(32).fill(7);
  const { full, ...order } = more;
  const note = (releases: Releases): void => {
    if (events.filter((event) => typeof event === 'object').length === full) {
      throw new Error('disk full');
    }
    events.push(releases);
  };
  const ended = await countedRelease({
    policy: REFUSE,
    counter: {
      read: () => before,
      write: async (releases) => {
        // On disk a while later.
        await Promise.resolve();
        note(releases);
      },
      confirm: note,
    },
    ask: () => {
      events.push('asked');
      return chip instanceof Error
        ? Promise.reject(chip)
        : Promise.resolve({ secret, releaseCount: chip });
    },
    ...order,
  }).catch((error: unknown) => {
    if (error instanceof Error) return error;
    throw error;
  });
  return { ended, events, secret };
}

const refusal = (statusWord?: number): SecureElementError =>
  new SecureElementError('invalid-data', '', statusWord === undefined ? {} : { statusWord });
const isWiped = (secret: Uint8Array): boolean => secret.every((byte) => byte === 0);

describe.each([REFUSE, CAP])('E-1, W-16: a release that is counted ($over)', (policy) => {
  test('is on disk before the chip is asked, and confirmed before the opener is given', async () => {
    const { ended, events } = await release({ confirmed: 4, outstanding: 1 }, 6, { policy });
    expect(ended).toEqual({ outcome: 'released', secret: new Uint8Array(32).fill(7) });
    expect(events).toEqual([
      { confirmed: 4, outstanding: 2 },
      'asked',
      { confirmed: 6, outstanding: 0 },
    ]);
  });

  test.each([5, 6, 7])('is explained at %i by two attempts of unknown outcome', async (actual) => {
    const { ended } = await release({ confirmed: 4, outstanding: 2 }, actual, { policy });
    expect(ended).toMatchObject({ outcome: 'released' });
  });

  test.each([4, 8])('is not explained at %i, and its opener is wiped', async (actual) => {
    const before = { confirmed: 4, outstanding: 2 };
    const { ended, events, secret } = await release(before, actual, { policy });
    expect(ended).toEqual({ outcome: 'rolled-back', actual, least: 5, most: 7 });
    expect(isWiped(secret)).toBe(true);
    expect(events).toEqual([{ confirmed: 4, outstanding: 3 }, 'asked']);
  });

  test('keeps its attempt when the chip may have counted', async () => {
    const { ended, events } = await release({ confirmed: 4, outstanding: 1 }, refusal(0x6f00), {
      policy,
    });
    expect(ended).toMatchObject({ statusWord: 0x6f00 });
    expect(events).toEqual([{ confirmed: 4, outstanding: 2 }, 'asked']);
  });

  test('takes its attempt back when the chip cannot have counted', async () => {
    const before = { confirmed: 4, outstanding: 1 };
    const { ended, events } = await release(before, refusal(0x6984), { policy });
    expect(ended).toMatchObject({ statusWord: 0x6984 });
    expect(events).toEqual([{ confirmed: 4, outstanding: 2 }, 'asked', before]);
  });

  test('gives no opener whose confirmation the disk does not take', async () => {
    const { ended, secret } = await release({ confirmed: 0, outstanding: 0 }, 1, {
      policy,
      full: 1,
    });
    expect(ended).toMatchObject({ message: 'disk full' });
    expect(isWiped(secret)).toBe(true);
  });

  test('asks no chip if the disk does not take the attempt', async () => {
    const { ended, events } = await release({ confirmed: 0, outstanding: 0 }, 1, {
      policy,
      full: 0,
    });
    expect(ended).toMatchObject({ message: 'disk full' });
    expect(events).toEqual([]);
  });
});

describe('E-1: attempts of unknown outcome at the bound', () => {
  test('keep the chip from being asked, where the key has no other count', async () => {
    const { ended, events } = await release({ confirmed: 4, outstanding: 3 }, 5);
    expect(ended).toEqual({ outcome: 'unclear', outstanding: 3 });
    expect(events).toEqual([]);
  });

  test('are no more than the bound, where a refresh gives a new count', async () => {
    const before = { confirmed: 4, outstanding: 3 };
    const { events } = await release(before, refusal(0x6f00), { policy: CAP });
    expect(events).toEqual([{ confirmed: 4, outstanding: 3 }, 'asked']);
  });

  test('explain no more than the bound, also in a record that holds more', async () => {
    const before = { confirmed: 4, outstanding: 9 };
    expect((await release(before, 8, { policy: CAP })).ended).toMatchObject({
      outcome: 'released',
    });
    const { ended } = await release(before, 9, { policy: CAP });
    expect(ended).toEqual({ outcome: 'rolled-back', actual: 9, least: 5, most: 8 });
  });
});

describe('E-1: an opener whose count is not explained', () => {
  const before = { confirmed: 4, outstanding: 0 };

  test('is given where that is said, before its count is confirmed', async () => {
    const seen: unknown[] = [];
    const { ended, events } = await release(before, 9, {
      onUnexplained: (count) => {
        seen.push(count);
        return 'give';
      },
    });
    expect(seen).toEqual([{ actual: 9, least: 5, most: 5 }]);
    expect(ended).toMatchObject({ outcome: 'released' });
    expect(events.at(-1)).toEqual({ confirmed: 9, outstanding: 0 });
  });

  test('is wiped and not confirmed if what has to come first fails', async () => {
    const { ended, events, secret } = await release(before, 9, {
      onUnexplained: () => {
        throw new Error('not discarded');
      },
    });
    expect(ended).toMatchObject({ message: 'not discarded' });
    expect(isWiped(secret)).toBe(true);
    expect(events).toEqual([{ confirmed: 4, outstanding: 1 }, 'asked']);
  });
});

describe('E-1: whether a chip can have counted', () => {
  test.each([0x6300, 0x63c2, 0x6700, 0x6982, 0x6983, 0x6984, 0x6985, 0x6a86, 0x6a88, 0x6c10])(
    'the word %i says that it has not',
    (word) => expect(isBeforeCount(refusal(word))).toBe(true),
  );

  test.each([0x6581, 0x6f00, undefined])('%o leaves that open', (word) => {
    expect(isBeforeCount(refusal(word))).toBe(false);
  });

  test('Z-3: a command that was not sent was not counted', () => {
    const unsent = new SecureElementError('chip-failure', 'in passing', { unsent: true });
    expect(isBeforeCount(unsent)).toBe(true);
  });

  test('is judged of the refusal behind an error of a program, and of nothing else', () => {
    expect(isBeforeCount(new Error('refused', { cause: refusal(0x6984) }))).toBe(true);
    expect(isBeforeCount(new Error('refused'))).toBe(false);
    expect(isBeforeCount('refused')).toBe(false);
  });

  test.each(['pin-required', 'session-unknown', 'challenge-unknown'] as const)(
    '%s of a chip that may have been taken out meanwhile leaves it open',
    (code) => {
      const refused = new SecureElementError(code, '', { statusWord: 0x6985 });
      expect(isBeforeCount(ofUnknownOutcome(refused))).toBe(false);
      expect(ofUnknownOutcome(refused)).toMatchObject({ code });
    },
  );

  test('any other refusal is what it was', () => {
    const refused = new SecureElementError('record-not-found', '', { statusWord: 0x6a88 });
    expect(ofUnknownOutcome(refused)).toBe(refused);
  });
});
