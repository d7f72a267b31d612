import { LoginAnswer, LoginList, TokenAnswer, TokenList } from '@quorate/wire';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openInProcess } from '../support/inProcess.ts';
import { TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const PASSWORD = 'a long enough passphrase';

let world: World;

beforeAll(async () => {
  world = await openWorld([]);
});

afterAll(() => world.end());

/** A coordinator user with a password, its login, and a token for a program. */
async function person() {
  const username = `user-${randomBytes(4).toString('hex')}`;
  const roles = ['coordinator'];
  await world.rest('POST', '/users', { username, roles, password: PASSWORD });
  const credentials = { username, password: PASSWORD };
  const login = LoginAnswer.parse((await world.rest('POST', '/auth/login', credentials)).body);
  const lifetime = { expires_in: 3600 };
  const made = await world.rest('POST', `/users/${username}/tokens`, lifetime);
  return { username, login, program: TokenAnswer.parse(made.body) };
}

async function socketOf(username: string, token: string, client: string): Promise<TestSocket> {
  const socket = await TestSocket.open(world.server.wsUrl);
  onTestFinished(() => socket.socket.terminate());
  socket.send({ type: 'register', username, role: client, token });
  await socket.next('register_complete', (answer) => answer['success'] === true);
  return socket;
}

const as = (token: string, method: string, path: string, body?: object) =>
  fetch(`${world.server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe('connections of what was revoked', () => {
  test('Y-8: a refresh token that is used twice closes those of its login', async () => {
    const { username, login } = await person();
    const socket = await socketOf(username, login.access_token, 'coordinator');
    const refresh = { refresh_token: login.refresh_token };
    expect((await world.rest('POST', '/auth/refresh', refresh)).status).toBe(200);
    await socket.settled();
    expect((await world.rest('POST', '/auth/refresh', refresh)).status).toBe(401);
    expect(await socket.closed).toBe(4403);
  });

  test('Y-8: a withdrawn token closes its own and no other of the same user', async () => {
    const { username, login, program } = await person();
    const path = `/users/${username}/tokens`;
    const other = TokenAnswer.parse((await world.rest('POST', path, { expires_in: 60 })).body);
    const socket = await socketOf(username, program.token, 'coordinator');
    expect(
      (await world.rest('DELETE', `/users/admin/tokens/${program.token_id}`)).body,
    ).toMatchObject({ code: 'unknown_token' });
    expect((await world.rest('DELETE', `${path}/${other.token_id}`)).status).toBe(200);
    expect((await as(login.access_token, 'POST', '/auth/logout', {})).status).toBe(200);
    await socket.settled();
    expect((await world.rest('DELETE', `${path}/${program.token_id}`)).status).toBe(200);
    expect(await socket.closed).toBe(4403);
    const { body } = await world.rest('GET', path);
    expect(TokenList.parse(body).tokens.map(({ withdrawn_at }) => withdrawn_at)).toEqual([
      world.clock.now(),
      world.clock.now(),
    ]);
  });

  test('Y-8: an administrator ends a login; everybody sees and ends his own only', async () => {
    const { username, login } = await person();
    const stranger = await person();
    const socket = await socketOf(username, login.access_token, 'coordinator');
    const path = `/users/${username}/logins`;
    const own = LoginList.parse(await (await as(login.access_token, 'GET', path)).json());
    expect(own.logins).toHaveLength(1);
    expect(LoginList.parse((await world.rest('GET', path)).body)).toEqual(own);
    const id = own.logins[0]?.login_id ?? '';
    for (const [method, url] of [
      ['GET', path],
      ['DELETE', `${path}/${id}`],
      ['DELETE', `/users/${stranger.username}/logins/${id}`],
    ] as const) {
      expect((await as(stranger.login.access_token, method, url)).status).toBe(404);
    }
    await socket.settled();
    expect((await world.rest('DELETE', `${path}/${id}`)).status).toBe(200);
    expect(await socket.closed).toBe(4403);
    const after = LoginList.parse((await world.rest('GET', path)).body);
    expect(after.logins).toMatchObject([{ login_id: id, ended: 'withdrawn' }]);
  });
});

test('Y-8: a token that is revoked while it registers leaves no connection behind', async () => {
  const parts = await openInProcess([{ username: 'ann', roles: ['coordinator'] }]);
  const request = { username: 'ann', lifetime: 3_600_000, actor: 'root' };
  const { token, tokenId } = await parts.auth.issueToken(request);
  // The moment that matters: the token was found good, its connection is not yet attached.
  let checked = 0;
  const verify = async (given: string) => {
    const verdict = await parts.auth.tokens.verify(given);
    checked += 1;
    if (checked === 1) await parts.auth.revokeToken({ username: 'ann', tokenId, actor: 'root' });
    return verdict;
  };
  Object.assign(parts.service.options, { tokens: { verify } });
  const line = parts.open();
  const fields = { username: 'ann', role: 'coordinator', token };
  line.connection.receive(JSON.stringify({ type: 'register', ...fields }));
  while (line.state.closed === undefined) await parts.idle();
  expect([line.state.closed, checked]).toEqual([4403, 2]);
});
