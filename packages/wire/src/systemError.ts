/**
 * Words an error of the operating system about a file or a host: which one, and what is wrong. Node's own
 * texts give the call and its arguments.
 *
 * @module
 */

import { dateOf } from './dates.ts';

const WORDS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EADDRINUSE', 'address already in use'],
  ['EADDRNOTAVAIL', 'no such address on this machine'],
  ['EAI_AGAIN', 'the host name cannot be looked up now'],
  ['EBUSY', 'in use'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was cut'],
  ['EDQUOT', 'the quota is used up'],
  ['EEXIST', 'already exists'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['EIO', 'the disk or terminal failed'],
  ['EISDIR', 'is a directory'],
  ['ELOOP', 'too many symbolic links'],
  ['EMFILE', 'too many open files'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ENETUNREACH', 'no route to the network'],
  ['ENFILE', 'too many open files on this machine'],
  ['ENOENT', 'no such file or directory'],
  ['ENOSPC', 'no space left on device'],
  ['ENOTDIR', 'not a directory'],
  ['ENOTEMPTY', 'the directory is not empty'],
  ['ENOTFOUND', 'no such host'],
  ['EPERM', 'not permitted'],
  ['EPIPE', 'the reader has gone'],
  ['EPROTO', 'the other side does not speak TLS'],
  ['EROFS', 'the file system is read-only'],
  ['ETIMEDOUT', 'no answer in time'],
]);

/** The code of an error of the operating system, if it is known here. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && WORDS.has(error.code) ? error.code : undefined;
}

/** Codes of a TLS certificate refused because of its date. */
const DATED: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

function datedReason(code: string): string {
  const what = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
  return `the other side's certificate ${what}: the clock here shows ${dateOf(Date.now())}; is it right?`;
}

/** Words an error of the operating system; other errors keep their message. */
export function systemReason(error: unknown): string {
  // Both addresses of a host were tried: the first failure is the informative one.
  if (error instanceof AggregateError && error.errors.length > 0)
    return systemReason(error.errors[0]);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = DATED.has(code) ? datedReason(code) : WORDS.get(code);
  return words ?? (error instanceof Error ? error.message : 'unknown error');
}

/** Says why a file cannot be read. */
export function describeFileProblem(file: string, error: unknown): string {
  return `${file} cannot be read: ${systemReason(error)}`;
}
