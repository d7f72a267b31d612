/** Checks a request for a key against users and chips (docs/spec/wire.md §5). */
import { type KeygenRequest, textOf } from '@quorate/wire';
import { toHex } from '@quorate/intent';
import type { Chip } from '../../chips/index.ts';
import type { Asker, RequestContext } from '../../session/ceremony.ts';
import { type Refusal, refuse } from '../../session/refusal.ts';
import { mayParticipate } from '../../session/rights.ts';
import type { Party, Requested } from '../../session/types.ts';
import type { Tx } from '../../store/database.ts';
import { fullness } from './chipRoom.ts';
import { inactive } from '../chips.ts';
import { askedFor, distinct } from '../asked.ts';

/** Checks a request for a key. */
export async function open(
  tx: Tx,
  context: RequestContext,
  asker: Asker,
  request: KeygenRequest,
): Promise<Requested | Refusal> {
  const { threshold, total_parts: totalParts, participants } = request;
  if (threshold > totalParts) {
    return refuse('invalid_threshold', `threshold ${threshold} not in 2..${totalParts}`);
  }
  if (participants.length !== totalParts) {
    const got = `got ${participants.length}`;
    return refuse(
      'invalid_participants',
      `total_parts is ${totalParts}, but there are ${got} participants`,
    );
  }
  const problem = distinct(participants);
  if (problem !== undefined) return problem;
  const parties: Party[] = [];
  for (const [at, username] of participants.entries()) {
    const chip = await activeChip(tx, context, username);
    if ('code' in chip) return chip;
    parties.push(partyOf(at + 1, username, chip));
  }
  const shared = sharedChip(parties);
  if (shared !== undefined) return shared;
  const low = threshold * 2 < totalParts;
  return {
    ...askedFor(context, asker, request),
    kind: 'keygen',
    parties,
    warnings: low ? [textOf('low_threshold', context.language)] : [],
  };
}

async function activeChip(
  tx: Tx,
  context: RequestContext,
  username: string,
): Promise<Chip | Refusal> {
  const user = await context.users.find(tx, username);
  if (!mayParticipate(user)) {
    return refuse('invalid_participants', `${username} is not an active participant`);
  }
  const chip = await context.chips.activeChipOf(tx, username);
  if (chip === undefined) {
    const known = await context.chips.latestChipOf(tx, username);
    if (known !== undefined) return inactive(username, known.seId, known);
    return refuse('chip_unavailable', `${username} has no active chip: none is registered`);
  }
  const full = await fullness(tx, chip);
  return full === undefined ? chip : refuse('chip_full', full);
}

/** One chip never holds two shards of one key (1.9.14), whatever names the registry has. */
function sharedChip(parties: readonly Party[]): Refusal | undefined {
  const twice = parties.find((party, at) =>
    parties
      .slice(0, at)
      .some((other) => other.seId === party.seId || other.chipPublicKey === party.chipPublicKey),
  );
  if (twice === undefined) return undefined;
  const details = `the chip ${twice.seId} would hold two shards of one key`;
  return refuse('invalid_participants', details);
}

function partyOf(index: number, username: string, chip: Chip): Party {
  return {
    index,
    username,
    seId: chip.seId,
    cpic: chip.cpic.toLowerCase(),
    chipPublicKey: toHex(chip.publicKey),
  };
}
