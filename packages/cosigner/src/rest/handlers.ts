/** The work of each route of the table. */
import { canServe } from '@quorate/holder';
import { setImmediate } from 'node:timers/promises';
import {
  type AnswerOf,
  type CosignerHealth,
  cosignerOpenapi,
  type CosignerRoutes,
  type PartsOf,
  type TwoPartySession,
} from '@quorate/wire';
import type { Approvals } from '../approvals.ts';
import { CosignerError } from '../errors.ts';
import type { Order, SessionManager } from '../session/manager.ts';
import { isFinal, type SessionRecords } from '../store/sessionRecords.ts';
import type { Metrics } from './metrics.ts';

/** Parts of the cosigner that the handlers use. */
export interface RestDeps {
  readonly manager: SessionManager;
  readonly sessions: SessionRecords;
  readonly approvals: Approvals;
  readonly metrics: Metrics;
  health(): CosignerHealth;
}

type Id = keyof CosignerRoutes;

/** A request that passed the checks of its route, with its parts in the form of the route's schemas. */
interface Call<I extends Id> extends PartsOf<CosignerRoutes[I]> {
  /** The caller; empty on a route that needs no token. */
  readonly caller: string;
}

/** The body that a route documents. */
type Body<I extends Id> =
  AnswerOf<CosignerRoutes[I]> extends infer A
    ? A extends 'application/json'
      ? object
      : A extends string
        ? string
        : A
    : never;

/** A status with its body. */
export interface Answered<S extends number, B> {
  readonly status: S;
  readonly body: B;
}

/** A status and a body that a route documents. */
type Answer<I extends Id> = Answered<CosignerRoutes[I]['statuses'][number], Body<I>>;

/** A handler for each route, by the route's name. */
type Handlers = {
  readonly [I in Id]: (call: Call<I>) => Promise<Answer<I>> | Answer<I>;
};

/** Makes the handlers of every route. */
export function handlersOf(deps: RestDeps): Handlers {
  const { manager, sessions, approvals, metrics } = deps;
  return {
    ...orderHandlers(deps),
    ...decisionHandlers(sessions, approvals),
    sessions: ({ query }) => ({ status: 200, body: sessions.list(query) }),
    session: ({ params }) => ({ status: 200, body: viewOf(sessions, params.session_id) }),
    keys: () => ({ status: 200, body: { keys: manager.keys() } }),
    retire: ({ params: { session_id: id }, body: { address }, caller }) => ({
      status: 200,
      body: manager.retire(id, { address, by: caller }),
    }),
    healthz: () => ({ status: 200, body: deps.health() }),
    readyz: () => {
      const body = deps.health();
      const ready =
        body.partners.some(({ connected }) => connected) && canServe(body.threads ?? []);
      return ready
        ? { status: 200, body }
        : { status: 503, body: { ...body, status: 'not_ready' } };
    },
    metrics: async () => ({ status: 200, body: await metrics.text() }),
    openapi: () => ({ status: 200, body: cosignerOpenapi() }),
  };
}

function orderHandlers(deps: RestDeps): Pick<Handlers, 'keygen' | 'sign' | 'refresh'> {
  return {
    keygen: ({ body: { partner, wait, request_id: id }, caller }) =>
      order(deps, { type: 'keygen', partner, ...requestOf(caller, id) }, wait),
    sign: ({ body: { session_id, message, partner, hash, wait, request_id: id }, caller }) => {
      const signing = { type: 'sign', partner, keySessionId: session_id, message } as const;
      const by = hash === undefined ? {} : { hash };
      return order(deps, { ...signing, ...by, ...requestOf(caller, id) }, wait);
    },
    refresh: ({ body: { session_id, partner, wait, request_id: id }, caller }) => {
      const refresh = { type: 'refresh', partner, keySessionId: session_id } as const;
      return order(deps, { ...refresh, ...requestOf(caller, id) }, wait);
    },
  };
}

function decisionHandlers(
  sessions: SessionRecords,
  approvals: Approvals,
): Pick<Handlers, 'approve' | 'decline'> {
  const decide = async (
    asked: string,
    decision: (id: string) => void,
  ): Promise<Answered<200, TwoPartySession>> => {
    const { session_id: id } = viewOf(sessions, asked);
    decision(id);
    // The session continues in the promises that the decision has fulfilled, and its end is shown when it is on disk:
    // after that it stands where the answer says.
    await setImmediate();
    await sessions.written();
    await setImmediate();
    return { status: 200, body: viewOf(sessions, id) };
  };
  return {
    approve: ({ params, body: { digest } }) =>
      decide(params.session_id, (id) => approvals.approve(id, digest)),
    decline: ({ params, body: { reason } }) =>
      decide(params.session_id, (id) => approvals.decline(id, reason ?? 'declined')),
  };
}

function viewOf(sessions: SessionRecords, id: string): TwoPartySession {
  const record = sessions.find(id);
  if (record === undefined) throw new CosignerError('unknown_session');
  return record.session;
}

/** Begins, waits as long as requested, and reports where it stands. */
async function order(
  { manager, sessions }: RestDeps,
  asked: Order,
  wait = 0,
): Promise<Answered<200 | 202, TwoPartySession>> {
  const { view, session } = manager.order(asked);
  await session?.recorded;
  await session?.settled(wait);
  const body = sessions.find(view.session_id)?.session ?? view;
  return { status: isFinal(body.status) ? 200 : 202, body };
}

/** The id that a caller gave its request. */
function requestOf(caller: string, id: string | undefined): Pick<Order, 'request'> {
  return id === undefined ? {} : { request: { caller, id } };
}
