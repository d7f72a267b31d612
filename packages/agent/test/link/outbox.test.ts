import { describe, expect, test } from 'vitest';
import { createOutbox, type Outgoing } from '../../src/link/outbox.ts';

const message = (session_key: string): Outgoing => ({
  type: 'keygen_response',
  session_key,
  part_index: 1,
  cpic: '',
  accept: false,
  reason: 'declined',
});

function counter(start = 0): () => number {
  let value = start;
  return () => (value += 1);
}

const cseqs = (frames: readonly string[]): number[] =>
  frames.flatMap((frame) => JSON.parse(frame)).map((sent: { cseq: number }) => sent.cseq);

describe('outbox', () => {
  test('sends a message again after a registration until it is acknowledged', () => {
    const outbox = createOutbox(false);
    const next = counter();
    outbox.add(message('a'));
    outbox.add(message('b'));
    expect(cseqs(outbox.takeFrames(next))).toEqual([1, 2]);
    expect(outbox.takeFrames(next)).toEqual([]);
    outbox.rewind();
    outbox.acknowledged(1);
    expect(cseqs(outbox.takeFrames(next))).toEqual([2]);
    outbox.rewind();
    outbox.acknowledged(2);
    expect(outbox.takeFrames(next)).toEqual([]);
  });

  test('sends the same bytes again', () => {
    const outbox = createOutbox(false);
    outbox.add(message('a'));
    const first = outbox.takeFrames(counter());
    outbox.rewind();
    expect(outbox.takeFrames(counter(50))).toEqual(first);
  });

  test('numbers a message when it is first sent, so that an old number of the user is not taken for its own', () => {
    const outbox = createOutbox(false);
    outbox.add(message('a'));
    outbox.acknowledged(57);
    expect(cseqs(outbox.takeFrames(counter(57)))).toEqual([58]);
  });

  test('a refused message is not sent again, and others stay', () => {
    const outbox = createOutbox(false);
    const next = counter();
    outbox.add(message('a'));
    outbox.add(message('b'));
    outbox.takeFrames(next);
    outbox.refused(2);
    outbox.rewind();
    expect(cseqs(outbox.takeFrames(next))).toEqual([1]);
  });

  test('a session that is over leaves nothing behind', () => {
    const outbox = createOutbox(false);
    outbox.add(message('a'));
    outbox.add(message('b'));
    outbox.withdraw('a');
    expect(outbox.size).toBe(1);
  });

  test('gathers up to 64 messages in one frame, in order', () => {
    const outbox = createOutbox(true);
    for (let at = 0; at < 130; at += 1) outbox.add(message(`s${at}`));
    const frames = outbox.takeFrames(counter());
    expect(frames.map((frame) => JSON.parse(frame).length)).toEqual([64, 64, 2]);
    expect(cseqs(frames)).toEqual(Array.from({ length: 130 }, (_, at) => at + 1));
  });

  test('keeps every frame below the limit of 1 MiB', () => {
    const outbox = createOutbox(true);
    for (let at = 1; at <= 20; at += 1) {
      outbox.add({
        type: 'round',
        session_key: 's',
        round: 1,
        from: 1,
        to: 2,
        body: 'A'.repeat(128 * 1024),
        signature: '',
      });
    }
    const frames = outbox.takeFrames(counter());
    expect(frames.length).toBeGreaterThan(2);
    for (const frame of frames) expect(frame.length).toBeLessThan(1024 * 1024);
  });
});
