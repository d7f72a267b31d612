/**
 * The REST interface of a cosigner as a client uses it.
 *
 * @module
 */
import { describeIssues, describeJsonProblem, parseJson, Problem, readAnswer } from '@quorate/wire';
import type { z } from 'zod';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';
import { readText } from '../files.ts';
import { readSecretFile } from '../secrets.ts';
import { foreign } from '../terminal/output.ts';
import { checkedUrl, type Endpoint, exchange, LARGEST_ANSWER } from './http.ts';

/** Options of every command that asks a cosigner. */
export interface CosignerOptions {
  readonly url: string;
  readonly tokenFile: string;
  readonly ca?: string;
}

/** Asks one cosigner. */
export class CosignerApi {
  readonly #endpoint: Endpoint;
  readonly #token: string;

  constructor({ url, tokenFile, ca }: CosignerOptions) {
    const authority = ca === undefined ? {} : { ca: readText(ca, 'certificate authority') };
    this.#endpoint = { url: checkedUrl(url), ...authority };
    const bytes = readSecretFile(tokenFile, 'token');
    this.#token = new TextDecoder().decode(bytes).trim();
    bytes.fill(0);
  }

  /** @throws CliError with the code of the server's problem */
  async call<T>(schema: z.ZodType<T>, path: string, body?: object): Promise<T> {
    const { status, text } = await exchange(this.#endpoint, {
      method: body === undefined ? 'GET' : 'POST',
      path,
      token: this.#token,
      ...(body === undefined ? {} : { body }),
    });
    const json = parseJson(text, { size: LARGEST_ANSWER });
    if (status === 200 || status === 202) {
      if (!json.ok) throw this.#unexpected(describeJsonProblem(json));
      const answer = readAnswer(schema, json.value);
      if (answer.success) return answer.data;
      throw this.#unexpected(describeIssues(answer.error));
    }
    const problem = Problem.safeParse(json.ok ? json.value : undefined);
    if (!problem.success) throw this.#unexpected(`status ${status}`);
    const { code, detail } = problem.data;
    const hint = HINTS.get(code);
    throw new CliError(code, foreign(detail), {
      exit: exitOf(status),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #unexpected(why: string): CliError {
    const { url } = this.#endpoint;
    return new CliError('unexpected_answer', `unexpected answer from ${url}: ${why}`, {
      exit: EXIT.unreachable,
      hint: 'is this a cosigner of the same version?',
    });
  }
}

const HINTS: ReadonlyMap<string, string> = new Map([
  ['unauthorised', 'quorate cosigner token makes a token for this server'],
  ['unknown_partner', 'the configuration of the server that you asked lists its partners'],
  ['unknown_key', 'quorate cosign keys lists the keys'],
  ['digest_mismatch', 'look at the session again: quorate cosign sessions SESSION_ID'],
]);

function exitOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.unauthorised;
  if (status === 400 || status === 404) return EXIT.usage;
  return status >= 500 ? EXIT.unreachable : EXIT.refused;
}
