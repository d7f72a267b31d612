import type { AuditEvent } from './event.ts';

/** Reports a detail that must never be logged; thrown to the programmer, before anything is written. */
class AuditGuardError extends Error {
  override readonly name = 'AuditGuardError';
}

/** Words that mark a detail as secret, anywhere in its name (docs/spec/wire.md §13). */
const SECRET_WORDS: ReadonlySet<string> = words(`
  pin puk password passphrase secret secrets seed mnemonic token tokens jwt bearer
  cookie credential credentials share shares shard shards keyshare opener private
  privkey scalar authorisation authorization ciphertext plaintext
`);

/** Names that contain such a word but hold something public. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(['token_id', 'shard_count']);

/** Details with public values that are long and look like key material. */
const PUBLIC_VALUES: ReadonlySet<string> = words(`
  address public_key former_public_key chip_public_key fingerprint former_fingerprint cpic se_id record_id digest
  payload_hash intent_hash session_hash evidence_hash key_id sid session_key token_id
  checkpoint_hash stream body_hash
  username participant participants coordinator concerned missing culprits
  claimed claimed_by
  se_ids record_ids chip_public_keys session_hashes reason_hash close_reason_hash closed_by certificate
`);

/** Signed receipts of chips: public, and longer than all other values. */
const LONG_VALUES: ReadonlySet<string> = words('receipts receipt');

const MAXIMUM_PUBLIC_VALUE = 192;
const MAXIMUM_LONG_VALUE = 324;
const MAXIMUM_TEXT = 512;

/** Matches text long enough to hold 14 bytes in hex, 21 in base64, or a token. */
const ENCODED_RUN = /[A-Za-z0-9+/_=.-]{28,}/g;

/** An Ethereum address is public wherever it stands. */
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/**
 * Returns details that are safe to keep for ever.
 *
 * A secret name is the caller's mistake and throws. A long value that looks encoded may come from outside,
 * such as a typed reason: it is replaced and the entry still written, because text typed by a stranger must
 * not decide whether an event is logged.
 *
 * @throws AuditGuardError when a name marks its value as a secret
 */
export function guardDetails(
  details: AuditEvent['details'],
): Record<string, string | number | boolean | string[]> {
  const kept: Record<string, string | number | boolean | string[]> = {};
  for (const [name, value] of Object.entries(details)) {
    checkName(name);
    if (typeof value === 'string') kept[name] = guardValue(name, value);
    else if (typeof value === 'object') kept[name] = value.map((item) => guardValue(name, item));
    else kept[name] = guardNumber(value);
  }
  return kept;
}

/** Makes text from outside storable: control characters and lone surrogates become U+FFFD. */
export function storableText(text: string): string {
  const cleaned = text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '\uFFFD');
  const characters = Array.from(cleaned);
  return characters.length <= MAXIMUM_TEXT
    ? cleaned
    : `${characters.slice(0, MAXIMUM_TEXT).join('')}…`;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

function checkName(name: string): void {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) {
    throw new AuditGuardError('audit detail names are lower case words joined by underscores');
  }
  if (HARMLESS_NAMES.has(name) || PUBLIC_VALUES.has(name)) return;
  if (name.split('_').some((word) => SECRET_WORDS.has(word))) {
    throw new AuditGuardError(`audit detail ${name} may hold a secret and is never logged`);
  }
}

function guardValue(name: string, value: string): string {
  if (PUBLIC_VALUES.has(name) && value.length <= MAXIMUM_PUBLIC_VALUE) return storableText(value);
  if (LONG_VALUES.has(name) && value.length <= MAXIMUM_LONG_VALUE) return storableText(value);
  return storableText(
    value.replace(ENCODED_RUN, (run) =>
      ADDRESS.test(run) || !looksEncoded(run) ? run : `[${run.length} characters withheld]`,
    ),
  );
}

/** Whether text looks like hex, or mixes letter cases: long host names and names with hyphens do neither. */
function looksEncoded(run: string): boolean {
  if (/^[0-9a-fx]+$/i.test(run)) return /[0-9]/.test(run);
  return /[a-z]/.test(run) && /[A-Z]/.test(run);
}

function guardNumber(value: number | boolean): number | boolean {
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return value;
  throw new AuditGuardError('audit details hold whole numbers only');
}
