/** A registration in words: whom it makes a connection the one of, and what it is answered. */
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

/** A registration that succeeded. */
export interface Registered extends Resumption {
  readonly recipient: Recipient;
  readonly identity: Identity;
  readonly lastCseq: number;
  readonly notices: readonly object[];
}

/** Whom a registration is for: a coordinator's named client, or the one client that a user has otherwise. */
export function recipientOf({ username, role, client_id: client }: Register): Recipient {
  return role === 'participant' ? participant(username) : coordinator(username, client);
}

/** Whether a connection of this recipient may take the registration as a renewal of its own. */
export function isRenewalOf(recipient: Recipient, message: Register): boolean {
  const { username, role, client } = recipientOf(message);
  return recipient.username === username && recipient.role === role && recipient.client === client;
}

/** The answer to a registration that succeeded. */
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

/** The answer to one that was refused. */
export function refusalMessageOf(
  code: ErrorCode,
  details: string,
  language: Language,
): RegisterComplete {
  const text = codeText(code, language);
  const message = details === '' ? text : `${text}: ${details}`;
  return { type: 'register_complete', success: false, message, code };
}
