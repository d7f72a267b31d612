// A coordinator that is none, or means harm.
import { once } from 'node:events';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { type Api, anonymousApi, everyPage } from '../src/remote/api.ts';
import { exchange } from '../src/remote/http.ts';
import { readLogin } from '../src/remote/session.ts';
import { quorate } from './support/world.ts';

let server: Server;
let directory = '';
let answer: (response: ServerResponse) => void = () => undefined;
let asked: string[] = [];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  directory = temporaryDirectory();
  const login = {
    format: 'quorate-login/v1',
    url: `http://127.0.0.1:${port}`,
    username: 'x',
    roles: [],
    access_token: 'access',
    refresh_token: 'refresh',
    expires_at: Date.now() + 3_600_000,
  };
  writeFileSync(join(directory, 'login'), JSON.stringify(login), { mode: 0o600 });
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(directory, { recursive: true });
});

const list = () => quorate('keys', 'list', '--login', join(directory, 'login'));

describe('answers of a coordinator', () => {
  test('fields that a newer coordinator added are left out', async () => {
    answer = (response) => response.end('{"keys": [], "colour": "red"}');
    const ran = await list();
    expect([ran.exit, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).not.toContain('red');
  });

  test.each([
    ['text', 'hello'],
    ['another shape', '{"keys": [{"address": 7}]}'],
    ['nothing', ''],
    ['an array', '[]'],
  ])('%s where JSON of a schema was promised is not understood', async (_, text) => {
    answer = (response) => response.end(text);
    const ran = await list();
    expect(ran.exit).toBe(5);
    expect(ran.stderr).toContain('unexpected answer from');
  });

  test('R-16 a problem’s text reaches the terminal escaped', async () => {
    answer = (response) => {
      response.statusCode = 409;
      const hostile = 'a\u001b[2Jb\u202ec\nd';
      response.end(JSON.stringify({ code: 'x', title: hostile, detail: hostile }));
    };
    const ran = await list();
    expect(ran.exit).toBe(3);
    expect(ran.stderr.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('a redirection is not followed: the token goes to one place', async () => {
    answer = (response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' });
      response.end();
    };
    expect((await list()).exit).toBe(3);
    expect(asked).toHaveLength(1);
  });

  test.each([
    [400, 2],
    [401, 4],
    [403, 4],
    [404, 3],
    [409, 3],
    [429, 3],
    [500, 5],
    [503, 5],
  ])('status %i ends with %i', async (status, exit) => {
    answer = (response) => {
      response.statusCode = status;
      response.end('{}');
    };
    expect((await list()).exit).toBe(exit);
  });

  test('a connection that is cut ends with 5', async () => {
    answer = (response) => response.socket?.destroy();
    expect((await list()).exit).toBe(5);
  });

  test.each([
    ['names itself', () => 'same', [1], 2],
    ['names the one before', (page: number) => String(page % 2), [1], 3],
    ['has nothing and names another', (page: number) => String(page), [], 1],
    ['names another for ever', (page: number) => String(page), [1], 10_000],
  ])('a list whose page %s is not asked for without end', async (_, nextOf, items, most) => {
    let pages = 0;
    const api: Api = {
      ...anonymousApi({ url: 'http://127.0.0.1:1' }),
      call: async (schema) => {
        pages += 1;
        if (pages > 20_000) throw new RangeError('asked without end');
        const read = schema.safeParse({ next: nextOf(pages) });
        if (!read.success) throw read.error;
        return read.data;
      },
    };
    const asking = everyPage(api, z.object({ next: z.string() }), '/list', () => items);
    await expect(asking).rejects.toMatchObject({ code: 'unexpected_answer' });
    expect(pages).toBe(most);
  });

  test('the log of an old server is exported whole, and no other answer is as large', async () => {
    const chunk = Buffer.alloc(1024 * 1024, '\n');
    answer = (response) => {
      Readable.from(Array.from({ length: 65 }, () => chunk)).pipe(response);
    };
    const out = join(directory, 'audit.jsonl');
    const login = ['--login', join(directory, 'login')];
    expect((await quorate('audit', 'export', '--out', out, ...login)).exit).toBe(0);
    expect(statSync(out).size).toBe(65 * chunk.length);
    const ran = await list();
    expect(ran.exit).toBe(5);
    expect(ran.stderr).toContain('answer over 64 MiB');
  });

  test('an answer that trickles without end is given up', async () => {
    answer = (response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    };
    const { url } = readLogin(join(directory, 'login'));
    const asking = exchange({ url }, { method: 'GET', path: '/' }, { silence: 10_000, whole: 300 });
    await expect(asking).rejects.toMatchObject({
      code: 'unreachable',
      message: `${url}: no complete answer within 0.3 s`,
    });
  });
});
