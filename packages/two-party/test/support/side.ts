/**
 * One side as a phone runs it: the reducer, the protocol of tss in the same thread, and everything else in memory. No
 * message is sealed: the two are joined by a list.
 */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { fromBase64, toBase64, toHex } from '@quorate/intent';
import { ethereumAddress, type Message, type PrimePair, type Session } from '@quorate/tss';
import {
  NO_LOCK,
  twoPartyKeygen,
  type TwoPartyKeyshare,
  twoPartyRefresh,
  twoPartySign,
} from '@quorate/tss/lindell17';
import type { TwoPartySession as SessionView } from '@quorate/wire';
import type { Signature } from '@quorate/tss';
import { open } from '../../src/agreement.ts';
import { checkCertificate, intentOf } from '../../src/certificates.ts';
import { type Deed, type Effect, isDeed } from '../../src/effects.ts';
import { decodePartner, type Happening } from '../../src/events.ts';
import type { Mail } from '../../src/mail.ts';
import type { Frame } from '../../src/messages.ts';
import { reduce } from '../../src/reduce.ts';
import type { Asked, State } from '../../src/state.ts';
import type { Facts, Terms } from '../../src/terms.ts';
import { certificateBy, partyOf } from './parties.ts';

type Protocol = Session<Signature> | Session<TwoPartyKeyshare>;

/** What a side brings to its session. */
export interface Belongings {
  /** Of an existing key. */
  readonly share?: TwoPartyKeyshare;
  /** Of a new share. */
  readonly primes?: readonly PrimePair[];
}

const NOW = 1_800_000_000_000;

/** One side of one session. */
export class Side {
  readonly terms: Terms;
  /** What it has said and the other side has not heard yet. */
  readonly outbox: Mail[] = [];
  /** Every effect, in order. */
  readonly done: Effect['do'][] = [];
  /** What people see. */
  view: Partial<SessionView> = {};
  share: TwoPartyKeyshare | undefined;
  #staged: TwoPartyKeyshare | undefined;
  #made: TwoPartyKeyshare | undefined;
  readonly #primes: readonly PrimePair[];
  #state: State | undefined;
  #protocol: Protocol | undefined;
  readonly #events: Happening[] = [];

  constructor(terms: Terms, { share, primes = [] }: Belongings) {
    this.terms = terms;
    this.share = share;
    this.#primes = primes;
  }

  get phase(): State['phase'] | 'none' {
    return this.#state?.phase ?? 'none';
  }

  /** Begins a session of its own. */
  propose(): void {
    this.#open(null);
    this.run();
  }

  /** Takes a message; the first one opens a session that the other side proposes. */
  take(mail: Mail): void {
    const event = decodePartner(mail);
    if (event === undefined) throw new Error(`not a message: ${mail.type}`);
    if (this.#state !== undefined) this.#events.push(event);
    else if (event.type === 'init') this.#answer(event.init.certificate);
    this.run();
  }

  /** Does everything that waits. */
  run(): void {
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      this.#hear(next);
    }
  }

  #answer(certificate: string): void {
    const intent = intentOf(this.terms, this.#facts().key);
    const certified = checkCertificate(this.terms, certificate, intent, NOW);
    if ('code' in certified) throw new Error(certified.code);
    this.#open({ ...certified, epoch: this.share?.epoch ?? null });
  }

  #open(asked: Asked | null): void {
    const { state, effects } = open(this.terms, asked);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #hear(happening: Happening): void {
    if (this.#state === undefined) throw new Error('not begun');
    const { state, effects } = reduce(this.#state, { ...happening, facts: this.#facts() });
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #facts(): Facts {
    const { share } = this;
    const key = share && {
      keyId: toHex(share.keyId),
      epoch: share.epoch,
      address: ethereumAddress(share.publicKey),
      bits: this.terms.bits,
      lock: 'none' as const,
      unsaved: 'nothing' as const,
    };
    return { now: NOW, timeLeft: 100_000, key: key ?? null };
  }

  #carryOut(effect: Effect): void {
    this.done.push(effect.do);
    if (isDeed(effect)) this.#events.unshift(this.#accomplish(effect));
    else this.#do(effect);
  }

  #accomplish(deed: Deed): Happening {
    switch (deed.do) {
      case 'activate':
        this.share = this.#staged;
        return { type: 'activated' };
      case 'judge':
        return { type: 'judged', verdict: deed.verdict };
      default:
        return deed satisfies never;
    }
  }

  #do(effect: Exclude<Effect, Deed>): void {
    switch (effect.do) {
      case 'reserve':
        return void this.#events.push({ type: 'reserved' });
      case 'ask':
        return void this.#events.push({ type: 'decided', accept: true });
      case 'takePrimes':
        return void this.#events.push({ type: 'primed' });
      case 'takeTurn':
        return void this.#events.push({ type: 'turn' });
      case 'prepareKeys':
        return void this.#events.push({ type: 'prepared', keys: preparedKeys() });
      case 'certify': {
        const certificate = certificateBy(partyOf(this.terms.index), effect.payload);
        return void this.#events.push({ type: 'certified', certificate });
      }
      case 'hold':
        return void this.#events.push({ type: 'held' });
      case 'store':
        this.#staged = this.#made;
        return void this.#events.push({ type: 'stored' });
      case 'keep':
        this.view = { ...this.view, ...effect.shown };
        return void this.#events.push({ type: 'kept' });
      case 'start':
        this.#protocol = this.#session(effect.sid);
        return this.#heardOfThread(this.#protocol.start());
      case 'deliver':
      case 'deliverJudged':
        return this.#deliver(effect.frame);
      case 'post':
        return void this.outbox.push(effect.mail);
      case 'show':
        this.view = { ...this.view, ...effect.change };
        return undefined;
      case 'tell':
      case 'openThread':
      case 'leaveThread':
      case 'clearMail':
      case 'arm':
      case 'disarm':
      case 'pause':
      case 'resume':
      case 'closeClocks':
      case 'warn':
      case 'wipeShare':
      case 'discard':
      case 'giveUpRoom':
      case 'giveUpTurn':
      case 'abandon':
      case 'close':
        return undefined;
      default:
        return effect satisfies never;
    }
  }

  #session(sessionId: Uint8Array): Protocol {
    const { share } = this;
    const { type, index, message } = this.terms;
    if (type === 'sign') {
      if (share === undefined || message === null) throw new Error('nothing to sign with');
      const { digest } = message;
      return twoPartySign({ sessionId, keyshare: share, lock: NO_LOCK, digest });
    }
    const [pedersen, paillier] = this.#primes;
    if (pedersen === undefined) throw new Error('no primes');
    const primes = paillier === undefined ? { pedersen } : { pedersen, paillier };
    if (share !== undefined) {
      return twoPartyRefresh({ sessionId, keyshare: share, lock: NO_LOCK, primes });
    }
    const role = index === 1 ? 'P1' : 'P2';
    return twoPartyKeygen({ role, sessionId, bits: this.terms.bits, primes });
  }

  #deliver({ round, from, to, body }: Frame): void {
    if (this.#protocol === undefined) throw new Error('no protocol');
    const { send } = this.#protocol.receive({ round, from, to, body: fromBase64(body) });
    this.#heardOfThread(send);
  }

  #heardOfThread(messages: readonly Message[]): void {
    const frames = messages.map(({ body, ...rest }) => ({
      ...rest,
      body: toBase64(body),
      signature: '',
    }));
    this.#events.push({ type: 'frames', frames });
    const outcome = this.#protocol?.outcome;
    if (outcome === undefined) return;
    if (outcome.status === 'aborted') {
      const { reason, culprits, keyUnsafe, round, message } = outcome;
      const verdict = { reason, culprits, keyUnsafe, round, message, evidence: [] };
      this.#events.push({ type: 'aborted', verdict });
    } else if ('bytes' in outcome.output) {
      this.#events.push({ type: 'signature', signature: outcome.output.bytes });
    } else {
      this.#made = outcome.output;
      const { publicKey } = outcome.output;
      this.#events.push({ type: 'share', address: ethereumAddress(publicKey), publicKey });
    }
  }
}

function preparedKeys(): { nonce: Uint8Array; x25519: Uint8Array; ed25519: Uint8Array } {
  return {
    nonce: globalThis.crypto.getRandomValues(new Uint8Array(32)),
    x25519: x25519.keygen().publicKey,
    ed25519: ed25519.keygen().publicKey,
  };
}

/** Lets two sides talk until neither has anything to say; a message may be seen on its way. */
export function talk(
  one: Side,
  two: Side,
  seen: (mail: Mail, from: Side) => void = () => undefined,
): void {
  for (;;) {
    const from = one.outbox.length > 0 ? one : two;
    const mail = from.outbox.shift();
    if (mail === undefined) return;
    seen(mail, from);
    (from === one ? two : one).take(mail);
  }
}
