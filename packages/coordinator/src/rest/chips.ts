import { chipFingerprint, shortFingerprint, toHex } from '@quorate/intent';
import type { ChipAnswer, ChipRoute } from '@quorate/wire';
import type { ChipRecord } from '../chips/index.ts';
import type { Identity } from '../auth/index.ts';
import { pageOf } from '../listing.ts';
import type { Handlers, RestDeps } from './call.ts';
import { ApiError } from './errors.ts';

/** Routes of the chip registry, and of the key that chips are personalised with. */
export function chipHandlers({ chips, database }: RestDeps): Handlers<ChipRoute> {
  return {
    'GET /api/v1/authorisation-key': async () => ({
      public_key: `0x${toHex(chips.publicKey)}`,
      fingerprint: chips.fingerprint,
    }),
    'POST /api/v1/chips/challenge': async ({ identity }) => {
      const { nonce, expiresAt } = await chips.challenge(identity.username);
      return { nonce, expires_at: expiresAt };
    },
    'GET /api/v1/chips': async ({ query: { after = '', limit }, identity }) => {
      const page = { after, limit: limit + 1, onlyOf: ownerShown(identity) };
      const found = await database.read((tx) => chips.list(tx, page));
      const { items, ...next } = pageOf(found, limit, (chip) => chip.seId);
      return { chips: items.map(chipAnswer), ...next };
    },
    'POST /api/v1/chips': async ({ body, identity }) => {
      if (body.username !== identity.username && !identity.roles.includes('admin')) {
        throw new ApiError('forbidden', 'a participant can register only its own chip');
      }
      const { se_id: seId, public_key: publicKey, label = '', kind, ...rest } = body;
      const registration = { ...rest, seId, publicKey, label, kind };
      return chipAnswer(await chips.register(registration, identity.username));
    },
    'PATCH /api/v1/chips/{se_id}': async ({ params, body, identity }) =>
      chipAnswer(await chips.change(params.se_id, body, identity.username)),
    'POST /api/v1/chips/{se_id}/unblock': async ({ params, body, identity }) => {
      const order = { seId: params.se_id, challenge: body.challenge, authority: body.authority };
      const { chip, authorisation } = await chips.unblock(order, identity.username);
      return { se_id: chip.seId, username: chip.username, authorisation };
    },
  };
}

/** Shows every chip to users who plan or oversee sessions, and to a participant its own. */
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
