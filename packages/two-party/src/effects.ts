/**
 * The effects that a session asks its runner to carry out. Effects are carried out in the order given, one
 * after another. A thing that is made by an effect and is secret stays with the runner: an effect names it by
 * what it is.
 */
import type { TwoPartySession as SessionView } from '@quorate/wire';
import type { PeerKeys } from './certificates.ts';
import type { Mail } from './mail.ts';
import type { Frame } from './messages.ts';
import type { Verdict } from './verdict.ts';

/** Work that takes its time; the event in brackets answers, or `failed` does. */
export type Work =
  /** Keeps a record of the chip free for a set-up (`reserved`). */
  | { readonly do: 'reserve' }
  /** Asks whoever decides here (`decided`). */
  | { readonly do: 'ask'; readonly intent: Uint8Array }
  /** Takes pairs of primes from the stock, or waits for them (`primed`). */
  | { readonly do: 'takePrimes'; readonly count: 1 | 2 }
  /** Waits until fewer sessions run that this side has ordered (`turn`). */
  | { readonly do: 'takeTurn' }
  /** Makes the ephemeral keys in the protocol thread (`prepared`). */
  | { readonly do: 'prepareKeys' }
  /** Has the chip certify them (`certified`). */
  | { readonly do: 'certify'; readonly payload: Uint8Array }
  /** Opens the key in the protocol thread (`held`). */
  | { readonly do: 'hold' }
  /** Stores the share that was made, then puts its opener on the chip (`stored`, `unstored`). */
  | { readonly do: 'store' }
  /** Puts the end on disk, and shows it from then on (`kept`, `unkept`). It ends its list. */
  | { readonly do: 'keep'; readonly shown: Partial<SessionView> };

/** Work that is done before anything else is heard, and whose event in brackets comes next. It ends its list. */
export type Deed =
  /** Makes the stored share the key, on disk (`activated`). */
  | { readonly do: 'activate' }
  /** Locks a key that a verdict makes unsafe, then keeps the evidence (`judged`). */
  | { readonly do: 'judge'; readonly verdict: Verdict };

/** The protocol thread. */
type ToThread =
  | { readonly do: 'openThread' }
  /** Starts the protocol with the key that was opened, or the primes that were taken. */
  | { readonly do: 'start'; readonly sid: Uint8Array; readonly peer: PeerKeys }
  | { readonly do: 'deliver'; readonly frame: Frame }
  /** Delivers a message that may lock the key, if a lock could be written; otherwise the effect fails. */
  | { readonly do: 'deliverJudged'; readonly frame: Frame }
  /** Ends the session there; the key stays open until the thread confirms it. */
  | { readonly do: 'leaveThread' };

/** The partner. */
type ToPartner =
  /** Sends until it is acknowledged. */
  | { readonly do: 'post'; readonly mail: Mail }
  /** Sends once; lost, it does no harm. */
  | { readonly do: 'tell'; readonly mail: Mail }
  /** Sends nothing again that is not acknowledged. */
  | { readonly do: 'clearMail' };

/** The clocks of a part of a session. */
export type PartClock =
  /** The partner owes a word. */
  | 'step'
  /** The partner looks for primes. */
  | 'preparing'
  /** This side works, and says so to the partner. */
  | 'working';

/** The clocks. */
type ToClocks =
  | { readonly do: 'arm'; readonly which: PartClock; readonly seconds: number }
  | { readonly do: 'disarm'; readonly which: PartClock }
  /** The clock of the whole stands still. */
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  | { readonly do: 'closeClocks' };

/** One thing to be done. If one fails, those behind it in its list are not done, and `failed` comes next. */
export type Effect =
  | Work
  | Deed
  | ToThread
  | ToPartner
  | ToClocks
  /** Changes what people see of the session. */
  | { readonly do: 'show'; readonly change: Partial<SessionView> }
  | { readonly do: 'warn'; readonly round: number; readonly reason: string }
  /** Wipes the opener of a share that nobody stores. */
  | { readonly do: 'wipeShare' }
  /** Discards a share that is stored and that nobody confirmed. */
  | { readonly do: 'discard' }
  /** Gives back the free record of the chip, unless it was used. */
  | { readonly do: 'giveUpRoom' }
  /** Gives the turn to the next session: a person or a search for primes takes its time. */
  | { readonly do: 'giveUpTurn' }
  /** Gives up what is waited for: a decision, primes. */
  | { readonly do: 'abandon' }
  /** Nothing comes after this but repeated mail. */
  | { readonly do: 'close' };

const WORK: { readonly [D in Work['do']]: true } = {
  reserve: true,
  ask: true,
  takePrimes: true,
  takeTurn: true,
  prepareKeys: true,
  certify: true,
  hold: true,
  store: true,
  keep: true,
};

const DEEDS: { readonly [D in Deed['do']]: true } = { activate: true, judge: true };

/** Whether an effect is answered when it is carried out. */
export function isDeed(effect: Effect): effect is Deed {
  return Object.hasOwn(DEEDS, effect.do);
}

/** Whether an effect is answered later. */
export function isWork(effect: Effect): effect is Work {
  return Object.hasOwn(WORK, effect.do);
}
