/**
 * Releases the opener of a shard for one session: counted (`countedRelease`), and only for a key that
 * signs (docs/spec/channel.md §6, E-1).
 */
import {
  type CountedRelease,
  countedRelease,
  isRenewable,
  type ReleaseCounter,
} from '@quorate/holder';
import { decodeDer, fromBase64, fromHex, IntentError } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { RELEASE_POLICY } from '../chip/releasePolicy.ts';
import { type KeyRecord, keyTagOf } from '../records/keyRecord.ts';
import type { Authorisation } from './authorisations.ts';
import type { SessionControl } from './ceremony.ts';
import type { OwnCertificate } from './certificates.ts';
import type { CeremonyContext } from './context.ts';
import { Refusal, refuseUnless, SIGNS_NO_MORE } from './refusal.ts';

/** The release of one opener for one session. */
interface ReleaseRequest {
  /** hex */
  readonly keyId: string;
  readonly certificate: OwnCertificate;
  /** 32 bytes */
  readonly digest: Uint8Array;
  /** Called once the chip has taken the challenge. */
  readonly spent: () => void;
}

/** Gives the opener; 32 secret bytes that the caller wipes. */
export async function releaseOpener(
  control: SessionControl,
  what: { readonly keyId: string; readonly digest: Uint8Array },
  authorisation: Authorisation,
): Promise<Uint8Array> {
  const request = { ...what, certificate: control.certificate };
  return control.withAuthorisation(authorisation, {
    attempt: (renewed, spent) => read(control.context, { ...request, spent }, renewed),
    mayRenew: isRenewable,
    refusal: refusalOf,
  });
}

async function read(
  context: CeremonyContext,
  { keyId, certificate: { payload, sessionHash }, digest, spent }: ReleaseRequest,
  authorisation: Authorisation,
): Promise<Uint8Array> {
  // Before the attempt counts: a coordinator's message must not use up the trust in the chip's count.
  const { challenge, signature } = decoded(authorisation);
  return context.exclusive(keyId, async () => {
    const key = activeKey(context, keyId);
    const recordId = fromHex(key.record_id);
    const address = keyTagOf(key);
    const request = { recordId, address, sessionHash, digest, challenge, signature };
    const release = await countedRelease({
      policy: RELEASE_POLICY,
      counter: counterOf(context, keyId),
      ask: async () => {
        const released = await context.chip.read(request, payload);
        spent();
        return released;
      },
    });
    switch (release.outcome) {
      case 'released':
        return release.secret;
      case 'unclear': {
        const unclear = `${release.outstanding} releases have an unknown outcome: ${SIGNS_NO_MORE}`;
        throw new Refusal('state_rolled_back', unclear);
      }
      case 'rolled-back':
        return rolledBack(context, key, release);
    }
  });
}

function activeKey({ state }: CeremonyContext, keyId: string): KeyRecord {
  const key = state.keys.find(keyId);
  refuseUnless(key?.state === 'active', 'state_rolled_back', SIGNS_NO_MORE);
  return key;
}

function counterOf(context: CeremonyContext, keyId: string): ReleaseCounter {
  return {
    read: () => activeKey(context, keyId).releases,
    write: (releases) => context.state.keys.count(keyId, releases),
    confirm: (releases) => context.state.keys.noteCount(keyId, releases),
  };
}

/**
 * Stops the key. A count higher than possible: somebody restored an older state of this agent, and bans may be
 * missing. A lower one: an older state of the chip. Either way this holder signs no more with the key.
 */
function rolledBack(
  { logger, state, stopKey }: CeremonyContext,
  { key_id, address }: KeyRecord,
  { actual, least, most }: Extract<CountedRelease, { outcome: 'rolled-back' }>,
): never {
  logger.error(
    { address, release_count: actual, least, most },
    `state rolled back: the chip’s count is not the one of this agent; ${SIGNS_NO_MORE}`,
  );
  state.keys.update(key_id, (record) => ({ ...record, state: 'rolled_back' }));
  stopKey(key_id, `state_rolled_back: ${SIGNS_NO_MORE}`);
  throw new Refusal('state_rolled_back', SIGNS_NO_MORE);
}

/** Decodes the authorisation; the chip would refuse another form, too. */
function decoded({ challenge, signature }: Authorisation): {
  readonly challenge: Uint8Array;
  readonly signature: Uint8Array;
} {
  try {
    const der = fromBase64(signature);
    decodeDer(der);
    return { challenge: fromBase64(challenge, 16), signature: der };
  } catch (error) {
    if (!(error instanceof IntentError)) throw error;
    throw new Refusal('chip_refused', 'the authorisation is not 16 bytes and a DER signature');
  }
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof SecureElementError)) return error;
  return new Refusal('chip_refused', `the chip did not release the shard (${error.code})`);
}
