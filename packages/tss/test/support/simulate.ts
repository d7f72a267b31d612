import type { Message, Outcome, Session } from '../../src/index.ts';
import { seededInts } from './rng.ts';

/** The change that an adversary between or inside the parties makes to one message. */
type Tamper = (message: Message, to: number) => readonly Message[];

export interface Network<T> {
  readonly outcomes: Map<number, Outcome<T> | undefined>;
  /** Every message as sent, before tampering. */
  readonly sent: readonly Message[];
  /** Sum of the plaintext bodies as sent: a broadcast counts once for each recipient. */
  readonly bytes: number;
}

export interface Delivery {
  readonly tamper?: Tamper;
  /** Permutes delivery and repeats some messages. */
  readonly shuffle?: string;
  /** Parties that never start. */
  readonly silent?: readonly number[];
}

interface Envelope {
  readonly to: number;
  readonly message: Message;
}

/** Runs sessions against one another until nobody has anything to say. */
export function simulate<T>(
  sessions: ReadonlyMap<number, Session<T>>,
  { tamper = (message) => [message], shuffle, silent = [] }: Delivery = {},
): Network<T> {
  const pick = shuffle === undefined ? () => 0 : seededInts(shuffle);
  const queue: Envelope[] = [];
  const sent: Message[] = [];
  let bytes = 0;
  const post = (messages: readonly Message[]): void => {
    for (const message of messages) {
      sent.push(message);
      const recipients = message.to === null ? [...sessions.keys()] : [message.to];
      for (const to of recipients) {
        if (to === message.from) continue;
        bytes += message.body.length;
        for (const altered of tamper(message, to)) queue.push({ to, message: altered });
      }
    }
  };
  for (const [index, session] of sessions) if (!silent.includes(index)) post(session.start());
  while (queue.length > 0) {
    const [next] = queue.splice(shuffle === undefined ? 0 : pick(queue.length), 1);
    if (next === undefined || silent.includes(next.to)) continue;
    if (shuffle !== undefined && pick(5) === 0) queue.push(next);
    const receipt = sessions.get(next.to)?.receive(next.message);
    post(receipt?.send ?? []);
  }
  const outcomes = new Map([...sessions].map(([index, { outcome }]) => [index, outcome]));
  return { outcomes, sent, bytes };
}

/** Outputs of a run in which everybody completed; fails with what the others say. */
export function outputs<T>({ outcomes }: Network<T>): Map<number, T> {
  const completed = new Map<number, T>();
  for (const [index, outcome] of outcomes) {
    if (outcome?.status !== 'completed') {
      const why = outcome === undefined ? 'still waits' : `${outcome.reason}: ${outcome.message}`;
      throw new Error(`party ${index} ${why}`, {
        cause: outcome && 'cause' in outcome ? outcome.cause : undefined,
      });
    }
    completed.set(index, outcome.output);
  }
  return completed;
}

/** All subsets of 1..n with at least `least` members. */
export function subsets(n: number, least: number): number[][] {
  const all: number[][] = [];
  for (let mask = 1; mask < 1 << n; mask++) {
    const members = Array.from({ length: n }, (_, at) => at + 1).filter(
      (i) => mask & (1 << (i - 1)),
    );
    if (members.length >= least) all.push(members);
  }
  return all;
}
