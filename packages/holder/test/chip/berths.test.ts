import { expect, test } from 'vitest';
import { type Berth, Berths } from '../../src/chip/berths.ts';
import { berthsOf, ModelChip, settled, takeMany, TestClock } from '../support/berthWorld.ts';

function world() {
  const [chip, clock] = [new ModelChip(), new TestClock()];
  return { chip, clock, berths: berthsOf(chip, clock) };
}

/** The signal of a session that does not end. */
const endless = (): AbortSignal => new AbortController().signal;

test('E-12: of 31 berths first challenges take 23, and the others wait', async () => {
  const { berths } = world();
  const { given } = takeMany(berths, 40);
  await settled();
  expect(given).toHaveLength(23);
  expect(berths.waiting).toBe(17);
});

test('E-12: a renewal has a berth at once when first challenges have all of theirs', async () => {
  const { berths } = world();
  const { given } = takeMany(berths, 40);
  await settled();
  for (const berth of given) await berth.challenge();
  const renewed: Berth[] = [];
  for (let at = 0; at < 9; at += 1) {
    void berths.renew(endless()).then((berth) => berth && renewed.push(berth));
  }
  await settled();
  expect(renewed).toHaveLength(8);
  expect(given).toHaveLength(23);
});

test('E-12: no first challenge takes a berth of the renewals, which keep theirs', async () => {
  const { berths, chip, clock } = world();
  const renewed = await berths.renew(endless());
  const challenge = await renewed!.challenge();
  const { given } = takeMany(berths, 300);
  for (let at = 0; at < 3; at += 1) {
    await settled();
    for (const berth of given.splice(0)) await berth.challenge();
    clock.pass(3_000);
  }
  expect(renewed!.keep()).toBe(true);
  expect(chip.spend(challenge)).toBe(true);
});

test('a berth that is given back goes to the session that is due first, whatever the order of arrival', async () => {
  const { berths } = world();
  const { end } = takeMany(berths, 23);
  const order: string[] = [];
  for (const [due, name] of [
    [9, 'a'],
    [7, 'b'],
    [7, 'a'],
  ] as const) {
    void berths.take({ due, name }, endless()).then(() => order.push(`${due}${name}`));
  }
  for (const at of [3, 4, 5]) {
    end(at);
    await settled();
  }
  expect(order).toEqual(['7a', '7b', '9a']);
});

test('a session that ends while it waits has no berth and leaves the queue', async () => {
  const { berths } = world();
  const { given, end } = takeMany(berths, 25);
  await settled();
  end(24);
  expect(berths.waiting).toBe(1);
  end(0);
  await settled();
  expect(given).toHaveLength(24);
  expect(berths.waiting).toBe(0);
  const over = new AbortController();
  over.abort();
  expect(await berths.take({ due: 0, name: 'x' }, over.signal)).toBeUndefined();
});

test('a berth is lent after 3 s without parameters, the oldest first, and only while somebody waits', async () => {
  const { berths, clock } = world();
  const { given } = takeMany(berths, 23);
  await settled();
  for (const berth of given) await berth.challenge();
  clock.pass(60_000);
  expect(given.every((berth) => berth.keep())).toBe(true);
  for (const berth of given) berth.leave();

  const second = takeMany(berths, 24).given;
  await settled();
  for (const berth of second) await berth.challenge();
  clock.pass(2_999);
  await settled();
  expect(second).toHaveLength(23);
  clock.pass(1);
  await settled();
  expect(second).toHaveLength(24);
  expect(second.slice(0, 23).map((berth) => berth.keep())).toEqual(
    second.slice(0, 23).map((_, at) => at > 0),
  );
});

test('a berth whose parameters have come is not lent', async () => {
  const { berths, chip, clock } = world();
  const { given } = takeMany(berths, 100);
  await settled();
  const challenges = await Promise.all(given.slice(0, 23).map((berth) => berth.challenge()));
  expect(given[0]?.keep()).toBe(true);
  clock.pass(600_000);
  await settled();
  expect(given).toHaveLength(23);
  expect(chip.spend(challenges[0]!)).toBe(true);
});

test('a renewal that the coordinator leaves unanswered for 10 s is lent to another renewal', async () => {
  const { berths, clock } = world();
  const renewed: Berth[] = [];
  for (let at = 0; at < 9; at += 1) {
    void berths.renew(endless()).then((berth) => berth && renewed.push(berth));
  }
  await settled();
  for (const berth of renewed) await berth.challenge();
  clock.pass(9_999);
  await settled();
  expect(renewed).toHaveLength(8);
  clock.pass(1);
  await settled();
  expect(renewed).toHaveLength(9);
  expect(renewed[0]?.keep()).toBe(false);
});

test('a challenge that nobody spends counts until all older ones are gone from the chip', async () => {
  const { berths, chip } = world();
  const { given, end } = takeMany(berths, 24);
  await settled();
  const oldest = await given[0]!.challenge();
  given[0]?.keep();
  for (const berth of given.slice(1)) await berth.challenge();
  for (let at = 1; at < 23; at += 1) end(at);
  await settled();
  expect(given).toHaveLength(23);
  expect(chip.spend(oldest)).toBe(true);
  given[0]?.spent();
  await settled();
  expect(given).toHaveLength(24);
});

test('E-12: challenges that nobody spends never push out one that is used, however many renewals end without an answer', async () => {
  const { berths, chip } = world();
  const { given } = takeMany(berths, 23);
  await settled();
  const oldest = await given[0]!.challenge();
  given[0]?.keep();
  for (const berth of given.slice(1)) await berth.challenge();
  const renewed: Berth[] = [];
  for (let at = 0; at < 20; at += 1) {
    const end = new AbortController();
    void berths.renew(end.signal).then(async (berth) => {
      if (berth === undefined) return;
      renewed.push(berth);
      await berth.challenge();
      end.abort();
    });
    await settled();
  }
  expect(renewed).toHaveLength(8);
  expect(chip.spend(oldest)).toBe(true);
  given[0]?.spent();
  await settled();
  expect(renewed).toHaveLength(9);
});

test('a challenge that was spent makes room at once, however old the others are', async () => {
  const { berths } = world();
  const { given } = takeMany(berths, 24);
  await settled();
  for (const berth of given) await berth.challenge();
  given[0]?.keep();
  given[1]?.keep();
  given[1]?.spent();
  await settled();
  expect(given).toHaveLength(24);
});

test('E-12: a chip of few challenges has berths for first and for renewed ones, or is refused', async () => {
  const chip = new ModelChip();
  const challenge = async (): Promise<Uint8Array> => chip.challenge();
  for (const capacity of [1, 0, -1, Number.NaN]) {
    expect(() => new Berths({ capacity, challenge })).toThrow(RangeError);
  }
  const berths = new Berths({ capacity: 2, challenge, clock: new TestClock() });
  expect(await berths.take({ due: 0, name: '' }, endless())).toBeDefined();
  expect(await berths.renew(endless())).toBeDefined();
});
