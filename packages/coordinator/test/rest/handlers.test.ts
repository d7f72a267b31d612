import { expect, test } from 'vitest';
import { type Handlers, visibilityOf } from '../../src/rest/call.ts';

type GetKey = Handlers<'GET /api/v1/keys/{key}'>;
type Export = Handlers<'GET /api/v1/audit/export'>;

test('a handler that answers anything but the documented shape does not compile', () => {
  const shapeless: GetKey = {
    // @ts-expect-error: a key has more fields than its address
    'GET /api/v1/keys/{key}': async ({ params }) => ({ address: params.key }),
  };
  const textual: Export = {
    // @ts-expect-error: an answer that is not JSON says its media type
    'GET /api/v1/audit/export': async () => 'entries',
  };
  const curious: GetKey = {
    'GET /api/v1/keys/{key}': async (call) => {
      // @ts-expect-error: the route takes no body
      return call.body.key;
    },
  };
  expect([shapeless, textual, curious].map((handlers) => Object.keys(handlers).length)).toEqual([
    1, 1, 1,
  ]);
});

test('whoever watches over the server sees everything, everybody else what concerns them', () => {
  const seenBy = (role: 'admin' | 'auditor' | 'coordinator' | 'participant') =>
    visibilityOf({ username: 'alice', roles: [role], expiresAt: 0, tokenId: '' });
  expect([seenBy('admin'), seenBy('auditor')]).toEqual([{}, {}]);
  expect([seenBy('coordinator'), seenBy('participant')]).toEqual([
    { onlyOf: 'alice' },
    { onlyOf: 'alice' },
  ]);
});
