import { request } from 'node:https';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeCertificatePem } from '../../../test/support/certificate.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import type { ServerOptions } from '../src/options.ts';
import { createServer } from '../src/server.ts';

let directory: string;
let count = 0;

beforeAll(() => {
  directory = temporaryDirectory();
});

async function start(options: Partial<ServerOptions> = {}) {
  count += 1;
  const dataDirectory = join(directory, `data-${count}`);
  const server = await createServer({ dataDirectory, init: true, port: 0, ...options });
  onTestFinished(() => server.close());
  return { server, dataDirectory, ...(await server.listen()) };
}

describe('transport', () => {
  test('another interface than loopback without TLS is refused, unless the operator insists', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', '127.0.0.1.example.org']) {
      const dataDirectory = join(directory, 'never');
      await expect(createServer({ dataDirectory, host, port: 0 })).rejects.toMatchObject({
        code: 'server/insecure',
      });
    }
    const { server } = await start({ host: '0.0.0.0', allowInsecure: true });
    await server.close();
  });

  test('with a certificate it serves https and wss, and nothing in the clear', async () => {
    const tls = makeCertificatePem();
    const ca = tls.certificate;
    const { url, wsUrl } = await start({ tls });
    expect([url.slice(0, 8), wsUrl.slice(0, 6)]).toEqual(['https://', 'wss://']);
    const status = await new Promise((resolve, reject) => {
      request(`${url}/healthz`, { ca }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
    const socket = new WebSocket(wsUrl, { ca });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.terminate();
    await expect(fetch(url.replace('https', 'http'))).rejects.toThrow(/fetch failed/);
  });
});

describe('the data directory', () => {
  test('belongs to one running server', async () => {
    const { dataDirectory } = await start();
    await expect(createServer({ dataDirectory, port: 0 })).rejects.toMatchObject({
      code: 'store/in-use',
    });
  });

  test('is free again after close, and close may be called twice', async () => {
    const { server, dataDirectory } = await start();
    await Promise.all([server.close(), server.close()]);
    const again = await createServer({ dataDirectory, port: 0 });
    expect(again.setupToken).toBeTypeOf('string');
    await again.close();
  });
});

test('a port that is taken is an error that leaves the data directory free', async () => {
  const first = await start();
  const port = Number(new URL(first.url).port);
  const dataDirectory = join(directory, 'taken');
  const second = await createServer({ dataDirectory, init: true, port });
  await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const third = await createServer({ dataDirectory, port: 0 });
  await third.listen();
  await third.close();
});

describe('the web page', () => {
  const files = new Map([
    ['/', { type: 'text/html; charset=utf-8', body: new TextEncoder().encode('<!doctype html>') }],
    ['/app.js', { type: 'text/javascript', body: new TextEncoder().encode('0') }],
  ]);

  test('comes from memory under the strictest policy', async () => {
    const { url } = await start({ consoleFiles: files });
    const page = await fetch(url);
    expect(await page.text()).toBe('<!doctype html>');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect((await fetch(`${url}/app.js`)).status).toBe(200);
  });

  test('has no way to the file system', async () => {
    const { url, server } = await start({ consoleFiles: files });
    for (const path of [
      '/../package.json',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/app.js/..%2f..%2fetc/passwd',
      '//etc/passwd',
    ]) {
      const { statusCode } = await server.app.inject({ url: path });
      expect([path, statusCode]).toEqual([path, 404]);
    }
    expect((await fetch(`${url}/keys/audit.pem`)).status).toBe(404);
  });
});
