/** Messages to a partner outside a session; a lost one is requested again. */
import { encodeMail, toldCode } from '@quorate/two-party';
import type { PeerAbort, PeerAck, PeerSync, TwoPartySession as SessionView } from '@quorate/wire';
import type { PeerMessage } from '../peer/connection.ts';
import { isFinal } from '../store/sessionRecords.ts';
import type { SessionContext } from './context.ts';

/** Speaks to the partners of one server. */
export class Teller {
  readonly #send: SessionContext['send'];

  constructor(send: SessionContext['send']) {
    this.#send = send;
  }

  /** Tells how a session or the keys stand. */
  sync(partner: string, sessionId: string, sync: PeerSync): void {
    this.#tell(partner, sessionId, 'session_sync', sync);
  }

  /** Acknowledges a message, and tells where the session stands. */
  acknowledge(partner: string, { sessionId, seq }: PeerMessage, status: string): void {
    if (seq > 0) this.#tell(partner, sessionId, 'ack', { seq, status } satisfies PeerAck);
  }

  /** Tells how a session ended. */
  end(partner: string, view: SessionView): void {
    if (!isFinal(view.status)) return;
    if (view.status === 'completed') {
      const signature = view.signature === null ? {} : { signature: view.signature };
      return this.sync(partner, view.session_id, { status: 'completed', ...signature });
    }
    this.abort(partner, view.session_id, view.error?.code ?? 'aborted');
  }

  /** Says that a session will not begin. */
  abort(partner: string, sessionId: string, code: string): void {
    const abort: PeerAbort = { code: toldCode(code), reason: '' };
    this.#tell(partner, sessionId, 'abort', abort);
  }

  #tell(
    partner: string,
    sessionId: string,
    type: 'ack' | 'abort' | 'session_sync',
    mail: object,
  ): void {
    const plaintext = encodeMail(mail);
    this.#send(partner, { type, sessionId, round: 0, seq: 0, plaintext, signature: '' });
  }
}
