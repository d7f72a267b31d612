// A TCP proxy in front of the coordinator that keeps every byte, and reads the WebSocket frames in them.
import { once } from 'node:events';
import { createServer, connect, type Server, type Socket } from 'node:net';

/** Which way bytes went. */
type Direction = 'to-server' | 'to-client';

/** Told of every text frame; may stop what follows by ending programs. */
export type OnFrame = (direction: Direction, text: string) => void;

/** A running recorder. */
export interface Recording {
  readonly port: number;
  /** Everything that went through, as it was on the wire. */
  raw(): Buffer;
  /** Payloads of all frames, unmasked. */
  frames(): readonly string[];
  close(): Promise<void>;
}

/** Starts a recorder in front of a port of 127.0.0.1. */
async function record(target: number, onFrame: OnFrame = () => undefined): Promise<Recording> {
  const chunks: Buffer[] = [];
  const frames: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [from, to, direction] of [
      [client, upstream, 'to-server'],
      [upstream, client, 'to-client'],
    ] as const) {
      sockets.add(from);
      const reader = frameReader((text) => {
        frames.push(text);
        onFrame(direction, text);
      });
      from.on('data', (chunk: Buffer) => {
        chunks.push(Buffer.from(chunk));
        reader(chunk);
        to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    raw: () => Buffer.concat(chunks),
    frames: () => frames,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Skips the HTTP head, then reads frames (RFC 6455 §5.2) and gives the payload of each text frame. */
function frameReader(onText: (text: string) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let upgraded = false;
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    if (!upgraded) {
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      pending = pending.subarray(end + 4);
      upgraded = true;
    }
    for (;;) {
      const frame = readFrame(pending);
      if (frame === undefined) return;
      pending = pending.subarray(frame.length);
      if (frame.opcode < 8) onText(frame.payload.toString('utf8'));
    }
  };
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Bytes that the frame took. */
  readonly length: number;
}

function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const masked = (bytes.readUInt8(1) & 0x80) !== 0;
  const short = bytes.readUInt8(1) & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + extended + (masked ? 4 : 0);
  if (bytes.length < start) return undefined;
  const size =
    extended === 0
      ? short
      : extended === 2
        ? bytes.readUInt16BE(2)
        : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + size) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  const mask = bytes.subarray(start - 4, start);
  if (masked) for (let at = 0; at < size; at += 1) payload[at]! ^= mask[at % 4]!;
  return { opcode: bytes.readUInt8(0) & 0x0f, payload, length: start + size };
}

/** A route of a cluster's agents through a recorder, which starts with the cluster. */
export function recordedRoute(onFrame?: OnFrame): {
  readonly route: (wsUrl: string) => Promise<string>;
  readonly recording: () => Recording;
} {
  let recording: Recording | undefined;
  return {
    route: async (wsUrl) => {
      const { port } = new URL(wsUrl);
      recording = await record(Number(port), onFrame);
      return wsUrl.replace(`:${port}/`, `:${recording.port}/`);
    },
    recording: () => {
      if (recording === undefined) throw new Error('the cluster has not started');
      return recording;
    },
  };
}
