import { Chip, createMutexes, silentLogger } from '@quorate/holder';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { signRoster } from '@quorate/intent';
import { ApduSecureElement, createVirtualChip, type SecureElement } from '@quorate/secure-element';
import type { OuterContext } from '../../src/ceremonies/context.ts';
import { CEREMONIES } from '../../src/ceremonies/index.ts';
import { Sessions } from '../../src/ceremonies/sessions.ts';
import { initAgent } from '../../src/init.ts';
import type { Outgoing } from '../../src/link/outbox.ts';
import { createWorkerPool, type WorkerPool } from '../../src/protocol/pool.ts';
import { type AgentState, openState } from '../../src/records/state.ts';
import { chipPublicKey } from './chipKeys.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { PIN } from './cluster.ts';
import { keyRecord } from './keyRecord.ts';
import { rosterPublicKey } from './rosterKey.ts';

/** The sessions of one agent without a link: what it would send is kept. Its chip, threads and files are real. */
export interface OneAgent {
  readonly chip: Chip;
  readonly pool: WorkerPool;
  readonly directory: string;
  close(): Promise<void>;
}

/** One process of it: from its start to its stop. */
export interface OneProcess {
  readonly sessions: Sessions;
  readonly context: OuterContext;
  readonly state: AgentState;
  readonly sent: readonly Outgoing[];
  stop(): void;
}

/** The participants of the key and of key generations; alice is the agent. */
export const PEOPLE: readonly string[] = ['alice', 'bob'];

/** How the chip of an agent is made differently. */
export interface ChipChange {
  readonly watched?: (element: SecureElement) => SecureElement;
  readonly memory?: Parameters<typeof Chip.open>[2];
}

/** Makes an agent that holds part 1 of a key of two. */
export async function makeAgent({
  watched = (element) => element,
  memory = {},
}: ChipChange = {}): Promise<OneAgent> {
  const home = temporaryDirectory();
  const directory = join(home, 'agent');
  const passphrase = Buffer.from('a passphrase');
  const file = join(home, 'chip', 'chip.sealed');
  const element = new ApduSecureElement(
    await createVirtualChip({ file, passphrase, scryptCost: 1024 }),
    { kind: 'virtual' },
  );
  await element.personalise(chipPublicKey(), PIN);
  const chip = await Chip.open(watched(element), async () => Uint8Array.from(PIN), memory);
  const pool = createWorkerPool(1);
  const secret = new Uint8Array(randomBytes(32));
  const rosterKey = rosterPublicKey(secret);
  const url = 'ws://127.0.0.1:1/ws';
  initAgent({ directory, url, username: 'alice', approval: 'auto', rosterKey });
  const chips = [chip.publicKey, chipPublicKey()];
  const entries = PEOPLE.map((username, at) => ({ username, chipPublicKey: chips[at]! }));
  const state = openState(directory);
  state.pins.importRoster(JSON.stringify(signRoster({ serial: 1, issuedAt: 1, entries }, secret)));
  state.keys.add(keyRecord(chips, PEOPLE));
  state.close();
  const close = async (): Promise<void> => {
    await pool.close();
    await chip.close();
  };
  return { chip, pool, directory, close };
}

/** Starts a process of the agent, whose consent is always given. */
export function startProcess({ chip, pool, directory }: OneAgent): OneProcess {
  const state = openState(directory);
  const sent: Outgoing[] = [];
  const context = {
    username: 'alice',
    seId: undefined,
    state,
    chip,
    pool,
    approve: async () => ({ accept: true }) as const,
    logger: silentLogger,
    now: Date.now,
    monotonic: () => performance.now(),
    send: (message: Outgoing) => void sent.push(message),
    knows: () => true,
    patience: undefined,
    exclusive: createMutexes(),
  };
  const sessions = new Sessions(context, CEREMONIES);
  sessions.start();
  const stop = (): void => {
    sessions.stop();
    state.close();
  };
  return { sessions, context, state, sent, stop };
}
