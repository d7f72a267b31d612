/** Bytes on a socket, as somebody writes them who is no HTTP client. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The headers of an upgrade that is in order. */
export const UPGRADE =
  'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** Opens a socket to a server; its errors are nobody's. `halfOpen` stays open when the other side ends. */
export async function openRaw(url: string, halfOpen = false): Promise<Socket> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), allowHalfOpen: halfOpen });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Writes a text and gives all that comes until the server ends the connection. */
export async function sayRaw(url: string, text: string): Promise<string> {
  const socket = await openRaw(url);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(text, 'latin1');
  await closed;
  return answer;
}

/** Upgrades a socket to `/peer`; gives it and the first line of the answer. */
export async function upgradeRaw(url: string): Promise<{ socket: Socket; status: string }> {
  const socket = await openRaw(url);
  const said = new Promise<string>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('close', () => resolve(''));
  });
  socket.write(`GET /peer HTTP/1.1\r\n${UPGRADE}\r\n`);
  const [status = ''] = (await said).split('\r\n');
  return { socket, status };
}
