import type { SessionAnswer, SessionRoute } from '@quorate/wire';
import type { Visibility } from '../listing.ts';
import type { Refusal } from '../session/refusal.ts';
import type { Tx } from '../store/database.ts';
import { type Handlers, type RestDeps, visibilityOf } from './call.ts';
import { ApiError } from './errors.ts';

/** Routes of sessions and of orders about them; never a certificate or a body. */
export function sessionHandlers(deps: RestDeps): Handlers<SessionRoute> {
  const { database, sessions, sessionOrders } = deps;
  const find = async (tx: Tx, sessionKey: string, visible: Visibility): Promise<SessionAnswer> => {
    const session = await sessions.get(tx, sessionKey, visible);
    if (session === undefined) throw new ApiError('unknown_session', 'no such session');
    return session;
  };
  const obey = (
    sessionKey: string,
    order: (tx: Tx) => Promise<Refusal | undefined>,
  ): Promise<SessionAnswer> =>
    database.transaction(async (tx) => {
      const refusal = await order(tx);
      if (refusal !== undefined) throw new ApiError(refusal.code, refusal.details);
      return find(tx, sessionKey, {});
    });
  return {
    'GET /api/v1/sessions': async ({ query, identity }) => {
      const visible = visibilityOf(identity);
      const { items, ...next } = await database.read((tx) => sessions.list(tx, visible, query));
      return { sessions: items, ...next };
    },
    'GET /api/v1/sessions/{session_key}': ({ params, identity }) =>
      database.read((tx) => find(tx, params.session_key, visibilityOf(identity))),
    'POST /api/v1/sessions/{session_key}/cancel': ({ params: { session_key }, identity }) =>
      obey(session_key, (tx) => sessionOrders.cancel(tx, identity.username, session_key)),
    'POST /api/v1/sessions/{session_key}/close': ({ params, body: { reason }, identity }) => {
      const { session_key: sessionKey } = params;
      const order = { sessionKey, reason };
      return obey(sessionKey, (tx) => sessionOrders.close(tx, identity.username, order));
    },
  };
}
