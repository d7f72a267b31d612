import { join } from 'node:path';
import { fromHex } from '@quorate/intent';
import {
  ApduSecureElement,
  createVirtualChip,
  openVirtualSecureElement,
  type SecureElement,
} from '@quorate/secure-element';
import {
  ReplacementAnswer,
  ReplacementList,
  ReplacementStepAnswer,
  ChipChallengeAnswer,
} from '@quorate/wire';
import type { ReplaceOptions } from '../../src/replacement/replaceChip.ts';
import type { ReplacementService } from '../../src/replacement/service.ts';
import { type Cluster, type Member, PIN } from './cluster.ts';

/** A refusal of the coordinator. */
class RefusedError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/** Asks the coordinator over REST. */
async function ask(
  cluster: Cluster,
  method: string,
  path: string,
  { token, body }: { token: string; body?: unknown },
): Promise<unknown> {
  const response = await fetch(`${cluster.server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = JSON.parse(await response.text());
  if (!response.ok) throw new RefusedError(answer.code, answer.detail);
  return answer;
}

const BASE = '/chips/replacements';

/** The coordinator as one participant reaches it. */
function serviceOf(cluster: Cluster, { token, username }: Member): ReplacementService {
  const post = (path: string, body?: unknown): Promise<unknown> =>
    ask(cluster, 'POST', path, { token, body });
  const shard = (id: string, address: string): string => `${BASE}/${id}/shards/${address}`;
  const answer = async (path: string, body?: unknown): Promise<ReplacementAnswer> =>
    ReplacementAnswer.parse(await post(path, body));
  const get = (path: string): Promise<unknown> => ask(cluster, 'GET', path, { token });
  return {
    nonce: async () => ChipChallengeAnswer.parse(await post('/chips/challenge', {})).nonce,
    open: async () => {
      const { replacements } = ReplacementList.parse(await get(BASE));
      return replacements.find(
        (one) => one.username === username && !['completed', 'cancelled'].includes(one.state),
      );
    },
    find: async (id) => ReplacementAnswer.parse(await get(`${BASE}/${id}`)),
    request: (body) => answer(BASE, body),
    authorise: async (id, address, body) =>
      ReplacementStepAnswer.parse(await post(`${shard(id, address)}/authorisation`, body)),
    seal: (id, address, body) => answer(`${shard(id, address)}/ciphertext`, body),
    switch: (id) => answer(`${BASE}/${id}/switch`),
    receipt: (id, address, body) => answer(`${shard(id, address)}/receipt`, body),
  };
}

/** The administrator's approval, by the fingerprint that the registry shows. */
export async function approve(
  cluster: Cluster,
  { id, new_chip }: ReplacementAnswer,
): Promise<ReplacementAnswer> {
  const path = `${BASE}/${id}/approval`;
  const body = { new_fingerprint: new_chip.fingerprint };
  return ReplacementAnswer.parse(
    await ask(cluster, 'POST', path, { token: cluster.adminToken, body }),
  );
}

const NEW_PASSPHRASE = Buffer.from('another passphrase');

/** A new, personalised chip; gives its file. */
export async function newChip(
  cluster: Cluster,
  name: string,
  authority?: Uint8Array,
): Promise<string> {
  const file = join(cluster.directory, name, 'chip.sealed');
  const made = await createVirtualChip({ file, passphrase: NEW_PASSPHRASE, scryptCost: 1024 });
  const chip = new ApduSecureElement(made, { kind: 'virtual' });
  const key = await cluster.get<{ public_key: string }>('/authorisation-key');
  await chip.personalise(authority ?? fromHex(key.public_key), PIN);
  await chip.close();
  return file;
}

export function openNew(file: string): Promise<SecureElement> {
  return openVirtualSecureElement({ file, passphrase: NEW_PASSPHRASE });
}

/** The options of a member's replacement by the chip of that file. */
export function replacing(
  cluster: Cluster,
  member: Member,
  file: string,
  change: Partial<ReplaceOptions> = {},
): ReplaceOptions {
  const pin = async (): Promise<Uint8Array> => Uint8Array.from(PIN);
  return {
    directory: member.directory,
    service: serviceOf(cluster, member),
    old: {
      attachment: { kind: 'virtual', file: member.chipFile, passphrase_file: 'chip-passphrase' },
      open: () => cluster.openChip(member),
      pin,
    },
    fresh: {
      attachment: { kind: 'virtual', file, passphrase_file: 'new-passphrase' },
      open: () => openNew(file),
      pin,
      seId: `${member.seId}-new`,
    },
    retire: 'destroyed',
    ...change,
  };
}
