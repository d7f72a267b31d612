import { describe, expect, it } from 'vitest';
import { type Api, ApiProblem, type Call, createApi } from '../src/api.ts';

const MINUTE = 60_000;

/** A server of the login routes with a clock of its own; counts what it is asked. */
function tab() {
  const state = { now: 0, issued: 0, loggedOut: 0, reachable: true };
  const asked: string[] = [];
  let valid = { access: '', refresh: '' };

  const issue = () => {
    state.issued += 1;
    valid = { access: `a${state.issued}`, refresh: `r${state.issued}` };
    return Response.json({
      username: 'alice',
      roles: ['admin'],
      access_token: valid.access,
      refresh_token: valid.refresh,
      expires_at: state.now + 15 * MINUTE,
    });
  };
  const refuse = (code: string) =>
    Response.json({ code, title: code, detail: '' }, { status: 401 });

  const answer = (path: string, call: Call): Response => {
    const body: Record<string, unknown> = call.body ? JSON.parse(call.body) : {};
    if (path.endsWith('/login')) {
      return body.password === 'right' ? issue() : refuse('invalid_credentials');
    }
    if (path.endsWith('/refresh')) {
      return body.refresh_token === valid.refresh ? issue() : refuse('invalid_token');
    }
    const { authorization } = call.headers;
    if (path.endsWith('/gateway')) return new Response('<html>', { status: 502 });
    return authorization === `Bearer ${valid.access}` ? Response.json({}) : refuse('unauthorised');
  };

  const api: Api = createApi({
    fetch: async (path, call) => {
      asked.push(path);
      if (!state.reachable) throw new TypeError('no route');
      return answer(path, call);
    },
    now: () => state.now,
    onLoggedOut: () => {
      state.loggedOut += 1;
    },
  });
  const revoke = (): void => {
    valid = { access: '', refresh: '' };
  };
  return { api, state, asked, revoke };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof ApiProblem ? error.code : String(error)),
  );

describe('the client of a tab', () => {
  it('asks nothing before a login', async () => {
    const { api, asked } = tab();
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('unauthorised');
    expect(asked).toEqual([]);
  });

  it('says who logged in, and why not', async () => {
    const { api } = tab();
    expect(await codeOf(api.login('alice', 'wrong'))).toBe('invalid_credentials');
    expect(await api.login('alice', 'right')).toEqual({ username: 'alice', roles: ['admin'] });
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('done');
  });

  it('renews its token once for requests at the same time, because a refresh token is good once', async () => {
    const { api, state, asked } = tab();
    await api.login('alice', 'right');
    state.now = 14.6 * MINUTE;
    const all = await Promise.all(['/a', '/b', '/c'].map((path) => codeOf(api.get(path))));
    expect(all).toEqual(['done', 'done', 'done']);
    expect(asked.filter((path) => path.endsWith('/refresh'))).toHaveLength(1);
    expect(state.loggedOut).toBe(0);
  });

  it('ends the login when the server no longer accepts it', async () => {
    const { api, state, revoke } = tab();
    await api.login('alice', 'right');
    revoke();
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('unauthorised');
    expect(state.loggedOut).toBe(1);
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('unauthorised');
    expect(state.loggedOut).toBe(1);
  });

  it('ends the login when the renewal is refused', async () => {
    const { api, state, revoke } = tab();
    await api.login('alice', 'right');
    revoke();
    state.now = 15 * MINUTE;
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('invalid_token');
    expect(state.loggedOut).toBe(1);
  });

  it('keeps the login when the server is away or answers with something else', async () => {
    const { api, state } = tab();
    await api.login('alice', 'right');
    expect(await codeOf(api.get('/gateway'))).toBe('internal');
    state.reachable = false;
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('unreachable');
    state.now = 15 * MINUTE;
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('unreachable');
    state.reachable = true;
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('done');
    expect(state.loggedOut).toBe(0);
  });

  it('logs out at once, also when the server is away', async () => {
    const { api, state } = tab();
    await api.login('alice', 'right');
    state.reachable = false;
    await api.logout();
    expect(state.loggedOut).toBe(1);
    expect(await codeOf(api.get('/api/v1/keys'))).toBe('unauthorised');
  });
});
