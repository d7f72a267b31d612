import { chipFingerprint, fromBase64, shortFingerprint, toHex } from '@quorate/intent';
import {
  Address,
  ListQuery,
  type ReplacedChip,
  type ReplacementAnswer,
  ReplacementApproval,
  ReplacementId,
  ReplacementReceipt,
  ReplacementRequest,
  ReplacementSeal,
  ReplacementStepRequest,
} from '@quorate/wire';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ReplacementView } from '../replacement/index.ts';
import type { ChipRecord } from '../chips/index.ts';
import { pageOf } from '../listing.ts';
import { type Handlers, parse, type RestDeps, visibilityOf } from './call.ts';

const OfReplacement = z.strictObject({ id: ReplacementId });
const OfShard = z.strictObject({ id: ReplacementId, address: Address });
const BASE = '/api/v1/chips/replacements';
const SHARD = `${BASE}/{id}/shards/{address}`;

/** A new chip for a participant, step by step: never a shard but to its holder. */
export function replacementHandlers(deps: RestDeps): Handlers {
  return { ...decisionHandlers(deps), ...shardHandlers(deps) };
}

function decisionHandlers({ replacements }: RestDeps): Handlers {
  return {
    [`GET ${BASE}`]: async ({ request, identity }) => {
      const { after = '', limit } = parse(ListQuery, request.query);
      const { onlyOf } = visibilityOf(identity);
      const found = await replacements.list({ after, limit: limit + 1, onlyOf });
      const { items, ...next } = pageOf(found, limit, ({ id }) => id);
      return { replacements: items.map(answerOf), ...next };
    },
    [`GET ${BASE}/{id}`]: async ({ request, identity }) => {
      const { id } = parse(OfReplacement, request.params);
      return answerOf(await replacements.find(id, visibilityOf(identity).onlyOf));
    },
    [`POST ${BASE}`]: async ({ request, identity }) => {
      const body = parse(ReplacementRequest, request.body);
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
    [`POST ${BASE}/{id}/approval`]: async ({ request, identity }) => {
      const { id } = parse(OfReplacement, request.params);
      const { new_fingerprint } = parse(ReplacementApproval, request.body);
      return answerOf(await replacements.approve(id, new_fingerprint, identity.username));
    },
    [`DELETE ${BASE}/{id}`]: async ({ request, identity }) => {
      const { id } = parse(OfReplacement, request.params);
      return answerOf(await replacements.cancel(id, identity));
    },
    [`POST ${BASE}/{id}/switch`]: async ({ request, identity }) => {
      const { id } = parse(OfReplacement, request.params);
      return answerOf(await replacements.switch(id, identity.username));
    },
  };
}

function shardHandlers({ replacements }: RestDeps): Handlers {
  return {
    [`POST ${SHARD}/authorisation`]: async ({ request, identity }) => {
      const { id, address } = parse(OfShard, request.params);
      const body = parse(ReplacementStepRequest, request.body);
      const { step, certificate, new_certificate: newCertificate, chip_challenge } = body;
      const order = { step, address, certificate, newCertificate, challenge: chip_challenge };
      const grant = await replacements.authorise(id, order, identity.username);
      return {
        chip_challenge,
        signature: grant.signature,
        ...(grant.encryptedShard === undefined ? {} : { encrypted_shard: grant.encryptedShard }),
      };
    },
    [`POST ${SHARD}/ciphertext`]: async ({ request, identity }) => {
      const { id, address } = parse(OfShard, request.params);
      const { encrypted_shard, certificate } = parse(ReplacementSeal, request.body);
      const order = { address, encryptedShard: encrypted_shard, certificate };
      return answerOf(await replacements.seal(id, order, identity.username));
    },
    [`POST ${SHARD}/receipt`]: async ({ request, identity }) => {
      const { id, address } = parse(OfShard, request.params);
      const { certificate } = parse(ReplacementReceipt, request.body);
      return answerOf(await replacements.receipt(id, { address, certificate }, identity.username));
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
    shards: view.shards.map(({ address, part_index, record_id, state, sealed }) => ({
      address,
      part_index,
      record_id,
      state,
      ...(state === 'sealed' && sealed !== null ? { sealed_hash: hashOf(sealed) } : {}),
    })),
  };
}

function hashOf(ciphertext: string): string {
  return createHash('sha256').update(fromBase64(ciphertext)).digest('hex');
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
