/**
 * A new share on its way to being the key (docs/spec/cosigner.md, "Two phases"): stored here, stored there, active at
 * P1, active at P2.
 */
import type { CosignerCode, PeerSync } from '@quorate/wire';
import type { Effect } from './effects.ts';
import type { Mail } from './mail.ts';
import { waiting, working } from './clocks.ts';
import { complete, fail } from './finish.ts';
import { encodeMail } from './mail.ts';
import { hex0x } from './message.ts';
import {
  after,
  type Change,
  change,
  type Living,
  type SettingUp,
  type Stored,
  type Storing,
  unchanged,
} from './state.ts';
import type { Facts } from './terms.ts';

/** The thread has made a share: it is sealed, stored and on the chip before the partner hears of it. */
export function made(
  { terms, step, partnerStored }: SettingUp,
  { address, publicKey }: { readonly address: string; readonly publicKey: Uint8Array },
): Change {
  const state: Storing = { phase: 'storing', terms, step, partnerStored, address, publicKey };
  return change(state, ...working(state), { do: 'store' });
}

/** The share is there. */
export function stored(state: Storing, facts: Facts): Change {
  const { terms, partnerStored, address, publicKey } = state;
  const step = 'StepKeygenP2';
  const next: Stored = { phase: 'stored', terms, step, partnerStored };
  const effects: Effect[] = [
    { do: 'giveUpRoom' },
    { do: 'show', change: { address, public_key: hex0x(publicKey), step } },
    ...waiting(next),
  ];
  if (terms.index === 1) return after(effects, commit(next, facts));
  return change(next, ...effects, { do: 'post', mail: saying('stored') });
}

/** The share could not be stored: nothing of it stays. */
export function unstored(
  { terms, step, partnerStored }: Storing,
  facts: Facts,
  refusal: { readonly code: CosignerCode; readonly reason: string },
): Change {
  const without: SettingUp = { phase: 'settingUp', terms, step, partnerStored, owed: 0 };
  return after(
    [{ do: 'discard' }, { do: 'giveUpRoom' }],
    fail(without, facts, refusal.code, refusal.reason),
  );
}

/** P2 says that it has stored its share. */
export function partnerStored(state: Living, facts: Facts): Change {
  if (state.terms.index !== 1) return unchanged(state);
  switch (state.phase) {
    case 'settingUp':
    case 'storing':
      return change({ ...state, partnerStored: true });
    case 'stored':
      return commit({ ...state, partnerStored: true }, facts);
    case 'beginning':
    case 'deciding':
    case 'preparing':
    case 'queued':
    case 'keying':
    case 'certifying':
    case 'proposed':
    case 'starting':
    case 'signing':
      return unchanged(state);
    default:
      return state satisfies never;
  }
}

/** P1 activates when both shares are stored; a key whose lock is not in its record waits for it. */
function commit(state: Stored, facts: Facts): Change {
  const unsaved = facts.key?.unsaved ?? 'nothing';
  if (!state.partnerStored || unsaved !== 'nothing') return unchanged(state);
  return change(state, { do: 'activate' });
}

/** P1 says that it uses its share. */
export function partnerActive(state: Living): Change {
  if (state.terms.index !== 2 || state.phase !== 'stored') return unchanged(state);
  return change(state, { do: 'activate' });
}

/** The share is the key, on disk: P1 says so. */
export function activated(state: Stored, facts: Facts): Change {
  if (state.terms.index === 2) return complete(state, facts);
  return after([{ do: 'post', mail: saying('active') }], complete(state, facts));
}

function saying(phase: 'stored' | 'active'): Mail {
  const plaintext = encodeMail({ phase } satisfies PeerSync);
  return { type: 'session_sync', round: 0, plaintext, signature: '' };
}
