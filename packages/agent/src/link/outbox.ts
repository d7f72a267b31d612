/**
 * Messages of a client that the coordinator has not yet stored, in order.
 */
import type { ClientMessage } from '@quorate/wire';

/** A message to send; the outbox gives it its number. */
export type Outgoing = Exclude<ClientMessage, { type: 'register' } | { type: 'ack' }>;

/** Below the coordinator's frame limit of 1 MiB. */
const MAX_FRAME_LENGTH = 900 * 1024;
const MAX_BATCH = 64;

interface Entry {
  readonly message: Outgoing;
  readonly sessionKey: string | undefined;
  readonly isGood: () => boolean;
  /** Given at the first sending: only then this client knows which numbers the coordinator has seen. */
  cseq: number | undefined;
  onWire: boolean;
}

/** Messages that are sent again after each registration until they are acknowledged. */
export interface Outbox {
  /** Adds a message, and takes it out again if it is no longer good by the time it could be sent. */
  add(message: Outgoing, isGood?: () => boolean): void;
  /** Takes out everything up to a number that the coordinator has stored. */
  acknowledged(cseq: number): void;
  /** Takes out the one message that the coordinator refused. */
  refused(cseq: number): void;
  /** Takes out everything of a session that is over. */
  withdraw(sessionKey: string): void;
  /** Starts over after a registration: everything unacknowledged is sent again. */
  rewind(): void;
  /** The frames with everything that was not sent on this connection. */
  takeFrames(nextCseq: () => number): string[];
  readonly size: number;
}

/** Makes an outbox; with `batch`, several messages share a frame. */
export function createOutbox(batch: boolean): Outbox {
  let entries: Entry[] = [];
  return {
    add: (message, isGood = always) => {
      const sessionKey = 'session_key' in message ? message.session_key : undefined;
      entries.push({ message, sessionKey, isGood, cseq: undefined, onWire: false });
    },
    acknowledged: (cseq) => {
      entries = entries.filter((entry) => entry.cseq === undefined || entry.cseq > cseq);
    },
    refused: (cseq) => {
      entries = entries.filter((entry) => entry.cseq !== cseq);
    },
    withdraw: (sessionKey) => {
      entries = entries.filter((entry) => entry.sessionKey !== sessionKey);
    },
    rewind: () => {
      for (const entry of entries) entry.onWire = false;
    },
    takeFrames: (nextCseq) => {
      const texts: string[] = [];
      entries = entries.filter((entry) => entry.onWire || entry.isGood());
      for (const entry of entries) {
        if (entry.onWire) continue;
        entry.cseq ??= nextCseq();
        entry.onWire = true;
        texts.push(JSON.stringify({ ...entry.message, cseq: entry.cseq }));
      }
      return batch ? gather(texts) : texts;
    },
    get size() {
      return entries.length;
    },
  };
}

const always = (): boolean => true;

function gather(texts: readonly string[]): string[] {
  const frames: string[][] = [];
  let length = 0;
  for (const text of texts) {
    const frame = frames.at(-1);
    if (!frame || frame.length >= MAX_BATCH || length + text.length > MAX_FRAME_LENGTH) {
      frames.push([text]);
      length = text.length;
    } else {
      frame.push(text);
      length += text.length + 1;
    }
  }
  return frames.map((frame) => (frame.length === 1 ? (frame[0] ?? '') : `[${frame.join(',')}]`));
}
