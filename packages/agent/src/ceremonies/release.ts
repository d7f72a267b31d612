/**
 * Getting the opener of a shard from the chip: every attempt is counted on disk before the chip is
 * asked (docs/spec/channel.md §6, E-1).
 */
import { decodeDer, fromBase64, fromHex, IntentError } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { isBeforeCount, isRenewable } from '../chip/refusals.ts';
import { type KeyRecord, keyTagOf, type Releases } from '../records/keyRecord.ts';
import type { Authorisation } from './authorisations.ts';
import type { SessionControl } from './ceremony.ts';
import type { CeremonyContext } from './context.ts';
import { Refusal, refuseUnless, SIGNS_NO_MORE } from './refusal.ts';

/** Attempts of unknown outcome, each of which widens what is believed of the chip's count. */
const MAX_OUTSTANDING = 8;

/** The release of one opener for one session. */
interface ReleaseRequest {
  /** hex */
  readonly keyId: string;
  /** 32 bytes: what the session's chip hash is of. */
  readonly sessionHash: Uint8Array;
  /** 32 bytes */
  readonly digest: Uint8Array;
}

/** Gives the opener; 32 secret bytes that the caller wipes. */
export async function releaseOpener(
  control: SessionControl,
  what: { readonly keyId: string; readonly digest: Uint8Array },
  authorisation: Authorisation,
): Promise<Uint8Array> {
  const request = { ...what, sessionHash: control.certificate.sessionHash };
  return control.authorised(authorisation, {
    attempt: (renewed) => read(control.context, request, renewed),
    mayRenew: isRenewable,
    refusal: refusalOf,
  });
}

async function read(
  context: CeremonyContext,
  request: ReleaseRequest,
  authorisation: Authorisation,
): Promise<Uint8Array> {
  // Before the attempt counts: what the coordinator sends must not use up what is believed of the chip.
  const { challenge, signature } = decoded(authorisation);
  const { keys } = context.state;
  const { keyId, sessionHash, digest } = request;
  return context.exclusive(keyId, async () => {
    const before = keys.find(keyId);
    refuseUnless(before?.state === 'active', 'state_rolled_back', SIGNS_NO_MORE);
    const { confirmed, outstanding } = before.releases;
    const isClear = outstanding < MAX_OUTSTANDING;
    const unclear = `${outstanding} releases have an unknown outcome: ${SIGNS_NO_MORE}`;
    refuseUnless(isClear, 'state_rolled_back', unclear);
    const attempted = { confirmed, outstanding: outstanding + 1 };
    keys.update(keyId, (record) => ({ ...record, releases: attempted }));
    try {
      const { secret, releaseCount } = await context.chip.read({
        recordId: fromHex(before.record_id),
        address: keyTagOf(before),
        sessionHash,
        digest,
        challenge,
        signature,
      });
      confirm(context, before, releaseCount, secret);
      return secret;
    } catch (error) {
      if (isBeforeCount(error)) {
        keys.update(keyId, (record) => ({ ...record, releases: before.releases }));
      }
      throw error;
    }
  });
}

/**
 * This release and, at most, each attempt of unknown outcome have raised the chip's count. More: an
 * older state of this agent was restored, and bans may be missing. Less: the chip's was.
 */
function confirm(
  context: CeremonyContext,
  { key_id: keyId, address, releases: before }: KeyRecord,
  actual: number,
  secret: Uint8Array,
): void {
  const { logger, state, stopKey } = context;
  const least = before.confirmed + 1;
  const most = least + before.outstanding;
  if (actual >= least && actual <= most) {
    return keep(context, keyId, { confirmed: actual, outstanding: 0 }, secret);
  }
  secret.fill(0);
  logger.error(
    { address, release_count: actual, least, most },
    `state rolled back: the chip’s count is not the one of this agent; ${SIGNS_NO_MORE}`,
  );
  state.keys.update(keyId, (record) => ({ ...record, state: 'rolled_back' }));
  stopKey(keyId, `state_rolled_back: ${SIGNS_NO_MORE}`);
  throw new Refusal('state_rolled_back', SIGNS_NO_MORE);
}

/** No opener is given out without its release being on disk. */
function keep(
  context: CeremonyContext,
  keyId: string,
  releases: Releases,
  secret: Uint8Array,
): void {
  try {
    context.state.keys.update(keyId, (record) => ({ ...record, releases }));
  } catch (error) {
    secret.fill(0);
    throw error;
  }
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
