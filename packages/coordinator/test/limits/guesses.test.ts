import { describe, expect, test } from 'vitest';
import { Guesses } from '../../src/limits/guesses.ts';
import type { GuessOutcome } from '../../src/auth/index.ts';
import { type Fixture, HERE, openFixture, PASSWORD, setUpAdmin } from '../auth/support.ts';

const ROOT = { username: 'root', password: PASSWORD };
const AWAY = { address: '198.51.100.1' };

async function open(): Promise<Fixture & { seen: GuessOutcome[] }> {
  const seen: GuessOutcome[] = [];
  const fixture = await openFixture({
    onGuess: (outcome) => seen.push(outcome),
    rates: { guessesPerPlace: 2, guessesPerName: 4 },
  });
  await setUpAdmin(fixture);
  return { ...fixture, seen };
}

type LoginOrigin = Parameters<Fixture['auth']['login']>[1];

const codeOf = ({ auth }: Fixture, username: string, password: string, origin: LoginOrigin) =>
  auth.login({ username, password }, origin).then(
    () => 'ok',
    ({ code }: { code: string }) => code,
  );

/** Wrong passwords from so many addresses that nobody has seen before. */
async function flood(fixture: Fixture, username: string, places = 4): Promise<string[]> {
  const codes: string[] = [];
  for (let n = 0; n < places; n += 1) {
    const address = `203.0.113.${n}`;
    codes.push(await codeOf(fixture, username, 'a wrong password', { address }));
  }
  return codes;
}

describe('guesses from one place', () => {
  test('Y-9: keep out nobody at another place', async () => {
    const fixture = await open();
    for (let n = 0; n < 2; n += 1) await codeOf(fixture, 'root', 'a wrong password', AWAY);
    expect(await codeOf(fixture, 'root', PASSWORD, AWAY)).toBe('rate_limited');
    expect(await codeOf(fixture, 'root', PASSWORD, HERE)).toBe('ok');
    expect(await codeOf(fixture, 'root', PASSWORD, AWAY)).toBe('rate_limited');
  });

  test('Y-9: do not keep out a device that logged in before, though the place is the same', async () => {
    const fixture = await open();
    const { refreshToken: device } = await fixture.auth.login(ROOT, HERE);
    for (let n = 0; n < 2; n += 1) await codeOf(fixture, 'root', 'a wrong password', HERE);
    expect(await codeOf(fixture, 'root', PASSWORD, HERE)).toBe('rate_limited');
    const other = { ...HERE, device: 'of nobody' };
    expect(await codeOf(fixture, 'root', PASSWORD, other)).toBe('rate_limited');
    expect(await codeOf(fixture, 'root', PASSWORD, { ...HERE, device })).toBe('ok');
  });

  test('Y-9: say how long to wait', async () => {
    const fixture = await open();
    for (let n = 0; n < 2; n += 1) await codeOf(fixture, 'root', 'a wrong password', AWAY);
    await expect(fixture.auth.login(ROOT, AWAY)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfter: 1_000,
    });
    fixture.clock.advance(999);
    await expect(fixture.auth.login(ROOT, AWAY)).rejects.toMatchObject({ retryAfter: 1 });
    fixture.clock.advance(1);
    expect(await codeOf(fixture, 'root', PASSWORD, AWAY)).toBe('ok');
  });
});

describe('guesses from many places', () => {
  test('Y-9: make new places wait, never a known address or device', async () => {
    const fixture = await open();
    const { refreshToken } = await fixture.auth.login(ROOT, HERE);
    const { refreshToken: device } = await fixture.auth.refresh(refreshToken);
    expect(await flood(fixture, 'root')).toEqual(Array(4).fill('invalid_credentials'));
    expect(await codeOf(fixture, 'root', PASSWORD, AWAY)).toBe('rate_limited');
    expect(await codeOf(fixture, 'root', PASSWORD, HERE)).toBe('ok');
    expect(await codeOf(fixture, 'root', PASSWORD, { ...AWAY, device })).toBe('ok');
    // Its success is of no use to the guesser.
    expect(await codeOf(fixture, 'root', PASSWORD, { address: '203.0.113.99' })).toBe(
      'rate_limited',
    );
  });

  test('Y-9: a device is known for 30 days after its last use, and not once its login was withdrawn', async () => {
    const fixture = await open();
    const { auth, clock } = fixture;
    const stolen = await auth.login(ROOT, { address: '192.0.2.10' });
    const old = await auth.login(ROOT, { address: '192.0.2.11' });
    const identity = await auth.tokens.verify(stolen.accessToken);
    if ('refused' in identity || identity.loginId === undefined) throw new Error('no login');
    await auth.endLogin({ username: 'root', loginId: identity.loginId, actor: 'root' });
    await flood(fixture, 'root');
    const from = ({ refreshToken: device }: { refreshToken: string }) => ({ ...AWAY, device });
    expect(await codeOf(fixture, 'root', PASSWORD, from(stolen))).toBe('rate_limited');
    expect(await codeOf(fixture, 'root', PASSWORD, { address: '192.0.2.10' })).toBe('rate_limited');
    expect(await codeOf(fixture, 'root', 'a wrong password', from(old))).toBe(
      'invalid_credentials',
    );
    clock.advance(30 * 86_400_000 + 1);
    await flood(fixture, 'root');
    expect(await codeOf(fixture, 'root', PASSWORD, from(old))).toBe('rate_limited');
  });

  test('Y-9, J-7: are answered alike for a name that nobody has', async () => {
    const fixture = await open();
    const codes = [];
    for (const username of ['root', 'nobody']) {
      const guessed = await flood(fixture, username, 6);
      codes.push([...guessed, await codeOf(fixture, username, PASSWORD, AWAY)]);
    }
    expect(codes[0]).toEqual(codes[1]);
    expect(codes[0]).toEqual([
      ...Array(4).fill('invalid_credentials'),
      ...Array(3).fill('rate_limited'),
    ]);
  });

  test('Y-9: are an alarm in the audit log and in the figures, once for a flood', async () => {
    const fixture = await open();
    await flood(fixture, 'root', 8);
    await flood(fixture, 'a password typed as a name', 8);
    const alarms = await fixture.audit.list({ action: 'auth.flood', limit: 10 });
    expect(alarms.map(({ subject, outcome }) => [subject, outcome])).toEqual([
      ['', 'refused'],
      ['root', 'refused'],
    ]);
    expect(fixture.seen.filter((outcome) => outcome === 'flooded')).toHaveLength(2);
    expect(fixture.seen.filter((outcome) => outcome === 'throttled')).toHaveLength(8);
  });
});

test('Y-9: addresses are stored as hashes under a key that the database does not hold', async () => {
  const fixture = await open();
  await fixture.auth.login(ROOT, HERE);
  const rows = await fixture.database.read((tx) => tx.all('SELECT * FROM logins', []));
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(HERE.address);
  const other = await openFixture();
  await setUpAdmin(other);
  await other.auth.login(ROOT, HERE);
  const hash = async ({ database }: Fixture) =>
    (await database.read((tx) => tx.get<{ address_hash: string }>('SELECT * FROM logins')))
      ?.address_hash;
  expect(await hash(other)).not.toBe(await hash(fixture));
});

test('Y-9: guesses of a name that go on make it wait a minute at most', () => {
  let now = 0;
  const guesses = new Guesses(() => now, { guessesPerPlace: 5, guessesPerName: 50 });
  for (let n = 0; n < 1_000; n += 1) {
    guesses.failed({ username: 'root', place: `place ${n}`, known: false });
  }
  const attempt = { username: 'root', place: 'new', known: false };
  expect(guesses.waitOf(attempt)).toBe(60_000);
  expect(guesses.waitOf({ ...attempt, known: true })).toBe(0);
  now += 60_000;
  expect(guesses.waitOf(attempt)).toBe(0);
  now += 3_600_000;
  expect(guesses.failed(attempt)).toEqual({ flooded: false });
});
