import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { keygen } from '@quorate/tss/dkls23';
import { describe, expect, test } from 'vitest';
import { createChannel } from '../../src/channel/channel.ts';
import { PartySession, prepare } from '../../src/protocol/partySession.ts';
import type { RoundFrame } from '../../src/protocol/frames.ts';

const sid = new Uint8Array(32).fill(4);

/** Party 1 of a key generation by three, who has heard round 1 of party 2, and what party 2 says to it alone in round 2. */
function meeting() {
  const parties = [1, 2, 3];
  const made = parties.map(() => prepare());
  const peersOf = (index: number) =>
    parties
      .filter((other) => other !== index)
      .map((other) => ({ ...made[other - 1]!.keys, index: other }));
  const [receiver, sender, third] = parties.map((index) => {
    const session = keygen({ sessionId: sid, threshold: 2, parties: 3, index });
    const keys = made[index - 1]!.keys;
    return new PartySession(session, { sid, index, keys, peers: peersOf(index) });
  });
  const first = receiver!.start();
  const broadcasts = sender!.start();
  const answers = [...first, ...third!.start()].flatMap((frame) => {
    const received = sender!.receive(frame);
    return received.ignored === null ? received.frames : [];
  });
  for (const frame of broadcasts) expect(receiver!.receive(frame).ignored).toBeNull();
  const frame = answers.find(({ to }) => to === 1)!;
  const ofSender = createChannel({ sid, index: 2, keys: made[1]!.keys, peers: peersOf(2) });
  return { receiver: receiver!, frame, ofSender };
}

const broken = (frame: RoundFrame): RoundFrame => ({
  ...frame,
  signature: Buffer.alloc(64, 1).toString('base64'),
});

/** What the script says of the build. */
function kept(kind: 'repeated' | 'strange', count: number): { ignored: unknown; kept: number } {
  const script = fileURLToPath(new URL('../support/repeatedFrames.mjs', import.meta.url));
  const packages = fileURLToPath(new URL('../../..', import.meta.url));
  const args = ['--expose-gc', script, packages, kind, String(count)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as never;
}

describe('a party', () => {
  test('X-8: refuses a frame that comes again by its slot, before it decrypts or verifies anything', () => {
    const { receiver, frame } = meeting();
    expect(receiver.receive(broken(frame))).toEqual({ ignored: 'bad-signature', awaited: true });
    expect(receiver.receive(frame)).toEqual({ ignored: null, frames: [] });
    expect(receiver.receive(frame)).toEqual({ ignored: 'duplicate', awaited: false });
    expect(receiver.receive(broken(frame))).toEqual({ ignored: 'duplicate', awaited: false });
  });

  test('R-8: still sees other content for a slot that is taken, and shows both messages', () => {
    const { receiver, frame, ofSender } = meeting();
    receiver.receive(frame);
    const { body, signature } = ofSender.seal({
      round: frame.round,
      from: 2,
      to: 1,
      body: new Uint8Array(100).fill(1),
    });
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    receiver.receive({ ...frame, body: text(body), signature: text(signature) });
    const { outcome } = receiver;
    expect(outcome).toMatchObject({ status: 'aborted', reason: 'equivocation', culprits: [2] });
    expect(outcome?.status === 'aborted' && outcome.evidence).toHaveLength(2);
  });

  test.each([
    ['repeated', { null: 1, duplicate: 499 }],
    ['strange', { ignored: 500 }],
  ] as const)('X-8: keeps nothing of 500 %s pairwise frames', (kind, ignored) => {
    const result = kept(kind, 500);
    expect(result.ignored).toEqual(ignored);
    // Each is of 8 KiB: kept, they would be 4 MiB.
    expect(result.kept).toBeLessThan(2 ** 20);
  });
});
