/**
 * The identity of a partner: two public keys under one fingerprint that people compare. The P-256 key signs
 * session certificates; the X25519 key opens the connection.
 */
import { messageOf } from '@quorate/holder';
import {
  checkP256PublicKey,
  checkX25519PublicKey,
  fromHex,
  hashFramed,
  shortFingerprint,
  toHex,
  utf8,
} from '@quorate/intent';
import { describeJsonProblem, parseJson } from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { z } from 'zod';
import { SetupError } from './errors.ts';

const FORMAT = 'quorate-cosigner/v1';
const LABEL = 'quorate/v1/cosigner/identity';

/** The public half of a cosigner. */
export interface PublicIdentity {
  readonly name: string;
  readonly role: 'enterprise' | 'mobile-app';
  /** 65 bytes, P-256 */
  readonly identity: Uint8Array;
  /** 32 bytes, X25519 */
  readonly agreement: Uint8Array;
}

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  role: z.enum(['enterprise', 'mobile-app']),
  identity: z.string().regex(/^04[0-9a-f]{128}$/),
  agreement: z.string().regex(/^[0-9a-f]{64}$/),
});

/** The text of the file for a partner. */
export function exportIdentity(identity: PublicIdentity): string {
  const { name, role } = identity;
  const file = {
    format: FORMAT,
    name,
    role,
    identity: toHex(identity.identity),
    agreement: toHex(identity.agreement),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** 32 bytes over the whole content of the file. */
function identityFingerprint(identity: PublicIdentity): Uint8Array {
  const { name, role } = identity;
  return hashFramed(LABEL, utf8(name), utf8(role), identity.identity, identity.agreement);
}

/** The fingerprint as people compare it: 8 groups of 4 hex digits. */
export function shownFingerprint(identity: PublicIdentity): string {
  return shortFingerprint(identityFingerprint(identity));
}

/** Reads an exported file. @throws SetupError `config/invalid`, `config/missing` */
export function readIdentity(path: string): PublicIdentity {
  let content: Buffer;
  try {
    content = readOperatorFile(path);
  } catch (error) {
    throw new SetupError(
      'config/missing',
      `partner key ${path} cannot be read (quorate cosigner pin, or partner_keys): ${messageOf(error)}`,
    );
  }
  const json = parseJson(content);
  if (!json.ok) throw new SetupError('config/invalid', `${path}: ${describeJsonProblem(json)}`);
  try {
    const file = fileSchema.parse(json.value);
    const identity = fromHex(file.identity, 65);
    const agreement = fromHex(file.agreement, 32);
    checkP256PublicKey(identity);
    checkX25519PublicKey(agreement);
    return { name: file.name, role: file.role, identity, agreement };
  } catch (error) {
    throw new SetupError('config/invalid', `${path} is not an exported cosigner key`, error);
  }
}
