/** Reads a registration's recipient, and words the answer. */
import {
  codeText,
  type ErrorCode,
  type Language,
  type Register,
  type RegisterComplete,
  textOf,
} from '@quorate/wire';
import type { Identity } from '../auth/index.ts';
import type { Resumption } from '../delivery/outbox.ts';
import { coordinator, participant, type Recipient } from '../delivery/recipient.ts';

/** A successful registration. */
export interface Registered extends Resumption {
  readonly recipient: Recipient;
  readonly identity: Identity;
  readonly lastCseq: number;
  readonly notices: readonly object[];
}

/** The recipient of a registration: a coordinator's named client, or else the user's only client. */
export function recipientOf({ username, role, client_id: client }: Register): Recipient {
  return role === 'participant' ? participant(username) : coordinator(username, client);
}

/** Whether a registration renews this recipient's own connection. */
export function isRenewalOf(recipient: Recipient, message: Register): boolean {
  const { username, role, client } = recipientOf(message);
  return recipient.username === username && recipient.role === role && recipient.client === client;
}

/** The answer to a successful registration. */
export function welcomeOf(
  { stream, resumed, lastCseq }: Registered,
  renewal: boolean,
  language: Language,
): RegisterComplete {
  return {
    type: 'register_complete',
    success: true,
    message: textOf('registered', language),
    stream,
    resumed: renewal ? 0 : resumed,
    last_cseq: lastCseq,
  };
}

/** The answer to a refused registration. */
export function refusalMessageOf(
  code: ErrorCode,
  details: string,
  language: Language,
): RegisterComplete {
  const text = codeText(code, language);
  const message = details === '' ? text : `${text}: ${details}`;
  return { type: 'register_complete', success: false, message, code };
}
