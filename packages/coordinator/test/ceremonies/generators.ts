/** Sessions of every kind under random events. A kind or an event without a generator does not compile. */
import type { Kind } from '@quorate/wire';
import fc from 'fast-check';
import { CEREMONIES } from '../../src/ceremonies/index.ts';
import type { DestroyRequested, Receipt } from '../../src/ceremonies/destroy/state.ts';
import type { NewShare } from '../../src/ceremonies/keygen/state.ts';
import type { MadeSignature, SignRequested } from '../../src/ceremonies/sign/state.ts';
import { ceremonyOf, type Rules, type RulesOf } from '../../src/session/ceremony.ts';
import type { Event } from '../../src/session/events.ts';
import { apply, firstStep } from '../../src/session/reduce.ts';
import type { Effect, Party, Requested, SessionState, Success } from '../../src/session/types.ts';

/** The time of the request: milliseconds since 1970. */
export const START = 1_800_000_000_000;
/** Parties of a session, unless said otherwise. */
export const SIZE = 3;
/** An index that no party has. */
export const MISSING = 9;

/** The generators of one kind. */
interface Generator {
  requested(size: number): Requested;
  /** A result that its party may give; `variant` tells results apart that contradict each other. */
  result(from: number, variant: string): Success;
  /** How often each event is drawn, where it is not as often as in other kinds. */
  readonly weights: { readonly [T in Event['type']]?: number };
}

const GENERATORS: { readonly [K in Kind]: Generator } = {
  keygen: {
    requested: (size) => requested('keygen', partiesOf(size)),
    result: (from, variant): NewShare => ({
      success: true,
      kind: 'keygen',
      publicKey: variant,
      address: `address of ${variant}`,
      recordId: `record ${from}`,
      shardHash: 'ab'.repeat(32),
    }),
    weights: {},
  },
  sign: {
    requested: (size) => signRequested(size, 2),
    result: (_from, variant): MadeSignature => ({
      success: true,
      kind: 'sign',
      signature: variant,
    }),
    weights: {},
  },
  destroy: {
    requested: destroyRequested,
    result: (from): Receipt => ({ success: true, kind: 'destroy', receipt: `receipt ${from}` }),
    weights: { excused: 3 },
  },
};

function partiesOf(size: number): Party[] {
  return Array.from({ length: size }, (_, at) => ({
    index: at + 1,
    username: `user${at + 1}`,
    seId: `SE-${at + 1}`,
    cpic: `${at}`.repeat(84),
    chipPublicKey: `04${'11'.repeat(64)}`,
  }));
}

function requested<K extends Kind, P extends Party>(
  kind: K,
  parties: P[],
): Requested & { readonly kind: K; readonly parties: P[] } {
  return {
    type: 'requested',
    at: START,
    kind,
    sessionKey: 'one',
    coordinator: 'coordinator',
    threshold: 2,
    totalParts: parties.length,
    parties,
    deadlines: { invitation: 120_000, round: 30_000, session: 300_000 },
    warnings: [],
  };
}

const target = { address: '0xA', keyId: '00', epoch: 0, digest: '11'.repeat(32) };

/** The request of a signature; without a version of the rules as the first version stored it. */
export function signRequested(size: number, rules?: 2): SignRequested {
  const parties = partiesOf(size);
  return {
    ...requested('sign', parties),
    target: { ...target, holders: parties },
    ...(rules === undefined ? {} : { rules }),
  };
}

function destroyRequested(size: number): DestroyRequested {
  const parties = partiesOf(size).map((party, at) => ({ ...party, recordId: `${at}`.repeat(64) }));
  const destruction = { reason: 'closed', absent: [] };
  return {
    ...requested('destroy', parties),
    target: { ...target, payloadHash: '22'.repeat(32), holders: parties, destruction },
  };
}

/** The request of a session of a kind. */
export const requestOf = (kind: Kind, size: number = SIZE): Requested =>
  GENERATORS[kind].requested(size);

const from = fc.constantFrom(1, 2, 3, MISSING);
const at = fc.integer({ min: START, max: START + 400_000 });
const round = fc.integer({ min: 1, max: 5 });

type Drawn<T extends Event['type']> = fc.Arbitrary<Extract<Event, { readonly type: T }>>;

/** Each event with how often it is drawn. */
const eventsOf = (
  kind: Kind,
): { readonly [T in Event['type']]: readonly [weight: number, Drawn<T>] } => ({
  requested: [1, fc.constant(requestOf(kind))],
  accepted: [
    6,
    fc.record({
      type: fc.constant('accepted' as const),
      at,
      from,
      certificate: fc.constant('Y2VydA=='),
      sessionHash: fc.constant('22'.repeat(32)),
      challenge: fc.constant('Y2hhbGxlbmdl'),
    }),
  ],
  declined: [
    1,
    fc.record({ type: fc.constant('declined' as const), at, from, reason: fc.string() }),
  ],
  relayed: [
    6,
    fc.record({
      type: fc.constant('relayed' as const),
      at,
      from,
      to: fc.option(from, { nil: null }),
      round,
      hash: fc.constantFrom('a', 'b'),
    }),
  ],
  unsigned: [
    1,
    fc.record({
      type: fc.constant('unsigned' as const),
      at,
      from,
      round: fc.integer({ min: 1, max: 3 }),
    }),
  ],
  reported: [
    2,
    fc.record({
      type: fc.constant('reported' as const),
      at,
      from,
      about: from,
      round,
      reason: fc.constantFrom('signature', 'decryption', 'decode', 'missing'),
    }),
  ],
  challenged: [
    1,
    fc.record({ type: fc.constant('challenged' as const), at, from, challenge: fc.string() }),
  ],
  finished: [
    6,
    fc
      .record({
        at,
        from,
        variant: fc.constantFrom('k1', 'k1', 'k1', 'k2'),
        fails: fc.integer({ min: 0, max: 9 }),
      })
      .map(({ at, from, variant, fails }) => {
        const failure = { success: false, message: 'no' } as const;
        const result = fails === 0 ? failure : GENERATORS[kind].result(from, variant);
        return { type: 'finished', at, from, result };
      }),
  ],
  refuted: [
    1,
    fc.record({
      type: fc.constant('refuted' as const),
      at,
      from,
      code: fc.constant('invalid_result'),
      details: fc.string(),
    }),
  ],
  ended: [
    1,
    fc.record({
      type: fc.constant('ended' as const),
      at,
      code: fc.constantFrom('cancelled', 'chip_unavailable'),
      details: fc.string(),
      concerned: fc.subarray([1, 2, 3]),
    }),
  ],
  excused: [
    1,
    fc.record({
      type: fc.constant('excused' as const),
      at,
      from,
      chipState: fc.constantFrom('lost', 'destroyed'),
    }),
  ],
  delayed: [
    1,
    fc.record({ type: fc.constant('delayed' as const), at, from, message: fc.string() }),
  ],
  closed: [
    1,
    fc.record({
      type: fc.constant('closed' as const),
      at,
      by: fc.constant('root'),
      reason: fc.string(),
    }),
  ],
  expired: [1, fc.record({ type: fc.constant('expired' as const), at })],
  resumed: [1, fc.record({ type: fc.constant('resumed' as const), at })],
});

/** At most 60 events of a session of a kind, in any order. */
export function eventLists(kind: Kind): fc.Arbitrary<Event[]> {
  const drawn: readonly (readonly [string, readonly [number, fc.Arbitrary<Event>]])[] =
    Object.entries(eventsOf(kind));
  const weights: Readonly<Record<string, number | undefined>> = GENERATORS[kind].weights;
  const event = fc.oneof(
    ...drawn.map(([type, [weight, arbitrary]]) => ({ weight: weights[type] ?? weight, arbitrary })),
  );
  return fc.array(event, { maxLength: 60 });
}

/** The rules of a kind, for states of whatever kind. */
export const rulesOf = (kind: Kind): Rules => ceremonyOf(CEREMONIES, { kind }).rules;

/** A session after some events. */
export interface Run<S extends SessionState> {
  readonly state: S;
  readonly effects: readonly Effect[];
  /** The state after the request and after each event. */
  readonly states: readonly S[];
}

/** Applies events to a session that was just asked for. */
export function run<S extends SessionState>(
  rules: RulesOf<S>,
  request: Requested,
  events: readonly Event[],
): Run<S> {
  let { state } = firstStep(rules, request);
  const effects: Effect[] = [];
  const states = [state];
  for (const event of events) {
    const step = apply(rules, state, event);
    state = step.state;
    effects.push(...step.effects);
    states.push(state);
  }
  return { state, effects, states };
}
