import type { KeyRoute } from '@quorate/wire';
import { DONE, type Handlers, type RestDeps, visibilityOf } from './call.ts';
import { ApiError } from './errors.ts';

/** Routes of keys and grants; never a shard. */
export function keyHandlers({ database, keys, auth }: RestDeps): Handlers<KeyRoute> {
  return {
    'GET /api/v1/keys': async ({ query, identity }) => {
      const visible = visibilityOf(identity);
      const { items, ...next } = await database.read((tx) => keys.list(tx, visible, query));
      return { keys: items, ...next };
    },
    'GET /api/v1/keys/{key}': async ({ params, identity }) => {
      const key = await database.read((tx) => keys.get(tx, params.key, visibilityOf(identity)));
      if (key === undefined) throw new ApiError('unknown_key', 'no key with this address');
      return key;
    },
    'POST /api/v1/keys/{key}/grants': async ({ params, body: { username }, identity }) => {
      await database.transaction(async (tx) => {
        if ((await auth.users.find(tx, username))?.state !== 'active') {
          throw new ApiError('unknown_user', 'no active user with this name');
        }
        const grant = { ...params, username, actor: identity.username };
        if (!(await keys.grant(tx, grant))) throw new ApiError('unknown_key', 'no such key');
      });
      return DONE;
    },
    'DELETE /api/v1/keys/{key}/grants/{username}': async ({ params, identity }) => {
      await database.transaction(async (tx) => {
        if ((await keys.get(tx, params.key, {})) === undefined) {
          throw new ApiError('unknown_key', 'no key with this address');
        }
        await keys.revoke(tx, { ...params, actor: identity.username });
      });
      return DONE;
    },
  };
}
