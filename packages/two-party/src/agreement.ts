/**
 * The beginning of a session: both sides certify the same intent, a person may be asked, and primes are made ready
 * (docs/spec/cosigner.md, "Session", A to E).
 */
import { fromHex, toBase64 } from '@quorate/intent';
import { deriveSessionId } from '@quorate/tss';
import { COSIGNER_CODES, type PeerInit, type PeerSync } from '@quorate/wire';
import {
  certificatePayload,
  type Certified,
  checkCertificate,
  intentOf,
  type Prepared,
} from './certificates.ts';
import type { Effect } from './effects.ts';
import type { Mail } from './mail.ts';
import { isOfEpoch } from './epoch.ts';
import { abort, fail, inTime } from './finish.ts';
import { encodeMail } from './mail.ts';
import { begin } from './rounds.ts';
import {
  after,
  type Asked,
  type Beginning,
  type Certifying,
  type Change,
  change,
  type Deciding,
  type Keying,
  type Preparing,
  type Proposed,
  type Queued,
  unchanged,
} from './state.ts';
import type { Facts, KeyFacts, Terms } from './terms.ts';

/** How long a partner may look for primes, seconds. */
const PREPARING_S = 15 * 60;

/** Opens a session: one that this side proposes, or one that the partner asked for. */
export function open(terms: Terms, asked: Asked | null): Change {
  return change({ phase: 'beginning', terms, step: null, early: [], asked }, { do: 'reserve' });
}

/** The chip has room: a person decides on a proposal, this side's own goes on. */
export function reserved({ terms, step, early, asked }: Beginning): Change {
  if (asked === null) return ready({ terms, step, early, asked });
  const waiting = { status: 'awaiting_approval' } as const;
  const words: Effect[] = terms.asks
    ? [{ do: 'show', change: waiting }, ...told(terms, waiting.status)]
    : [];
  const state: Deciding = { phase: 'deciding', terms, step, early, asked };
  return change(state, ...words, { do: 'ask', intent: asked.intent });
}

/** Somebody decided. */
export function decided(
  state: Deciding,
  facts: Facts,
  decision: { readonly accept: true } | { readonly accept: false; readonly reason: string },
): Change {
  return inTime(state, facts, () => {
    if (!decision.accept) {
      return abort(state, facts, { code: 'declined', reason: decision.reason });
    }
    const { terms, step, early, asked } = state;
    // The person may have thought for longer than a refresh takes.
    const next = isOfEpoch(facts.key, asked.epoch)
      ? ready({ terms, step, early, asked })
      : fail(state, facts, 'epoch_mismatch', COSIGNER_CODES.epoch_mismatch.en);
    return after([{ do: 'show', change: { status: 'created' } }], next);
  });
}

/** Primes for a key generation or a refresh, then the ephemeral keys in their turn. */
function ready({ terms, step, early, asked }: Omit<Preparing, 'phase'>): Change {
  if (terms.type === 'sign') return queue({ terms, step, early, asked });
  return change(
    { phase: 'preparing', terms, step, early, asked },
    { do: 'show', change: { status: 'preparing' } },
    ...told(terms, 'preparing'),
    { do: 'pause' },
    { do: 'takePrimes', count: terms.index === 1 ? 2 : 1 },
  );
}

/** The primes are here. */
export function primed(state: Preparing, facts: Facts): Change {
  const { terms, step, early, asked } = state;
  const next = inTime(state, facts, () =>
    after([{ do: 'show', change: { status: 'created' } }], queue({ terms, step, early, asked })),
  );
  return after([{ do: 'resume' }], next);
}

/** Whoever orders sessions has them wait: what it proposes, the other side begins at once. */
function queue(state: Omit<Queued, 'phase'>): Change {
  if (state.asked !== null) return keying(state);
  return change({ ...state, phase: 'queued' }, { do: 'takeTurn' });
}

/** The turn has come. */
export function turned({ terms, step, early, asked }: Queued): Change {
  return keying({ terms, step, early, asked });
}

function keying(state: Omit<Keying, 'phase'>): Change {
  return change({ ...state, phase: 'keying' }, { do: 'openThread' }, { do: 'prepareKeys' });
}

/** The ephemeral keys are here: this side certifies them, and what it means. */
export function prepared(state: Keying, facts: Facts, keys: Prepared): Change {
  const { terms, step, early, asked } = state;
  const intent = asked?.intent ?? intentOf(terms, facts.key);
  const epoch = asked === null ? (facts.key?.epoch ?? null) : asked.epoch;
  const payload = certificatePayload(terms, keys, intent, facts.now);
  return change(
    { phase: 'certifying', terms, step, early, asked, intent, epoch },
    { do: 'certify', payload },
  );
}

/** This side's certificate is here, and leaves. */
export function certified(state: Certifying, facts: Facts, certificate: Uint8Array): Change {
  return inTime(state, facts, () => {
    const { terms, step, early, asked, intent, epoch } = state;
    const post: Effect = { do: 'post', mail: initOf(state, facts.key, certificate) };
    const proposed: Proposed = {
      phase: 'proposed',
      terms,
      step,
      early,
      intent,
      epoch,
      certificate,
      heard: 'nothing',
    };
    if (asked !== null) return after([post], agree(proposed, facts, asked));
    const { approval, step: seconds } = terms.deadlines;
    return change(proposed, { do: 'arm', which: 'step', seconds: approval + seconds }, post);
  });
}

/** The partner's certificate; anything else is of no effect. */
export function replied(state: Proposed, facts: Facts, { reply, certificate }: PeerInit): Change {
  if (!reply) return unchanged(state);
  const checked = checkCertificate(state.terms, certificate, state.intent, facts.now);
  if ('code' in checked) return fail(state, facts, checked.code, checked.reason);
  return agree(state, facts, checked);
}

/**
 * Where the partner stands, before its certificate is here. Each of the two gives it time once, in this order, and only
 * a set-up needs primes: repeating itself gains nothing.
 */
export function heard(state: Proposed, status: string): Change {
  const { approval, step } = state.terms.deadlines;
  if (status === 'preparing' && state.heard !== 'preparing' && state.terms.type !== 'sign') {
    return change(
      { ...state, heard: 'preparing' },
      { do: 'giveUpTurn' },
      { do: 'pause' },
      { do: 'disarm', which: 'step' },
      { do: 'arm', which: 'preparing', seconds: PREPARING_S },
    );
  }
  if (status === 'awaiting_approval' && state.heard === 'nothing') {
    return change(
      { ...state, heard: 'awaiting_approval' },
      { do: 'giveUpTurn' },
      { do: 'arm', which: 'step', seconds: approval + step },
      { do: 'show', change: { status: 'awaiting_approval' } },
    );
  }
  return unchanged(state);
}

/** Both certificates are here: the session id follows. */
function agree(state: Proposed, facts: Facts, partner: Pick<Certified, 'bytes' | 'keys'>): Change {
  const { terms, step, early, epoch, certificate } = state;
  const certificates =
    terms.index === 1 ? [certificate, partner.bytes] : [partner.bytes, certificate];
  const keyId = facts.key === null ? null : fromHex(facts.key.keyId);
  const sid = deriveSessionId(keyId, certificates);
  return after(
    [{ do: 'disarm', which: 'preparing' }, { do: 'resume' }],
    begin({ phase: 'starting', terms, step, early, sid, peer: partner.keys, epoch }, facts),
  );
}

/** For the display and the deadlines of a partner that proposed. */
function told({ initiator }: Terms, status: string): Effect[] {
  if (initiator === 'own') return [];
  const plaintext = encodeMail({ status } satisfies PeerSync);
  return [{ do: 'tell', mail: { type: 'session_sync', round: 0, plaintext, signature: '' } }];
}

function initOf(
  { terms, asked, epoch }: Certifying,
  key: KeyFacts | null,
  certificate: Uint8Array,
): Mail {
  const { type, keySessionId, message, bits } = terms;
  const proposal = {
    ...(keySessionId === null ? {} : { key_session_id: keySessionId }),
    ...(epoch === null ? {} : { epoch }),
    ...(message === null ? {} : { message: message.text, hash: message.hash }),
    paillier_bits: key?.bits ?? bits,
  };
  const init: PeerInit = {
    operation: type,
    reply: asked !== null,
    certificate: toBase64(certificate),
    ...(asked === null ? proposal : {}),
  };
  return { type: 'two_party_sign_init', round: 0, plaintext: encodeMail(init), signature: '' };
}
