/**
 * The demo on its cluster: makes a key of n, signs a transaction with t, and asks for a second opinion.
 *
 * @module
 */
import { silentLogger } from '@quorate/holder';
import { CoordinatorClient } from '@quorate/agent';
import { digestOf, fromHex, parsePayload, toHex } from '@quorate/intent';
import { checkSignature } from '../check/signature.ts';
import { newSessionKey } from '../ceremonies/options.ts';
import { showState } from '../ceremonies/state.ts';
import { rawTransaction } from '../commands/verify.ts';
import { notVerified } from '../errors.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Cluster } from './cluster.ts';

/** How long each stage took, in milliseconds. */
interface Timings {
  keygen: number;
  sign: number;
  verify: number;
}

/** The outcome. */
export interface Story {
  readonly address: string;
  readonly public_key: string;
  readonly digest: string;
  readonly signature: string;
  readonly signers: readonly string[];
  readonly threshold: number;
  readonly total_parts: number;
  /** The signed transaction, as a network takes it. */
  readonly transaction: string;
  readonly timings_ms: Timings;
}

const THRESHOLD = 3;

/** A transfer of 0.1 ether on the Sepolia test network. */
const PAYLOAD = {
  kind: 'eip1559',
  transaction: {
    chain_id: 11_155_111,
    nonce: 0,
    max_priority_fee_per_gas: '1500000000',
    max_fee_per_gas: '30000000000',
    gas_limit: 21_000,
    to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    value: '100000000000000000',
    data: '0x',
  },
} as const;

/** Tells the story, unless it is ended before; progress goes to the eye. */
export async function tellStory(
  cluster: Cluster,
  progress: Progress,
  ended: Promise<undefined>,
): Promise<Story | undefined> {
  const [requester, ...holders] = cluster.users;
  if (requester === undefined) throw new TypeError('unreachable: a cluster without users');
  const client = new CoordinatorClient({
    url: cluster.wsUrl,
    username: requester.username,
    token: () => Promise.resolve(requester.token),
    logger: silentLogger,
  });
  const participants = holders.map((holder) => holder.username);
  try {
    const story = client.connect().then(() => perform(client, participants, progress));
    return await Promise.race([story, ended]);
  } finally {
    await client.close();
  }
}

async function perform(
  client: CoordinatorClient,
  participants: readonly string[],
  progress: Progress,
): Promise<Story> {
  const clock = stopwatch();
  const total = participants.length;
  const key = await client.ask(
    'keygen',
    {
      session_key: newSessionKey('keygen'),
      threshold: THRESHOLD,
      total_parts: total,
      participants: [...participants],
    },
    showState(progress),
  );
  progress.done(`key ${key.address}`);
  const keygen = clock();
  // The first, the third and the last: any three would do.
  const signers = participants.filter((_, at) => at === 0 || at === 2 || at === total - 1);
  const payload = parsePayload(PAYLOAD);
  const digest = digestOf(payload);
  const { signature } = await client.ask(
    'sign',
    {
      session_key: newSessionKey('sign'),
      threshold: THRESHOLD,
      total_parts: total,
      data: toHex(digest),
      address: key.address,
      participants: [...signers],
      payload: PAYLOAD,
    },
    showState(progress),
  );
  progress.done(`signed by ${signers.join(', ')}`);
  const sign = clock();
  progress.stage('verify', 'checking with OpenSSL and @noble/curves');
  const bytes = fromHex(signature, 65);
  const check = checkSignature(digest, bytes);
  if (check.address !== key.address || check.publicKey !== key.publicKey) {
    throw notVerified(`the signature does not verify: ${check.reason ?? 'another key'}`);
  }
  progress.done();
  const verify = clock();
  return {
    address: key.address,
    public_key: key.publicKey,
    digest: `0x${toHex(digest)}`,
    signature,
    signers,
    threshold: THRESHOLD,
    total_parts: total,
    transaction: rawTransaction(payload, bytes) ?? '',
    timings_ms: { keygen, sign, verify },
  };
}

/** Milliseconds since it was last asked. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const passed = Math.round(now - last);
    last = now;
    return passed;
  };
}
