import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CHEAP } from '../../../../test/support/passwordCost.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { type Audit, createAudit, Tally } from '../../src/audit/index.ts';
import { type Auth, type AuthOptions, createAuth, loadOrCreateKey } from '../../src/auth/index.ts';
import type { Database } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { type TestClock, testClock } from '../support/clock.ts';

export const START = 1_800_000_000_000;

export const manualClock = (start: number = START): TestClock => testClock(start);

export interface Fixture {
  readonly directory: string;
  readonly database: Database;
  readonly clock: TestClock;
  readonly tally: Tally;
  readonly audit: Audit;
  readonly auth: Auth;
}

export const PASSWORD = 'correct horse battery';

/** Where the logins of a test come from. */
export const HERE = { address: '192.0.2.1' };

export async function openFixture(options: Partial<AuthOptions> = {}): Promise<Fixture> {
  const directory = temporaryDirectory();
  const clock = manualClock();
  const database = await openDatabase(join(directory, 'quorate.db'));
  onTestFinished(() => database.close());
  const audit = createAudit({
    database,
    key: loadOrCreateKey(join(directory, 'keys', 'audit.pem'), 'ed25519'),
    clock,
  });
  const auth = await createAuth({
    database,
    audit,
    clock,
    keys: { keyFile: join(directory, 'keys', 'jwt.pem') },
    cost: CHEAP,
    ...options,
  });
  const onError = (error: unknown): never => {
    throw error;
  };
  const tally = new Tally({ database, audit, clock, onError });
  return { directory, database, clock, audit, tally, auth };
}

/** Makes the first administrator the way an operator does. */
export async function setUpAdmin({ auth }: Fixture): Promise<void> {
  const token = await auth.makeSetupToken();
  if (token === undefined) throw new Error('no setup token');
  await auth.setUp({ token, username: 'root', password: PASSWORD });
}

/** Waits until what was begun on the database is done: each step of it takes its turn among these. */
export async function quiet(database: Database): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    await database.read(async () => undefined);
    await database.transaction(async () => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
