/**
 * The coordinator's REST interface (docs/spec/wire.md §12) as this program uses it.
 *
 * @module
 */
import {
  describeIssues,
  describeJsonProblem,
  LoginAnswer,
  parseJson,
  Problem,
  readAnswer,
} from '@quorate/wire';
import type { z } from 'zod';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';
import { foreign } from '../terminal/output.ts';
import { type Endpoint, exchange, type HttpAnswer, type HttpCall, LARGEST_ANSWER } from './http.ts';
import { isFading, renewKept } from './renewal.ts';
import { type Login, readLogin } from './session.ts';

/** Something that can be asked. */
export interface Api {
  readonly endpoint: Endpoint;
  /** @throws CliError when it is refused, or the answer is not what the schema says */
  call<T>(schema: z.ZodType<T>, call: Omit<HttpCall, 'token'>): Promise<T>;
  /** Makes a request whose answer says only that it is done. @throws CliError when it is refused */
  done(call: Omit<HttpCall, 'token'>): Promise<void>;
  /** @throws CliError when it is refused */
  text(call: Omit<HttpCall, 'token'>): Promise<string>;
  /** A token that is valid now. */
  token(): Promise<string>;
}

/** An API without a login: setup, login, health. */
export function anonymousApi(endpoint: Endpoint): Api {
  return apiWith(endpoint, () => Promise.resolve(undefined));
}

/** An API with a token that somebody else keeps fresh. */
export function tokenApi(endpoint: Endpoint, token: () => Promise<string>): Api {
  return apiWith(endpoint, token);
}

/**
 * An API with the login of this machine; renews it when it is about to expire.
 *
 * @throws CliError `not_logged_in`
 */
export function loginApi(path: string): Api & { readonly login: Login } {
  let login = readLogin(path);
  const endpoint = endpointOf(login);
  const token = async (): Promise<string> => {
    if (isFading(login)) login = await renewKept(path, (kept) => renew(endpoint, kept));
    return login.access_token;
  };
  return {
    ...apiWith(endpoint, token),
    get login(): Login {
      return login;
    },
  };
}

function endpointOf(login: Login): Endpoint {
  return login.ca === undefined ? { url: login.url } : { url: login.url, ca: login.ca };
}

async function renew(endpoint: Endpoint, login: Login): Promise<Login> {
  const answer = await exchange(endpoint, {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    body: { refresh_token: login.refresh_token },
  });
  if (answer.status !== 200) throw refusal(endpoint, answer);
  const fresh = readAnswer(LoginAnswer, jsonOf(endpoint, answer.text));
  if (!fresh.success) throw unexpectedAnswer(endpoint, 'tokens expected');
  return { ...login, ...fresh.data };
}

function apiWith(endpoint: Endpoint, token: () => Promise<string | undefined>): Api {
  const ask = async (call: Omit<HttpCall, 'token'>): Promise<string> => {
    const bearer = await token();
    const answer = await exchange(endpoint, {
      ...call,
      ...(bearer === undefined ? {} : { token: bearer }),
    });
    if (answer.status >= 200 && answer.status <= 299) return answer.text;
    // Whoever logs in just now needs no advice to do so.
    throw refusal(endpoint, answer, bearer === undefined ? undefined : LOG_IN);
  };
  return {
    endpoint,
    text: ask,
    async call(schema, call) {
      const parsed = readAnswer(schema, jsonOf(endpoint, await ask(call)));
      if (!parsed.success) throw unexpectedAnswer(endpoint, describeIssues(parsed.error));
      return parsed.data;
    },
    async done(call) {
      // A server that answers everything with a page of its own has done nothing.
      jsonOf(endpoint, await ask(call));
    },
    async token() {
      const bearer = await token();
      if (bearer === undefined) throw new TypeError('unreachable: this API has no token');
      return bearer;
    },
  };
}

function jsonOf(endpoint: Endpoint, text: string): unknown {
  if (text === '') return undefined;
  const json = parseJson(text, { size: LARGEST_ANSWER });
  if (!json.ok) throw unexpectedAnswer(endpoint, describeJsonProblem(json));
  return json.value;
}

function unexpectedAnswer({ url }: Endpoint, why: string): CliError {
  return new CliError('unexpected_answer', `unexpected answer from ${url}: ${why}`, {
    exit: EXIT.unreachable,
    hint: 'is this a coordinator of the same version?',
  });
}

const LOG_IN = 'log in: quorate users login';

/** The error for an answer that is not 2xx, with `hint` for 401; problem+json is read where it is there. */
function refusal({ url }: Endpoint, { status, text }: HttpAnswer, hint?: string): CliError {
  const problem = problemOf(text);
  const said = problem.detail === '' || problem.detail === problem.title;
  const detail = said ? '' : `: ${foreign(problem.detail)}`;
  return new CliError(
    problem.code || `http_${status}`,
    `${foreign(problem.title) || `${url} answered ${status}`}${detail}`,
    { exit: exitOf(status), ...(status === 401 && hint !== undefined ? { hint } : {}) },
  );
}

function problemOf(text: string): Pick<Problem, 'code' | 'title' | 'detail'> {
  const json = parseJson(text);
  const problem = json.ok ? Problem.safeParse(json.value) : undefined;
  return problem?.success === true ? problem.data : { code: '', title: '', detail: '' };
}

function exitOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.unauthorised;
  if (status === 400) return EXIT.usage;
  return status >= 500 ? EXIT.unreachable : EXIT.refused;
}

/** One page of a list. */
interface Page {
  readonly next?: string | undefined;
}

/** Each page has 100 items; no server of ours gives a longer list. */
const MOST_PAGES = 10_000;

/**
 * Every item of a list, page after page.
 *
 * @throws CliError `unexpected_answer` for a list that does not end
 */
export async function everyPage<P extends Page, T>(
  api: Api,
  schema: z.ZodType<P>,
  path: string,
  itemsOf: (page: P) => readonly T[],
): Promise<T[]> {
  const items: T[] = [];
  const asked = new Set<string | undefined>();
  let after: string | undefined;
  do {
    asked.add(after);
    const query = new URLSearchParams({ limit: '100', ...(after === undefined ? {} : { after }) });
    const page: P = await api.call(schema, { method: 'GET', path: `${path}?${query.toString()}` });
    const found = itemsOf(page);
    for (const item of found) items.push(item);
    after = page.next;
    if (after === undefined) return items;
    // A page that is not the last one is full.
    if (found.length === 0 || asked.has(after)) break;
  } while (asked.size < MOST_PAGES);
  throw unexpectedAnswer(api.endpoint, 'an endless list');
}
