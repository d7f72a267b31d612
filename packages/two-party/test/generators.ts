/** Sessions under random events. A phase or an event without a generator does not compile. */
import { toBase64 } from '@quorate/intent';
import { x25519, ed25519 } from '@noble/curves/ed25519.js';
import { SETUP_MESSAGES, SIGN_MESSAGES } from '@quorate/tss/lindell17';
import { COSIGNER_CODES, type CosignerCode, type PeerInit } from '@quorate/wire';
import fc from 'fast-check';
import { open } from '../src/agreement.ts';
import {
  certificatePayload,
  type Certified,
  intentOf,
  type Prepared,
} from '../src/certificates.ts';
import type { Mail } from '../src/mail.ts';
import type { Frame } from '../src/messages.ts';
import type { Happening } from '../src/events.ts';
import type { Verdict } from '../src/verdict.ts';
import { hex0x } from '../src/message.ts';
import type { Asked, Change, State } from '../src/state.ts';
import type { Facts, KeyFacts, Terms } from '../src/terms.ts';
import { ADDRESS_OF_ONE, signedByOne } from '../../../test/support/knownKey.ts';
import { certificateBy, partyOf, termsOf } from './support/parties.ts';

/** The time of every certificate: milliseconds since 1970. */
const NOW = 1_800_000_000_000;

const KEY: KeyFacts = {
  keyId: '22'.repeat(32),
  epoch: 0,
  address: ADDRESS_OF_ONE,
  bits: 2048,
  lock: 'none',
  unsaved: 'nothing',
};

/** Everything is well. */
export const calm = ({ type }: Terms): Facts => ({
  now: NOW,
  timeLeft: 100_000,
  key: type === 'keygen' ? null : KEY,
});

/** Facts as they may be at an event. */
export const factsFor = (terms: Terms): fc.Arbitrary<Facts> =>
  fc.record({
    now: fc.constant(NOW),
    timeLeft: fc.oneof({ weight: 15, arbitrary: fc.constant(100_000) }, fc.constant(0)),
    key:
      terms.type === 'keygen'
        ? fc.constant(null)
        : fc.record({
            keyId: fc.constant(KEY.keyId),
            epoch: fc.oneof({ weight: 15, arbitrary: fc.constant(0) }, fc.constant(1)),
            address: fc.constant(KEY.address),
            bits: fc.constant(KEY.bits),
            lock: fc.oneof(
              { weight: 15, arbitrary: fc.constant('none' as const) },
              fc.constantFrom('refreshable' as const, 'terminal' as const),
            ),
            unsaved: fc.oneof(
              { weight: 8, arbitrary: fc.constant('nothing' as const) },
              fc.constantFrom('record' as const, 'lock' as const),
            ),
          }),
  });

const PREPARED: readonly Prepared[] = [1, 2].map((fill) => ({
  nonce: new Uint8Array(32).fill(fill),
  x25519: x25519.getPublicKey(new Uint8Array(32).fill(fill)),
  ed25519: ed25519.getPublicKey(new Uint8Array(32).fill(fill)),
}));
const preparedBy = (index: 1 | 2): Prepared => PREPARED[index - 1] as Prepared;

const certificates = new Map<string, Uint8Array>();

/** The certificate of one side of a session, for the key of {@link calm}. */
function certificateOf(terms: Terms): Uint8Array {
  const name = `${terms.type} ${terms.index}`;
  const known = certificates.get(name) ?? certify(terms);
  certificates.set(name, known);
  return known;
}

function certify(terms: Terms): Uint8Array {
  const intent = intentOf(terms, calm(terms).key);
  const payload = certificatePayload(terms, preparedBy(terms.index), intent, NOW);
  return certificateBy(partyOf(terms.index), payload);
}

const otherSide = (terms: Terms): Terms => ({
  ...terms,
  index: terms.index === 1 ? 2 : 1,
  own: terms.partner,
  partner: terms.own,
});

/** The partner's answer to a proposal. */
function replyTo(terms: Terms): PeerInit {
  const certificate = toBase64(certificateOf(otherSide(terms)));
  return { operation: terms.type, reply: true, certificate };
}

/** The partner's proposal, its certificate checked. */
function askedOf(terms: Terms): Asked {
  const other = otherSide(terms);
  const { x25519, ed25519 } = preparedBy(other.index);
  const certified: Certified = {
    bytes: certificateOf(other),
    keys: { index: other.index, x25519, ed25519 },
    intent: intentOf(terms, calm(terms).key),
  };
  return { ...certified, epoch: calm(terms).key?.epoch ?? null };
}

/** Opens a session as its terms say who proposes it. */
export const opened = (terms: Terms): Change =>
  open(terms, terms.initiator === 'own' ? null : askedOf(terms));

/** The signature of a session's message, by the private key 1. */
const goodSignature = ({ message }: Terms): Uint8Array =>
  message === null ? new Uint8Array(65) : Uint8Array.from(signedByOne(hex0x(message.digest)));

type Phase = State['phase'];

const primed = ({ type }: Terms): Happening[] => (type === 'sign' ? [] : [{ type: 'primed' }]);
const decided = ({ initiator }: Terms): Happening[] =>
  initiator === 'own' ? [] : [{ type: 'decided', accept: true }];
const turned = ({ initiator }: Terms): Happening[] =>
  initiator === 'own' ? [{ type: 'turn' }] : [];
const share: Happening = {
  type: 'share',
  address: KEY.address,
  publicKey: new Uint8Array(33).fill(2),
};
const stop: Happening = { type: 'stopped', code: 'stopping', reason: 'the server is stopping' };

const beforeCertificate = (terms: Terms): Happening[] => [
  { type: 'reserved' },
  ...decided(terms),
  ...primed(terms),
  ...turned(terms),
  { type: 'prepared', keys: preparedBy(terms.index) },
];
const proposed = (terms: Terms): Happening[] => [
  ...beforeCertificate(terms),
  { type: 'certified', certificate: certificateOf(terms) },
];
const agreed = (terms: Terms): Happening[] =>
  terms.initiator === 'own'
    ? [...proposed(terms), { type: 'init', init: replyTo(terms) }]
    : proposed(terms);
const running = (terms: Terms): Happening[] =>
  terms.type === 'keygen' ? agreed(terms) : [...agreed(terms), { type: 'held' }];

/** How a session comes to each phase, without what a phase before it waits for being refused. */
export const TO: { readonly [P in Exclude<Phase, 'ending'>]: (terms: Terms) => Happening[] } = {
  beginning: () => [],
  deciding: () => [{ type: 'reserved' }],
  preparing: (terms) => [{ type: 'reserved' }, ...decided(terms)],
  queued: (terms) => [{ type: 'reserved' }, ...primed(terms)],
  keying: (terms) => [{ type: 'reserved' }, ...decided(terms), ...primed(terms), ...turned(terms)],
  certifying: beforeCertificate,
  proposed,
  starting: agreed,
  signing: running,
  settingUp: running,
  storing: (terms) => [...running(terms), share],
  stored: (terms) => [...running(terms), share, { type: 'stored' }],
  // With the lock of its key unwritten, that does not end it.
  silent: (terms) => [...running(terms), stop],
  over: () => [stop],
};

/** Sessions that can be in a phase. */
export function termsIn(phase: keyof typeof TO): fc.Arbitrary<Terms> {
  const types = {
    beginning: ['keygen', 'sign', 'refresh'],
    deciding: ['keygen', 'sign', 'refresh'],
    preparing: ['keygen', 'refresh'],
    queued: ['keygen', 'sign', 'refresh'],
    keying: ['keygen', 'sign', 'refresh'],
    certifying: ['keygen', 'sign', 'refresh'],
    proposed: ['keygen', 'sign', 'refresh'],
    starting: ['sign', 'refresh'],
    signing: ['sign'],
    settingUp: ['keygen', 'refresh'],
    storing: ['keygen', 'refresh'],
    stored: ['keygen', 'refresh'],
    silent: ['sign', 'refresh'],
    over: ['keygen', 'sign', 'refresh'],
  } as const satisfies { readonly [P in keyof typeof TO]: readonly Terms['type'][] };
  const initiators = {
    deciding: ['partner'],
    queued: ['own'],
    proposed: ['own'],
  } as const satisfies { readonly [P in keyof typeof TO]?: readonly Terms['initiator'][] };
  const byWhom: readonly Terms['initiator'][] =
    phase === 'deciding' || phase === 'queued' || phase === 'proposed'
      ? initiators[phase]
      : ['own', 'partner'];
  return fc
    .record({
      type: fc.constantFrom<Terms['type']>(...types[phase]),
      index: fc.constantFrom(1 as const, 2 as const),
      initiator: fc.constantFrom(...byWhom),
      asks: fc.boolean(),
    })
    .map(({ type, index, initiator, asks }) => termsOf(type, index, { initiator, asks }));
}

const codes = Object.keys(COSIGNER_CODES) as CosignerCode[];
const code = fc.constantFrom(...codes);
const round = fc.integer({ min: 1, max: 5 });
const bytes = fc.uint8Array({ maxLength: 8 });

const mail: fc.Arbitrary<Mail> = fc
  .record({
    type: fc.constantFrom<Mail['type'][]>(
      ...(['pre_params', 'pre_params_ack', 'keygen_p1_data', 'keygen_p2_ack'] as const),
      ...(['sign_commit', 'sign_p2_nonce', 'sign_open', 'sign_p2_partial', 'sign_done'] as const),
    ),
    round,
    plaintext: bytes,
  })
  .map((drawn) => ({ ...drawn, signature: '' }));

/** A message that the protocol of a session has in this round, or nearly. */
const expected = ({ type }: Terms): fc.Arbitrary<Mail> => {
  const names: readonly Mail['type'][] =
    type === 'sign'
      ? ['sign_commit', 'sign_p2_nonce', 'sign_open', 'sign_p2_partial', 'sign_done']
      : ['pre_params', 'pre_params_ack', 'keygen_p1_data', 'keygen_p2_ack'];
  return fc
    .record({ at: fc.nat({ max: names.length - 1 }), plaintext: bytes })
    .map(({ at, plaintext }) => ({
      type: names[at] ?? 'abort',
      round: at + 1,
      plaintext,
      signature: '',
    }));
};

/** A message that the own thread may have for the partner. */
const frame = ({ type, index }: Terms): fc.Arbitrary<Frame> => {
  const messages = type === 'sign' ? SIGN_MESSAGES : SETUP_MESSAGES;
  const rounds = messages.filter(({ from }) => from.includes(index)).map(({ round }) => round);
  return fc.record({
    round: fc.constantFrom(...rounds),
    from: fc.constant(index),
    to: fc.constant(3 - index),
    body: bytes.map(toBase64),
    signature: fc.constant(''),
  });
};

const verdict: fc.Arbitrary<Verdict> = fc.record({
  reason: fc.constantFrom('invalid-proof', 'invalid-signature'),
  culprits: fc.subarray([1, 2]),
  keyUnsafe: fc.constantFrom(null, 'refreshable' as const, 'terminal' as const),
  round,
  message: fc.string(),
  evidence: fc.constant([]),
});

type Drawn<T extends Happening['type']> = fc.Arbitrary<Extract<Happening, { readonly type: T }>>;
const only = <T extends Happening['type']>(type: T) => fc.constant({ type });

/** Each event with how often it is drawn. */
const eventsOf = (
  terms: Terms,
): { readonly [T in Happening['type']]: readonly [weight: number, Drawn<T>] } => ({
  init: [
    3,
    fc.record({
      type: fc.constant('init' as const),
      init: fc.constantFrom(
        replyTo(terms),
        { ...replyTo(terms), reply: false },
        {
          ...replyTo(terms),
          certificate: 'AAAA',
        },
      ),
    }),
  ],
  abort: [1, fc.record({ type: fc.constant('abort' as const), code })],
  sync: [
    4,
    fc.record({
      type: fc.constant('sync' as const),
      sync: fc.record(
        {
          status: fc.constantFrom('preparing', 'awaiting_approval', 'running', 'completed', 'x'),
          signature: fc.constantFrom('', '00'.repeat(65), hex0x(goodSignature(terms))),
          phase: fc.constantFrom('stored' as const, 'active' as const),
        },
        { requiredKeys: [] },
      ),
    }),
  ],
  round: [
    8,
    fc.record({ type: fc.constant('round' as const), mail: fc.oneof(expected(terms), mail) }),
  ],
  status: [
    1,
    fc.record({
      type: fc.constant('status' as const),
      status: fc.constantFrom('preparing', 'awaiting_approval', 'running'),
    }),
  ],
  frames: [
    8,
    fc.record({
      type: fc.constant('frames' as const),
      frames: fc.array(frame(terms), { maxLength: 3 }),
    }),
  ],
  ignored: [
    1,
    fc.record({ type: fc.constant('ignored' as const), round, reason: fc.constant('duplicate') }),
  ],
  signature: [
    1,
    fc.record({
      type: fc.constant('signature' as const),
      signature: fc.constantFrom(goodSignature(terms), goodSignature(terms), new Uint8Array(65)),
    }),
  ],
  share: [2, fc.constant({ ...share, type: 'share' } as Extract<Happening, { type: 'share' }>)],
  aborted: [1, fc.record({ type: fc.constant('aborted' as const), verdict })],
  refused: [
    1,
    fc.record({
      type: fc.constant('refused' as const),
      reason: fc.constantFrom('thread_stopped', 'input/locked'),
      message: fc.string(),
    }),
  ],
  reserved: [2, only('reserved')],
  decided: [
    3,
    fc.constantFrom(
      { type: 'decided' as const, accept: true as const },
      { type: 'decided' as const, accept: true as const },
      { type: 'decided' as const, accept: false as const, reason: 'no' },
    ),
  ],
  primed: [2, only('primed')],
  turn: [2, only('turn')],
  prepared: [
    2,
    fc.record({
      type: fc.constant('prepared' as const),
      keys: fc.constant(preparedBy(terms.index)),
    }),
  ],
  certified: [
    2,
    fc.record({
      type: fc.constant('certified' as const),
      certificate: fc.constant(certificateOf(terms)),
    }),
  ],
  held: [3, only('held')],
  stored: [4, only('stored')],
  unstored: [
    1,
    fc.record({
      type: fc.constant('unstored' as const),
      code: fc.constantFrom('internal' as const, 'chip_refused' as const),
      reason: fc.string(),
    }),
  ],
  // Answers come with their effects: out of turn they say nothing.
  activated: [0, only('activated')],
  judged: [0, fc.record({ type: fc.constant('judged' as const), verdict })],
  kept: [3, only('kept')],
  unkept: [2, only('unkept')],
  failed: [1, fc.record({ type: fc.constant('failed' as const), code, reason: fc.string() })],
  late: [
    1,
    fc.record({
      type: fc.constant('late' as const),
      which: fc.constantFrom(
        ...(['step', 'preparing', 'working', 'session'] as const satisfies readonly string[]),
      ),
    }),
  ],
  confirmed: [1, only('confirmed')],
  stopped: [1, fc.record({ type: fc.constant('stopped' as const), code, reason: fc.string() })],
});

/** At most 40 events of a session, in any order. */
export function eventsFor(terms: Terms): fc.Arbitrary<Happening[]> {
  const drawn: readonly (readonly [number, fc.Arbitrary<Happening>])[] = Object.values(
    eventsOf(terms),
  );
  const event = fc.oneof(...drawn.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return fc.array(event, { maxLength: 40 });
}
