// Gets every long-lived secret of a finished ceremony, by the only way there is: the chips, their PINs
// and the coordinator's authorisation key, all of which this test has and no single party has.
import { openShard } from '@quorate/holder';
import { createPrivateKey, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAgentConfig, resolvePath, virtualChip } from '@quorate/agent';
import type { Cluster } from '@quorate/cli';
import {
  authorisationMessage,
  encodeCertificatePayload,
  fromBase64,
  fromHex,
  parseAddress,
  sessionHash,
} from '@quorate/intent';
import { ApduSecureElement, openVirtualChip } from '@quorate/secure-element';
import { Keyshare } from '@quorate/tss/dkls23';
import type { Secret } from './search.ts';

const CHUNK = 16;

/** A participant's messages of the key generation. */
export interface KeygenResult {
  readonly part_index: number;
  readonly address: string;
  readonly public_key: string;
  readonly record_id: string;
  readonly encrypted_shard: string;
}

/** Every secret of every participant. The agents must have ended: a chip serves one program. */
export async function harvest(
  cluster: Cluster,
  results: readonly KeygenResult[],
): Promise<Secret[]> {
  const participants = cluster.users.filter((user) => user.role === 'participant');
  const secrets: Secret[] = coordinatorKeys(cluster);
  secrets.push({
    name: 'roster key',
    bytes: fromHex(readFileSync(join(cluster.directory, 'roster-key'), 'utf8').trim()),
  });
  for (const [at, { username }] of participants.entries()) {
    const directory = join(cluster.directory, username);
    const result = results.find((sent) => sent.part_index === at + 1);
    if (result === undefined) throw new Error(`no keygen_result of ${username}`);
    const opener = await readOpener(cluster, directory, result);
    secrets.push({ name: `${username} opener`, bytes: opener });
    secrets.push({
      name: `${username} local key`,
      bytes: readFileSync(join(directory, 'local.key')),
    });
    const encoded = openShard(fromBase64(result.encrypted_shard), opener, {
      publicKey: fromHex(result.public_key),
      address: parseAddress(result.address),
      partIndex: result.part_index,
      epoch: 0,
      recordId: fromHex(result.record_id),
    });
    secrets.push(...shareSecrets(username, Keyshare.decode(encoded)));
  }
  return secrets;
}

function shareSecrets(username: string, keyshare: Keyshare): Secret[] {
  const { secretShare, pairs } = keyshare.fields;
  return [
    { name: `${username} secret share`, bytes: secretShare },
    ...pairs.flatMap(({ zeroSeed, builder, evaluator }, at) => [
      { name: `${username} zero-share seed ${at}`, bytes: zeroSeed },
      { name: `${username} OT choice ${at}`, bytes: evaluator.delta },
      ...chunks(`${username} OT seeds of the builder ${at}`, builder.seeds),
      ...chunks(`${username} OT seeds of the evaluator ${at}`, evaluator.seeds),
    ]),
  ];
}

/** Long secrets are looked for piece by piece: a part of one is a leak, too. */
function chunks(name: string, bytes: Uint8Array): Secret[] {
  return Array.from({ length: Math.floor(bytes.length / CHUNK) }, (_, at) => ({
    name: `${name}, piece ${at}`,
    bytes: bytes.slice(at * CHUNK, (at + 1) * CHUNK),
  })).filter((piece) => piece.bytes.some((byte) => byte !== 0));
}

/** Private keys of the coordinator: they must not be in its own logs, database or answers. */
function coordinatorKeys(cluster: Cluster): Secret[] {
  const keys = join(cluster.coordinatorDirectory, 'keys');
  return readdirSync(keys)
    .filter((name) => name.endsWith('.pem'))
    .map((name) => {
      const { d } = createPrivateKey(readFileSync(join(keys, name))).export({ format: 'jwk' });
      if (d === undefined) throw new Error(`${name} is no private key`);
      return { name: `coordinator ${name}`, bytes: Buffer.from(d, 'base64url') };
    });
}

async function readOpener(
  cluster: Cluster,
  directory: string,
  result: KeygenResult,
): Promise<Uint8Array> {
  const config = loadAgentConfig(directory);
  const text = (file: string): Uint8Array =>
    new TextEncoder().encode(readFileSync(resolvePath(directory, file), 'utf8').trim());
  const { file, passphrase_file } = virtualChip(directory, config);
  const element = new ApduSecureElement(
    await openVirtualChip({ file, passphrase: text(passphrase_file) }),
  );
  try {
    await element.verifyPin(text(config.pin_file));
    const chipPublicKey = await element.publicKey();
    const payload = certificatePayload(result.part_index);
    await element.signSession(payload);
    const access = {
      recordId: fromHex(result.record_id),
      address: parseAddress(result.address),
      sessionHash: sessionHash(chipPublicKey, payload),
      digest: new Uint8Array(32).fill(7),
      challenge: await element.challenge(),
    };
    const authority = createPrivateKey(
      readFileSync(join(cluster.coordinatorDirectory, 'keys', 'authorisation.pem')),
    );
    const message = authorisationMessage({ ...access, operation: 'read', chipPublicKey });
    const { secret } = await element.read({
      ...access,
      signature: new Uint8Array(sign('sha256', message, authority)),
    });
    return secret;
  } finally {
    await element.close();
  }
}

function certificatePayload(partIndex: number): Uint8Array {
  return encodeCertificatePayload({
    operation: 'sign',
    sessionKey: 'harvest',
    partIndex,
    nonce: new Uint8Array(32).fill(1),
    x25519: new Uint8Array(32).fill(2),
    ed25519: new Uint8Array(32).fill(3),
    intentHash: new Uint8Array(32).fill(4),
    notAfter: Date.now(),
  });
}
