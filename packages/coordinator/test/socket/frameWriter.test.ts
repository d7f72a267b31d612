import { describe, expect, test } from 'vitest';
import type { Numbered } from '../../src/delivery/outbox.ts';
import { FrameWriter, type Transport } from '../../src/socket/frameWriter.ts';

/** A store of numbered messages and a transport whose speed the test decides. */
function setUp(): {
  readonly stored: Numbered[];
  readonly sent: string[];
  readonly transport: Transport & { buffered: number };
  readonly writer: FrameWriter;
  readonly failures: string[];
  readonly drain: () => Promise<void>;
} {
  const stored: Numbered[] = [];
  const sent: string[] = [];
  const waiting: (() => void)[] = [];
  const transport = {
    buffered: 0,
    send: (text: string, written: () => void) => {
      sent.push(text);
      waiting.push(written);
    },
    close: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
  const failures: string[] = [];
  const failed = (error: unknown): void => void failures.push(String(error));
  const writer = new FrameWriter(
    transport,
    async (after, limit) => stored.filter(({ seq }) => seq > after).slice(0, limit),
    failed,
  );
  const drain = async (): Promise<void> => {
    transport.buffered = 0;
    for (const written of waiting.splice(0)) written();
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { stored, sent, transport, writer, failures, drain };
}

const numbered = (seq: number): Numbered => ({ seq, text: `{"type":"x","seq":${seq}}` });
const seqsOf = (sent: readonly string[]): number[] =>
  sent.flatMap((text) => {
    const value: unknown = JSON.parse(text);
    return (Array.isArray(value) ? value : [value]).map((message: { seq: number }) => message.seq);
  });

describe('sending', () => {
  test('sends stored messages first, then later ones, and none twice', async () => {
    const { stored, sent, writer, drain } = setUp();
    stored.push(numbered(1), numbered(2));
    writer.start(0);
    stored.push(numbered(3));
    writer.offer(numbered(3));
    await drain();
    stored.push(numbered(4));
    writer.offer(numbered(4));
    writer.offer(numbered(4));
    expect(seqsOf(sent)).toEqual([1, 2, 3, 4]);
  });

  test('R-8 to a slow reader nothing is sent beyond the cap; the rest comes from the store, in order', async () => {
    const { stored, sent, transport, writer, drain } = setUp();
    writer.start(0);
    await drain();
    transport.buffered = 5 * 1024 * 1024;
    for (let seq = 1; seq <= 500; seq += 1) {
      stored.push(numbered(seq));
      writer.offer(numbered(seq));
    }
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(sent.length).toBeLessThanOrEqual(64);
    transport.buffered = 0;
    for (let turn = 0; turn < 20; turn += 1) await drain();
    expect(seqsOf(sent)).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
  });

  test('R-8 a client that reads nothing is given up, not buffered for without end', async () => {
    const { sent, transport, writer, failures } = setUp();
    transport.buffered = 9 * 1024 * 1024;
    writer.tell({ type: 'ack', cseq: 1 });
    expect(sent).toEqual([]);
    expect(failures).toEqual(['Error: the client reads too slowly']);
  });

  test('frames of a batch hold at most 64 messages and 1 MiB', async () => {
    const { stored, sent, writer, drain } = setUp();
    writer.batch = true;
    for (let seq = 1; seq <= 200; seq += 1) {
      stored.push({ seq, text: `{"type":"x","seq":${seq},"body":"${'a'.repeat(20_000)}"}` });
    }
    writer.start(0);
    for (let turn = 0; turn < 5; turn += 1) await drain();
    expect(seqsOf(sent)).toHaveLength(200);
    for (const frame of sent) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(1024 * 1024);
    expect(sent.length).toBeGreaterThan(3);
    expect(sent.some((frame) => frame.startsWith('['))).toBe(true);
  });

  test('after the end nothing is sent, and nobody waits for a drain that never comes', async () => {
    const { stored, sent, transport, writer, drain } = setUp();
    transport.buffered = 5 * 1024 * 1024;
    stored.push(numbered(1));
    writer.start(0);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    writer.stop();
    stored.push(numbered(2));
    writer.offer(numbered(2));
    writer.tell({ type: 'y' });
    await drain();
    expect(seqsOf(sent)).toEqual([1]);
  });
});
