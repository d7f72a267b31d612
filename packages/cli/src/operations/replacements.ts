/**
 * The coordinator's side of a replacement, over REST (docs/spec/replace.md).
 *
 * @module
 */
import type { ReplacementService } from '@quorate/agent';
import {
  ChipChallengeAnswer,
  ReplacementAnswer,
  ReplacementList,
  ReplacementStepAnswer,
} from '@quorate/wire';
import { type Api, everyPage } from '../remote/api.ts';

const BASE = '/api/v1/chips/replacements';

/** Every replacement that the caller may see. */
export function listReplacements(api: Api): Promise<ReplacementAnswer[]> {
  return everyPage(api, ReplacementList, BASE, (page) => page.replacements);
}

/** A replacement that is not over. */
export function isOpen({ state }: ReplacementAnswer): boolean {
  return state !== 'completed' && state !== 'cancelled';
}

/** The coordinator as one holder asks it. */
export function replacementService(api: Api, username: string): ReplacementService {
  const answer = (path: string, body?: object): Promise<ReplacementAnswer> =>
    api.call(ReplacementAnswer, { method: 'POST', path, ...(body === undefined ? {} : { body }) });
  const shard = (id: string, address: string): string => `${BASE}/${id}/shards/${address}`;
  return {
    nonce: async () => {
      const call = { method: 'POST', path: '/api/v1/chips/challenge', body: {} } as const;
      return (await api.call(ChipChallengeAnswer, call)).nonce;
    },
    open: async () =>
      (await listReplacements(api)).find((one) => one.username === username && isOpen(one)),
    find: (id) => api.call(ReplacementAnswer, { method: 'GET', path: `${BASE}/${id}` }),
    request: (body) => answer(BASE, body),
    authorise: (id, address, body) =>
      api.call(ReplacementStepAnswer, {
        method: 'POST',
        path: `${shard(id, address)}/authorisation`,
        body,
      }),
    seal: (id, address, body) => answer(`${shard(id, address)}/ciphertext`, body),
    switch: (id) => answer(`${BASE}/${id}/switch`),
    receipt: (id, address, body) => answer(`${shard(id, address)}/receipt`, body),
  };
}

/** Approves a replacement by the fingerprint that was compared. */
export function approveReplacement(
  api: Api,
  id: string,
  fingerprint: string,
): Promise<ReplacementAnswer> {
  return api.call(ReplacementAnswer, {
    method: 'POST',
    path: `${BASE}/${id}/approval`,
    body: { new_fingerprint: fingerprint },
  });
}

/** Cancels a replacement before the switch. */
export function cancelReplacement(api: Api, id: string): Promise<ReplacementAnswer> {
  return api.call(ReplacementAnswer, { method: 'DELETE', path: `${BASE}/${id}` });
}
