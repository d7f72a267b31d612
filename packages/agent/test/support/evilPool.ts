import type { CommonEvent } from '@quorate/holder';
import type { WorkerEvent } from '../../src/protocol/orders.ts';
import type { SessionEvent, WorkerPool } from '../../src/protocol/pool.ts';
import { type Corrupt, EvilSigner } from './evil.ts';

/** The protocol thread of a participant that lies, in place of an honest one's. */
export function evilPool(corrupt: Corrupt, twice = false): WorkerPool {
  const listeners = new Map<string, (event: SessionEvent) => void>();
  const prepared = new Map<string, (value: PreparedEvent) => void>();
  const signer = new EvilSigner(
    (event) => {
      if (event.event === 'prepared') prepared.get(event.id)?.(event);
      else if (!isCommon(event)) listeners.get(event.id)?.(event);
    },
    corrupt,
    twice,
  );
  return {
    open: (id, _, onEvent) => {
      listeners.set(id, onEvent);
      return {
        prepare: () =>
          new Promise((resolve) => {
            prepared.set(id, resolve);
            signer.handle({ order: 'prepare', id });
          }),
        start: (kind, start) => {
          if (!('opener' in start)) return;
          const opener = Uint8Array.from(start.opener);
          signer.handle({ order: 'start', id, kind, start: { ...start, opener } });
        },
        receive: (frame) => signer.handle({ order: 'receive', id, frame }),
        askWaiting: () => undefined,
        end: () => undefined,
      };
    },
    health: [],
    close: async () => undefined,
  };
}

function isCommon(event: WorkerEvent): event is CommonEvent {
  return ['ready', 'fault', 'ended'].includes(event.event);
}

type PreparedEvent = { nonce: Uint8Array; x25519: Uint8Array; ed25519: Uint8Array };
