import crypto from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';
import { openFixture, PASSWORD, setUpAdmin, HERE } from './support.ts';

const derivations: string[] = [];

// The real function, with every derivation written down.
const { scrypt } = crypto;
vi.spyOn(crypto, 'scrypt').mockImplementation((...args) => {
  const { N, r, p } = args[3];
  derivations.push(`${N}/${r}/${p}/${args[2]}`);
  scrypt(...args);
});
publishBuiltinSpies();

test('J-7 a login derives once at full cost whether or not there is such a user', async () => {
  const fixture = await openFixture({ cost: { N: 2 ** 15, r: 8, p: 1 } });
  await setUpAdmin(fixture);
  const { auth } = fixture;
  await auth.createUser({ username: 'machine', roles: ['participant'] }, 'root');
  await auth.createUser({ username: 'off', roles: ['auditor'], password: PASSWORD }, 'root');
  await auth.patchUser('off', { state: 'disabled' }, 'root');
  for (const username of ['root', 'nobody', 'machine', 'off']) {
    derivations.length = 0;
    await auth.login({ username, password: 'wrong horse battery' }, HERE).catch(() => undefined);
    expect(derivations, username).toEqual(['32768/8/1/32']);
  }
});
