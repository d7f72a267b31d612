/** What each route of the table does. */
import { setImmediate } from 'node:timers/promises';
import {
  type ApproveRequest,
  type CosignerHealth,
  cosignerOpenapi,
  type DeclineRequest,
  type RetireRequest,
  type TwoPartyKeygenRequest,
  type TwoPartyRefreshRequest,
  type TwoPartySession,
  type TwoPartySessionQuery,
  type TwoPartySignRequest,
} from '@quorate/wire';
import { canServe } from '@quorate/agent';
import type { Approvals } from '../approvals.ts';
import { CosignerError } from '../errors.ts';
import type { Order, SessionManager } from '../session/manager.ts';
import { isFinal, type SessionRecords } from '../store/sessionRecords.ts';
import type { Metrics } from './metrics.ts';

/** What the handlers work with. */
export interface RestDeps {
  readonly manager: SessionManager;
  readonly sessions: SessionRecords;
  readonly approvals: Approvals;
  readonly metrics: Metrics;
  health(): CosignerHealth;
}

/** What a route is called with, checked by its schemas. */
export interface Call {
  readonly params: { readonly session_id?: string };
  readonly query: unknown;
  readonly body: unknown;
  /** Who asks; of a route that needs a token. */
  readonly caller: string;
}

/** A status and what is said with it. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The work of one route. */
export type Handler = (call: Call) => Promise<Answer> | Answer;

/** The handlers by the route's id. */
export function handlersOf(deps: RestDeps): Readonly<Record<string, Handler>> {
  const { manager, sessions, approvals } = deps;
  const viewOf = (id = ''): TwoPartySession => {
    const record = sessions.find(id);
    if (record === undefined) throw new CosignerError('unknown_session');
    return record.session;
  };
  const decide = async (call: Call, decision: (id: string) => void): Promise<Answer> => {
    const { session_id: id } = viewOf(call.params.session_id);
    decision(id);
    // The session goes on in the promises that the decision has fulfilled: then it stands where the answer says.
    await setImmediate();
    return { status: 200, body: viewOf(id) };
  };
  const health = (): Answer => ({ status: 200, body: deps.health() });
  return {
    keygen: (call) => {
      const { partner, wait } = call.body as TwoPartyKeygenRequest;
      return order(deps, { type: 'keygen', partner, ...requestOf(call) }, wait);
    },
    sign: (call) => {
      const { session_id, message, partner, hash, wait } = call.body as TwoPartySignRequest;
      const signing = { type: 'sign', partner, keySessionId: session_id, message } as const;
      const by = hash === undefined ? {} : { hash };
      return order(deps, { ...signing, ...by, ...requestOf(call) }, wait);
    },
    refresh: (call) => {
      const { session_id, partner, wait } = call.body as TwoPartyRefreshRequest;
      const refresh = { type: 'refresh', partner, keySessionId: session_id } as const;
      return order(deps, { ...refresh, ...requestOf(call) }, wait);
    },
    sessions: ({ query }) => ({ status: 200, body: sessions.list(query as TwoPartySessionQuery) }),
    session: ({ params }) => ({ status: 200, body: viewOf(params.session_id) }),
    approve: (call) => {
      const { digest } = call.body as ApproveRequest;
      return decide(call, (id) => approvals.approve(id, digest));
    },
    decline: (call) => {
      const { reason } = call.body as DeclineRequest;
      return decide(call, (id) => approvals.decline(id, reason ?? 'declined'));
    },
    keys: () => ({ status: 200, body: { keys: manager.keys() } }),
    retire: ({ params, body, caller }) => {
      const { address } = body as RetireRequest;
      return {
        status: 200,
        body: manager.retire(params.session_id ?? '', { address, by: caller }),
      };
    },
    healthz: health,
    readyz: () => {
      const body = deps.health();
      const ready =
        body.partners.some(({ connected }) => connected) && canServe(body.threads ?? []);
      return ready
        ? { status: 200, body }
        : { status: 503, body: { ...body, status: 'not_ready' } };
    },
    metrics: async () => ({ status: 200, body: await deps.metrics.text() }),
    openapi: () => ({ status: 200, body: cosignerOpenapi() }),
  };
}

/** Begins, waits as long as asked, and says where it stands. */
async function order({ manager, sessions }: RestDeps, asked: Order, wait = 0): Promise<Answer> {
  const { view, session } = manager.order(asked);
  await session?.settled(wait);
  const body = sessions.find(view.session_id)?.session ?? view;
  return { status: isFinal(body.status) ? 200 : 202, body };
}

/** The id that a caller gave its request. */
function requestOf({ body, caller }: Call): Pick<Order, 'request'> {
  const { request_id: id } = body as { readonly request_id?: string };
  return id === undefined ? {} : { request: { caller, id } };
}
