/**
 * Sessions of which only the partner knows what came (docs/spec/cosigner.md, "Unknown outcomes"). P2 has sent
 * the message after which P1 may have a signature or use a new share; P1 is asked until it answers.
 */
import { decodeMail, hex0x, isQuestion, signable, signatureIn } from '@quorate/two-party';
import {
  COSIGNER_CODES,
  type CosignerCode,
  isCosignerCode,
  PeerAbort,
  PeerSync,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
import type { PeerMessage } from '../peer/connection.ts';
import type { SessionContext } from './context.ts';
import { waitingOf } from './keyState.ts';
import type { Teller } from './teller.ts';

/** How often a partner that is connected is asked again, milliseconds. */
const AGAIN_MS = 30_000;
/** Sessions that it is asked about at once: the newest. */
const AT_ONCE = 1000;
/** For so long every P1 knows each session that may have a signature (`keep.days` is never less). */
const KNOWN_FOR_MS = 30 * 86_400_000;

/** The signature that a partner says a session has, if it is one. */
function signatureOf(view: SessionView, text: string): string | undefined {
  const { type, message, hash, address } = view;
  if (type !== 'sign' || message === null || hash === null || address === null) return undefined;
  const signature = signatureIn(text, signable(message, hash).digest, address);
  return signature === undefined ? undefined : hex0x(signature);
}

/** The unknown outcomes of one server. */
export class Outcomes {
  readonly #context: SessionContext;
  readonly #teller: Teller;
  readonly #onKnown: (view: SessionView) => void;
  readonly #timer: NodeJS.Timeout;
  /** Those that ran when the process ended before. */
  readonly #restarted: ReadonlySet<string>;

  constructor(context: SessionContext, teller: Teller, onKnown: (view: SessionView) => void) {
    this.#context = context;
    this.#teller = teller;
    this.#onKnown = onKnown;
    const again = (): void => {
      for (const partner of context.config.partners) this.askAll(partner);
    };
    this.#timer = setInterval(again, AGAIN_MS);
    this.#timer.unref();
    const { partners } = context.config;
    const unknown = partners.flatMap((partner) => context.store.sessions.unknown(partner));
    this.#restarted = new Set(unknown.map(({ session_id: id }) => id));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Asks a partner for those that it can tell of. */
  askAll(partner: string): void {
    const newest = this.#context.store.sessions.unknown(partner).slice(-AT_ONCE);
    for (const { session_id: id, type } of newest) if (type === 'sign') this.#ask(partner, id);
  }

  /** A set-up whose process ended before its share was stored made nothing. */
  settleRestarted(): void {
    const { keys, sessions } = this.#context.store;
    const waiting = new Set(keys.list().map((key) => waitingOf(key)?.session_id));
    for (const partner of this.#context.config.partners) {
      for (const { session_id: id, type } of sessions.unknown(partner)) {
        if (type !== 'sign' && !waiting.has(id)) this.#failed(id, 'process_restarted');
      }
    }
  }

  /** The answer of P1's key record about a waiting share. */
  settleShare(sessionId: string, isKey: boolean): void {
    const session = this.#context.store.sessions.find(sessionId)?.session;
    if (session?.status !== 'unknown_outcome') return;
    if (isKey) this.#known(sessionId, { status: 'completed', error: null, step: 'StepCompleted' });
    else this.#failed(sessionId, 'aborted');
  }

  /** A message of the partner about such a session. */
  receive(view: SessionView, message: PeerMessage): void {
    const { session_id: id } = view;
    // The key record settles a set-up (Confirmation).
    if (view.type !== 'sign') return;
    const sync =
      message.type === 'session_sync' ? decodeMail(PeerSync, message.plaintext) : undefined;
    const signature = signatureOf(view, sync?.signature ?? '');
    if (signature !== undefined) {
      const shown = { status: 'completed', signature, error: null, step: 'StepCompleted' } as const;
      return this.#known(id, shown);
    }
    const abort = message.type === 'abort' ? decodeMail(PeerAbort, message.plaintext) : undefined;
    if (abort !== undefined) return this.#ended(view, abort.code);
    if (message.seq > 0 || isQuestion(message)) this.explain(view);
  }

  /** Tells P1, which may still run it, that this side does not; P1 answers how it ends. */
  explain({ session_id: id, partner }: SessionView): void {
    this.#teller.abort(partner, id, this.#ownCode(id));
    this.#ask(partner, id);
  }

  /** P1 says that there is no signature: of a session that it does not know, only while it would know it. */
  #ended({ session_id: id, created_at: created }: SessionView, code: string): void {
    const forgotten = code === 'unknown_session';
    if (forgotten && this.#context.now() - created > KNOWN_FOR_MS) return;
    this.#failed(id, isCosignerCode(code) && !forgotten ? code : this.#ownCode(id));
  }

  /** The reason why it does not run here. */
  #ownCode(id: string): CosignerCode {
    return this.#restarted.has(id) ? 'process_restarted' : 'aborted';
  }

  #failed(id: string, code: CosignerCode): void {
    this.#known(id, { status: 'aborted', error: { code, message: COSIGNER_CODES[code].en } });
  }

  #known(id: string, change: Partial<SessionView>): void {
    const view = this.#context.store.sessions.settle(id, change);
    this.#onKnown(view);
  }

  /** An empty session_sync asks how a session stands. */
  #ask(partner: string, sessionId: string): void {
    this.#teller.sync(partner, sessionId, {});
  }
}
