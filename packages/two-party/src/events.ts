/** The events of a session. Nothing in an event is secret: a share is announced by its public half. */
import { type CosignerCode, isCosignerCode, PeerAbort, PeerInit, PeerSync } from '@quorate/wire';
import type { Prepared } from './certificates.ts';
import type { PartClock } from './effects.ts';
import { decodeMail, type Mail } from './mail.ts';
import type { Frame } from './messages.ts';
import type { Facts } from './terms.ts';
import type { Verdict } from './verdict.ts';

/** The partner said something. */
export type PartnerEvent =
  | { readonly type: 'init'; readonly init: PeerInit }
  | { readonly type: 'abort'; readonly code: CosignerCode }
  | { readonly type: 'sync'; readonly sync: PeerSync }
  | { readonly type: 'round'; readonly mail: Mail }
  /** Where it stands, said with an `ack`. */
  | { readonly type: 'status'; readonly status: string };

/** The protocol thread said something. */
export type ThreadEvent =
  /** Its answer to the start, or to a message: none, one or more frames. */
  | { readonly type: 'frames'; readonly frames: readonly Frame[] }
  | { readonly type: 'ignored'; readonly round: number; readonly reason: string }
  | { readonly type: 'signature'; readonly signature: Uint8Array }
  | { readonly type: 'share'; readonly address: string; readonly publicKey: Uint8Array }
  | { readonly type: 'aborted'; readonly verdict: Verdict }
  | { readonly type: 'refused'; readonly reason: string; readonly message: string };

/** An effect was carried out. */
export type AnswerEvent =
  | { readonly type: 'reserved' }
  | { readonly type: 'decided'; readonly accept: true }
  | { readonly type: 'decided'; readonly accept: false; readonly reason: string }
  | { readonly type: 'primed' }
  | { readonly type: 'turn' }
  | { readonly type: 'prepared'; readonly keys: Prepared }
  | { readonly type: 'certified'; readonly certificate: Uint8Array }
  | { readonly type: 'held' }
  | { readonly type: 'stored' }
  | { readonly type: 'unstored'; readonly code: CosignerCode; readonly reason: string }
  | { readonly type: 'activated' }
  | { readonly type: 'judged'; readonly verdict: Verdict }
  | { readonly type: 'kept' }
  | { readonly type: 'unkept' }
  | { readonly type: 'failed'; readonly code: CosignerCode; readonly reason: string };

/** Something else happened here. */
export type OwnEvent =
  | { readonly type: 'late'; readonly which: PartClock | 'session' }
  /** P1 said by another message that the share is the key, and it is. */
  | { readonly type: 'confirmed' }
  /** The session is to end: the key was locked, or the server stops. */
  | { readonly type: 'stopped'; readonly code: CosignerCode; readonly reason: string };

/** Anything that happens to a session. */
export type Happening = PartnerEvent | ThreadEvent | AnswerEvent | OwnEvent;

/** An event, and the world at that moment. */
export type Event = Happening & { readonly facts: Facts };

/** Reads a message of the partner; undefined if its form is wrong, or if it says nothing to a session. */
export function decodePartner({ type, round, plaintext, signature }: Mail): Happening | undefined {
  switch (type) {
    case 'two_party_sign_init': {
      const init = decodeMail(PeerInit, plaintext);
      return init && { type: 'init', init };
    }
    case 'session_sync': {
      const sync = decodeMail(PeerSync, plaintext);
      return sync && { type: 'sync', sync };
    }
    case 'abort': {
      // A malformed one ends the session too: the partner does not go on.
      const code = decodeMail(PeerAbort, plaintext)?.code ?? '';
      return { type: 'abort', code: isCosignerCode(code) ? code : 'aborted' };
    }
    case 'ack':
      return undefined;
    case 'pre_params':
    case 'pre_params_ack':
    case 'keygen_p1_data':
    case 'keygen_p2_ack':
    case 'sign_commit':
    case 'sign_p2_nonce':
    case 'sign_open':
    case 'sign_p2_partial':
    case 'sign_done':
      return { type: 'round', mail: { type, round, plaintext, signature } };
    default:
      return type satisfies never;
  }
}
