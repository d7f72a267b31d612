/**
 * One HTTP exchange with the coordinator, over node:http(s), so that a private certificate
 * authority can be given per call.
 *
 * @module
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv4 } from 'node:net';
import { systemCode, systemReason } from '@quorate/wire';
import { CliError, usageError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';

const MIB = 1024 * 1024;
/** Bytes. */
export const LARGEST_ANSWER: number = 64 * MIB;
/** Bytes of an export: what a text can hold, so that whatever is exported can be verified here. */
const LARGEST_EXPORT = 511 * MIB;

/** How long is waited for an answer; milliseconds. */
export interface Patience {
  /** While nothing arrives. */
  readonly silence: number;
  /** For the whole answer: a trickling one would never end. */
  readonly whole: number;
}

/** Enough for the largest answer at 2 Mbit/s. */
const PATIENCE: Patience = { silence: 30_000, whole: 300_000 };
const PATIENCE_OF_EXPORT: Patience = { silence: 30_000, whole: 2_400_000 };

/** Where a coordinator is and how its certificate is checked. */
export interface Endpoint {
  /** `https://host:port`, or `http://` on loopback. */
  readonly url: string;
  /** PEM of the certificate authority, when it is not a public one. */
  readonly ca?: string;
}

/** A request. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly token?: string;
  readonly body?: unknown;
  /** The answer grows with the server's age. */
  readonly isExport?: boolean;
}

/** An answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * The base URL of a coordinator, checked: TLS unless it is on this machine.
 *
 * @throws CliError `usage`
 */
export function checkedUrl(text: string, allowInsecure = false): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw usageError(`${text} is not a URL`, 'for example https://quorate.example:8080');
  }
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') {
    throw usageError(`${url.protocol}// is not supported`, 'use https://');
  }
  if (!secure && !allowInsecure && !isLoopback(url.hostname)) {
    throw usageError(
      `${text}: a password or token would cross the network in clear`,
      'use https://',
    );
  }
  return url.origin;
}

/** Whether a host name is this machine. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** The WebSocket address of a coordinator. */
export function webSocketUrl(base: string): string {
  return `${base.replace(/^http/, 'ws')}/ws`;
}

/**
 * Makes one request.
 *
 * @throws CliError `unreachable`
 */
export function exchange(
  endpoint: Endpoint,
  call: HttpCall,
  { silence, whole }: Patience = call.isExport === true ? PATIENCE_OF_EXPORT : PATIENCE,
): Promise<HttpAnswer> {
  const largest = call.isExport === true ? LARGEST_EXPORT : LARGEST_ANSWER;
  const url = new URL(call.path, endpoint.url);
  const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(unreachable(endpoint.url, error));
    const outgoing = send(
      url,
      {
        method: call.method,
        timeout: silence,
        agent: false,
        headers: headersOf(call, body),
        ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > largest) outgoing.destroy(new Error(`answer over ${largest / MIB} MiB`));
          else chunks.push(chunk);
        });
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
        incoming.on('error', fail);
      },
    );
    const giveUp = (what: string, ms: number) => (): void => {
      outgoing.destroy(new Error(`${what} within ${ms / 1000} s`));
    };
    const late = setTimeout(giveUp('no complete answer', whole), whole);
    outgoing.on('close', () => clearTimeout(late));
    outgoing.on('timeout', giveUp('no answer', silence));
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

function headersOf(call: HttpCall, body: Buffer | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(body.length) }),
  };
}

function unreachable(url: string, cause: unknown): CliError {
  const reason = systemReason(cause);
  const options = { exit: EXIT.unreachable, hint: hintOf(url, reason, cause), cause };
  return new CliError('unreachable', `${url}: ${reason}`, options);
}

function hintOf(url: string, reason: string, cause: unknown): string {
  if (/self.signed|unable to (get|verify)/i.test(reason)) {
    return 'give the certificate authority with --ca FILE';
  }
  if (systemCode(cause) === 'ECONNRESET' && url.startsWith('http:'))
    return 'does it expect https://?';
  return 'is the server running, and is the URL right?';
}
