import { Duplex, PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { answerSocket } from '../src/http.ts';

const ANSWER = { status: 404, headers: { 'content-type': 'text/plain' }, body: 'né' };

describe('an answer on a bare socket', () => {
  test('has its length in bytes and says that the connection ends', async () => {
    const socket = new PassThrough();
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    answerSocket(socket, ANSWER);
    await finished(socket, { error: false }).catch(() => undefined);
    expect(Buffer.concat(chunks).toString()).toBe(
      'HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 3\r\n\r\nné',
    );
    expect(socket.destroyed).toBe(true);
  });

  test('is not begun when the other end is gone', () => {
    const socket = new PassThrough();
    socket.destroy();
    answerSocket(socket, ANSWER);
    expect(socket.readableLength).toBe(0);
  });

  test('holds the socket only for a moment if nobody reads it', async () => {
    const socket = new Duplex({ read: () => undefined, write: () => undefined });
    const begun = performance.now();
    answerSocket(socket, ANSWER);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(performance.now() - begun).toBeGreaterThan(1_900);
  });

  test('survives a client that resets the connection', () => {
    const socket = new PassThrough();
    answerSocket(socket, ANSWER);
    socket.emit('error', new Error('ECONNRESET'));
    expect(socket.destroyed).toBe(true);
  });
});
