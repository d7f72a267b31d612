/**
 * The REST interface of a cosigner as a client uses it.
 *
 * @module
 */
import { Problem } from '@quorate/wire';
import type { z } from 'zod';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';
import { readText } from '../files.ts';
import { readSecretFile } from '../secrets.ts';
import { checkedUrl, type Endpoint, exchange } from './http.ts';

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
    const json = parsed(text);
    if (status === 200 || status === 202) return schema.parse(json);
    const problem = Problem.safeParse(json);
    if (!problem.success) {
      throw new CliError('unexpected_answer', `${this.#endpoint.url} answered ${status}`, {
        exit: EXIT.unexpected,
      });
    }
    const { code, detail } = problem.data;
    throw new CliError(code, detail, { exit: exitOf(status) });
  }
}

function exitOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.unauthorised;
  return status === 400 || status === 404 ? EXIT.usage : EXIT.refused;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
