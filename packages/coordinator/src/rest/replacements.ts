import { chipFingerprint, shortFingerprint, toHex } from '@quorate/intent';
import type { ReplacedChip, ReplacementAnswer, ReplacementRoute } from '@quorate/wire';
import type { ReplacementView } from '../replacement/index.ts';
import type { ChipRecord } from '../chips/index.ts';
import { pageOf } from '../listing.ts';
import { type Handlers, type RestDeps, visibilityOf } from './call.ts';

/** Routes of replacements, step by step; only a shard's holder ever gets it. */
export function replacementHandlers(deps: RestDeps): Handlers<ReplacementRoute> {
  return { ...decisionHandlers(deps), ...shardHandlers(deps) };
}

type ShardRoute = Extract<ReplacementRoute, `${string}/shards/${string}`>;

function decisionHandlers({
  replacements,
}: RestDeps): Handlers<Exclude<ReplacementRoute, ShardRoute>> {
  return {
    'GET /api/v1/chips/replacements': async ({ query: { after = '', limit }, identity }) => {
      const { onlyOf } = visibilityOf(identity);
      const found = await replacements.list({ after, limit: limit + 1, onlyOf });
      const { items, ...next } = pageOf(found, limit, ({ id }) => id);
      return { replacements: items.map(answerOf), ...next };
    },
    'GET /api/v1/chips/replacements/{id}': async ({ params: { id }, identity }) =>
      answerOf(await replacements.find(id, visibilityOf(identity).onlyOf)),
    'POST /api/v1/chips/replacements': async ({ body, identity }) => {
      const made = await replacements.request({
        username: identity.username,
        seId: body.se_id,
        cpic: body.cpic,
        publicKey: body.public_key,
        nonce: body.nonce,
        oldProof: body.old_proof,
        newProof: body.new_proof,
        retire: body.retire,
        label: body.label ?? '',
        kind: body.kind ?? 'unknown',
      });
      return answerOf(made);
    },
    'POST /api/v1/chips/replacements/{id}/approval': async ({ params: { id }, body, identity }) =>
      answerOf(await replacements.approve(id, body.new_fingerprint, identity.username)),
    'DELETE /api/v1/chips/replacements/{id}': async ({ params: { id }, identity }) =>
      answerOf(await replacements.cancel(id, identity)),
    'POST /api/v1/chips/replacements/{id}/switch': async ({ params: { id }, identity }) =>
      answerOf(await replacements.switch(id, identity.username)),
  };
}

function shardHandlers({ replacements }: RestDeps): Handlers<ShardRoute> {
  return {
    'POST /api/v1/chips/replacements/{id}/shards/{key}/authorisation': async (call) => {
      const { id, key } = call.params;
      const { step, certificate, new_certificate: newCertificate, chip_challenge } = call.body;
      const order = { step, key, certificate, newCertificate, challenge: chip_challenge };
      const grant = await replacements.authorise(id, order, call.identity.username);
      return {
        chip_challenge,
        signature: grant.signature,
        ...(grant.encryptedShard === undefined ? {} : { encrypted_shard: grant.encryptedShard }),
      };
    },
    'POST /api/v1/chips/replacements/{id}/shards/{key}/ciphertext': async (call) => {
      const { id, key } = call.params;
      const { encrypted_shard: encryptedShard, certificate } = call.body;
      const order = { key, encryptedShard, certificate };
      return answerOf(await replacements.seal(id, order, call.identity.username));
    },
    'POST /api/v1/chips/replacements/{id}/shards/{key}/receipt': async (call) => {
      const { id, key } = call.params;
      const order = { key, certificate: call.body.certificate };
      return answerOf(await replacements.receipt(id, order, call.identity.username));
    },
  };
}

function answerOf(view: ReplacementView): ReplacementAnswer {
  return {
    id: view.id,
    username: view.username,
    state: view.state,
    retire: view.retire,
    old_chip: chipOf(view.oldChip),
    new_chip: chipOf(view.newChip),
    requested_at: view.requestedAt,
    approved_by: view.approvedBy,
    shards: view.shards.map(({ address, part_index, record_id, state, sealedHash }) => ({
      address,
      part_index,
      record_id,
      state,
      ...(sealedHash === null ? {} : { sealed_hash: sealedHash }),
    })),
  };
}

function chipOf({ seId, publicKey, state, kind }: ChipRecord): ReplacedChip {
  return {
    se_id: seId,
    public_key: `0x${toHex(publicKey)}`,
    fingerprint: shortFingerprint(chipFingerprint(publicKey)),
    state,
    kind,
  };
}
