import { expect, test } from 'vitest';
import { openInProcess } from '../support/inProcess.ts';

test('X-2: a client that reads nothing costs its own connection, and no error leaves the handler', async () => {
  const server = await openInProcess([{ username: 'coordinator', roles: ['coordinator'] }]);
  const line = await server.connect('coordinator', 'coordinator');
  line.state.buffered = 9 * 1024 * 1024;
  line.connection.receive('no message');
  expect(line.state.closed).toBe(1011);
  expect(server.errors).toHaveLength(1);
  expect(server.errors[0]).toContain('the client reads too slowly');
  await server.idle();
  const other = await server.connect('coordinator', 'coordinator');
  expect(other.messages()[0]).toMatchObject({ type: 'register_complete', success: true });
});
