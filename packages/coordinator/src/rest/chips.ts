import { chipFingerprint, shortFingerprint, toHex } from '@quorate/intent';
import {
  type AuthorisationKeyAnswer,
  type ChipAnswer,
  ChipChallengeRequest,
  ChipId,
  ChipPatch,
  ChipRegistration,
  type ChipUnblockAnswer,
  ChipUnblockRequest,
  ListQuery,
} from '@quorate/wire';
import { z } from 'zod';
import type { ChipRecord } from '../chips/index.ts';
import type { Identity } from '../auth/index.ts';
import { pageOf } from '../listing.ts';
import { type Handlers, parse, type RestDeps } from './call.ts';
import { ApiError } from './errors.ts';

const OfChip = z.strictObject({ se_id: ChipId });

/** The chip registry, and the key that chips are personalised with. */
export function chipHandlers({ chips, database }: RestDeps): Handlers {
  return {
    'GET /api/v1/authorisation-key': async (): Promise<AuthorisationKeyAnswer> => ({
      public_key: `0x${toHex(chips.publicKey)}`,
      fingerprint: chips.fingerprint,
    }),
    'POST /api/v1/chips/challenge': async ({ request, identity }) => {
      parse(ChipChallengeRequest, request.body);
      const { nonce, expiresAt } = await chips.challenge(identity.username);
      return { nonce, expires_at: expiresAt };
    },
    'GET /api/v1/chips': async ({ request, identity }) => {
      const { after = '', limit } = parse(ListQuery, request.query);
      const page = { after, limit: limit + 1, onlyOf: ownerShown(identity) };
      const found = await database.read((tx) => chips.list(tx, page));
      const { items, ...next } = pageOf(found, limit, (chip) => chip.seId);
      return { chips: items.map(chipAnswer), ...next };
    },
    'POST /api/v1/chips': async ({ request, identity }) => {
      const body = parse(ChipRegistration, request.body);
      if (body.username !== identity.username && !identity.roles.includes('admin')) {
        throw new ApiError('forbidden', 'a participant registers a chip for himself only');
      }
      const { username, se_id: seId, cpic, public_key: publicKey, nonce, proof, label } = body;
      const { kind } = body;
      const registration = {
        username,
        seId,
        cpic,
        publicKey,
        nonce,
        proof,
        label: label ?? '',
        kind,
      };
      return chipAnswer(await chips.register(registration, identity.username));
    },
    'PATCH /api/v1/chips/{se_id}': async ({ request, identity }) => {
      const { se_id } = parse(OfChip, request.params);
      const patch = parse(ChipPatch, request.body);
      return chipAnswer(await chips.change(se_id, patch, identity.username));
    },
    'POST /api/v1/chips/{se_id}/unblock': async ({
      request,
      identity,
    }): Promise<ChipUnblockAnswer> => {
      const { se_id: seId } = parse(OfChip, request.params);
      const { challenge, authority } = parse(ChipUnblockRequest, request.body);
      const { chip, authorisation } = await chips.unblock(
        { seId, challenge, authority },
        identity.username,
      );
      return { se_id: chip.seId, username: chip.username, authorisation };
    },
  };
}

/** Whoever plans sessions or watches over them sees every chip; a participant sees his own. */
function ownerShown({ roles, username }: Identity): string | undefined {
  return roles.some((role) => role !== 'participant') ? undefined : username;
}

function chipAnswer(chip: ChipRecord): ChipAnswer {
  return {
    se_id: chip.seId,
    username: chip.username,
    cpic: chip.cpic,
    public_key: `0x${toHex(chip.publicKey)}`,
    fingerprint: shortFingerprint(chipFingerprint(chip.publicKey)),
    label: chip.label,
    state: chip.state,
    kind: chip.kind,
    registered_at: chip.registeredAt,
  };
}
