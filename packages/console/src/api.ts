/**
 * The coordinator's REST interface for the page. Tokens stay in a closure: they are never stored, and never
 * appear in the address bar or in the document.
 */
import type { LoginAnswer, Problem, Role } from '@quorate/wire';

/** The logged-in user. */
export interface Account {
  readonly username: string;
  readonly roles: readonly Role[];
}

/** A failed request. `code` is the server's, or `unreachable`. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: string;
  readonly detail: string;

  constructor(code: string, title: string, detail: string) {
    super(title);
    this.code = code;
    this.detail = detail;
  }
}

/** The requests of the page. */
export interface Api {
  login(username: string, password: string): Promise<Account>;
  logout(): Promise<void>;
  /** @throws ApiProblem */
  get(path: string, signal?: AbortSignal): Promise<Response>;
}

/** One request, as this client makes them. */
export interface Call {
  readonly method?: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Options of {@link createApi}. */
export interface ApiOptions {
  readonly fetch: (path: string, call: Call) => Promise<Response>;
  readonly now: () => number;
  /** Told when the login has ended, whatever the reason. */
  readonly onLoggedOut: () => void;
}

const RENEW_BEFORE_MS = 30_000;

/** Makes the client of one tab. */
export function createApi(options: ApiOptions): Api {
  let tokens: LoginAnswer | undefined;
  let renewing: Promise<LoginAnswer> | undefined;

  const post = (path: string, body: object, token?: string): Promise<Response> =>
    send(options, path, postOf(body, token));

  const end = (): void => {
    if (tokens === undefined) return;
    tokens = undefined;
    options.onLoggedOut();
  };

  // A refresh token is valid once, so only one renewal may be under way.
  const renew = (old: LoginAnswer): Promise<LoginAnswer> => {
    renewing ??= post('/api/v1/auth/refresh', { refresh_token: old.refresh_token })
      .then((answer) => contentOf<LoginAnswer>(answer))
      .then((renewed) => {
        if (tokens === old) tokens = renewed;
        return renewed;
      })
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  };

  const get = async (path: string, signal?: AbortSignal): Promise<Response> => {
    let held = tokens;
    if (held === undefined) throw new ApiProblem('unauthorised', 'not logged in', '');
    try {
      if (held.expires_at - options.now() < RENEW_BEFORE_MS) held = await renew(held);
      return await send(options, path, {
        headers: bearer(held.access_token),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (error instanceof ApiProblem && ENDED.has(error.code)) end();
      throw error;
    }
  };

  return {
    get,
    login: async (username, password) => {
      const answer = await post('/api/v1/auth/login', { username, password });
      tokens = await contentOf<LoginAnswer>(answer);
      return { username: tokens.username, roles: tokens.roles };
    },
    logout: async () => {
      const held = tokens;
      end();
      if (held === undefined) return;
      const body = { refresh_token: held.refresh_token };
      await post('/api/v1/auth/logout', body, held.access_token).catch(() => undefined);
    },
  };
}

const ENDED: ReadonlySet<string> = new Set(['unauthorised', 'invalid_token', 'token_expired']);

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function postOf(body: object, token?: string): Call {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify(body),
  };
}

async function send({ fetch }: ApiOptions, path: string, call: Call): Promise<Response> {
  const answer = await fetch(path, call).catch((error: unknown) => {
    throw new ApiProblem('unreachable', 'no answer', String(error));
  });
  if (answer.ok) return answer;
  const problem = await contentOf<Partial<Problem>>(answer).catch((): Partial<Problem> => ({}));
  throw new ApiProblem(
    String(problem.code ?? 'internal'),
    String(problem.title ?? answer.statusText),
    String(problem.detail ?? ''),
  );
}

/**
 * The JSON of an answer. Not validated, because the same server also served this page; the page only shows it,
 * as text.
 */
export async function contentOf<T>(answer: Response): Promise<T> {
  const content: unknown = await answer.json();
  return content as T;
}
