/** The one judgement of a session certificate, for servers and participants (docs/spec/channel.md §1). */
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, utf8 } from './bytes.ts';
import { type Certificate, decodeCertificate, isSignedBy, type Operation } from './certificate.ts';
import { IntentError } from './errors.ts';

/** How long certificates are valid, milliseconds. */
export const CERTIFICATE_TIMES = {
  /** The lifetime that participants give their own certificates: enough for the invitation and the session. */
  lifetime: 600_000,
  /** Certificates that expire later than this from now are refused. */
  longest: 900_000,
  /** How far two honest clocks may be apart. */
  skew: 60_000,
} as const;

/** The facts that a certificate must be for, from the judge's own knowledge. */
export interface ExpectedCertificate {
  readonly operation: Operation;
  readonly sessionKey: string;
  readonly partIndex: number;
  /** 65 bytes: the registered or pinned key, never one from a message. */
  readonly chipPublicKey: Uint8Array;
  /** 32 bytes */
  readonly intentHash: Uint8Array;
  /** Milliseconds since 1970; undefined if the certificate cannot expire, because its consent is permanent. */
  readonly now: number | undefined;
}

/** Why a certificate is refused; if there are several reasons, the first in this order. */
export type CertificateProblem =
  | { readonly kind: 'malformed'; readonly expected: string }
  | { readonly kind: 'part-index' | 'session' | 'chip' | 'operation' | 'intent' }
  | { readonly kind: 'expired' | 'too-long'; readonly notAfter: number; readonly now: number };

/** A valid certificate, or why it is refused. */
export type JudgedCertificate =
  | { readonly ok: true; readonly certificate: Certificate }
  | { readonly ok: false; readonly problem: CertificateProblem };

/** Judges a certificate (bytes, or the base64 of the wire) by all facts that it must be for. */
export function judgeCertificate(
  received: Uint8Array | string,
  expected: ExpectedCertificate,
): JudgedCertificate {
  const certificate = decoded(received);
  if (certificate instanceof IntentError) {
    return { ok: false, problem: { kind: 'malformed', expected: certificate.expected } };
  }
  const problem = problemOf(certificate, expected);
  return problem === undefined ? { ok: true, certificate } : { ok: false, problem };
}

/** Whether a certificate has expired, allowing for clock skew. */
export function isCertificateExpired(
  { notAfter }: Pick<Certificate, 'notAfter'>,
  now: number,
): boolean {
  return notAfter <= now - CERTIFICATE_TIMES.skew;
}

function decoded(received: Uint8Array | string): Certificate | IntentError {
  try {
    return decodeCertificate(received);
  } catch (error) {
    if (error instanceof IntentError) return error;
    throw error;
  }
}

function problemOf(
  certificate: Certificate,
  expected: ExpectedCertificate,
): CertificateProblem | undefined {
  // Party and session tell which key must have signed; operation, intent and date mean something only after that.
  if (certificate.partIndex !== expected.partIndex) return { kind: 'part-index' };
  if (!equalBytes(certificate.sessionKeyHash, sha256(utf8(expected.sessionKey)))) {
    return { kind: 'session' };
  }
  if (!isSignedBy(certificate, expected.chipPublicKey)) return { kind: 'chip' };
  if (certificate.operation !== expected.operation) return { kind: 'operation' };
  if (!equalBytes(certificate.intentHash, expected.intentHash)) return { kind: 'intent' };
  return expected.now === undefined ? undefined : dateProblem(certificate, expected.now);
}

function dateProblem(certificate: Certificate, now: number): CertificateProblem | undefined {
  const { notAfter } = certificate;
  if (isCertificateExpired(certificate, now)) return { kind: 'expired', notAfter, now };
  return notAfter > now + CERTIFICATE_TIMES.longest
    ? { kind: 'too-long', notAfter, now }
    : undefined;
}
