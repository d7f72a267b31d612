import {
  Address,
  CloseSession,
  GrantRequest,
  ListQuery,
  SessionKey,
  SessionQuery,
  Username,
} from '@quorate/wire';
import { z } from 'zod';
import { DONE, type Handlers, parse, type RestDeps, visibilityOf } from './call.ts';
import { ApiError } from './errors.ts';

const OfKey = z.strictObject({ address: Address });
const OfGrant = z.strictObject({ address: Address, username: Username });
const OfSession = z.strictObject({ session_key: SessionKey });

/** Keys, who may use them, and sessions: never a shard, a certificate or a body. */
export function ceremonyHandlers({
  database,
  keys,
  sessions,
  sessionOrders,
  auth,
}: RestDeps): Handlers {
  return {
    'GET /api/v1/keys': async ({ request, identity }) => {
      const page = parse(ListQuery, request.query);
      const visible = visibilityOf(identity);
      const { items, next } = await database.read((tx) => keys.list(tx, visible, page));
      return { keys: items, ...(next === undefined ? {} : { next }) };
    },
    'GET /api/v1/keys/{address}': async ({ request, identity }) => {
      const { address } = parse(OfKey, request.params);
      const key = await database.read((tx) => keys.get(tx, address, visibilityOf(identity)));
      if (key === undefined) throw new ApiError('unknown_key', 'no key of that address');
      return key;
    },
    'POST /api/v1/keys/{address}/grants': async ({ request, identity }) => {
      const { address } = parse(OfKey, request.params);
      const { username } = parse(GrantRequest, request.body);
      await database.transaction(async (tx) => {
        if ((await auth.users.find(tx, username))?.state !== 'active') {
          throw new ApiError('unknown_user', 'no active user of that name');
        }
        const grant = { address, username, actor: identity.username };
        if (!(await keys.grant(tx, grant))) throw new ApiError('unknown_key', 'no such key');
      });
      return DONE;
    },
    'DELETE /api/v1/keys/{address}/grants/{username}': async ({ request, identity }) => {
      const { address, username } = parse(OfGrant, request.params);
      await database.transaction(async (tx) => {
        if ((await keys.get(tx, address, {})) === undefined) {
          throw new ApiError('unknown_key', 'no key of that address');
        }
        await keys.revoke(tx, { address, username, actor: identity.username });
      });
      return DONE;
    },
    'GET /api/v1/sessions': async ({ request, identity }) => {
      const page = parse(SessionQuery, request.query);
      const visible = visibilityOf(identity);
      const { items, next } = await database.read((tx) => sessions.list(tx, visible, page));
      return { sessions: items, ...(next === undefined ? {} : { next }) };
    },
    'GET /api/v1/sessions/{session_key}': async ({ request, identity }) => {
      const { session_key } = parse(OfSession, request.params);
      const visible = visibilityOf(identity);
      const session = await database.read((tx) => sessions.get(tx, session_key, visible));
      if (session === undefined) throw new ApiError('unknown_session', 'no such session');
      return session;
    },
    'POST /api/v1/sessions/{session_key}/cancel': async ({ request, identity }) => {
      const { session_key } = parse(OfSession, request.params);
      return database.transaction(async (tx) => {
        const refusal = await sessionOrders.cancel(tx, identity.username, session_key);
        if (refusal !== undefined) throw new ApiError(refusal.code, refusal.details);
        return sessions.get(tx, session_key, {});
      });
    },
    'POST /api/v1/sessions/{session_key}/close': async ({ request, identity }) => {
      const { session_key: sessionKey } = parse(OfSession, request.params);
      const { reason } = parse(CloseSession, request.body);
      return database.transaction(async (tx) => {
        const order = { sessionKey, reason };
        const refusal = await sessionOrders.close(tx, identity.username, order);
        if (refusal !== undefined) throw new ApiError(refusal.code, refusal.details);
        return sessions.get(tx, sessionKey, {});
      });
    },
  };
}
