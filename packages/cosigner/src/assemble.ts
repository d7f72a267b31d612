/** Assembles the parts of one server: its holdings, its partners, and how it is watched. */
import type { Logger, ThreadHealth } from '@quorate/holder';
import type { CosignerHealth, TwoPartySession as SessionView } from '@quorate/wire';
import type { Approvals } from './approvals.ts';
import type { LoadedConfig } from './config.ts';
import { Doors } from './doors.ts';
import { pathsOf } from './files.ts';
import { checkPartner, ownIdentity } from './init.ts';
import { Keyring } from './keyring.ts';
import { readPrivateKey } from './keys.ts';
import { type PublicIdentity, readIdentity } from './partner.ts';
import { PeerHub } from './peer/hub.ts';
import { PrimeStock } from './primeStock.ts';
import { createMetrics } from './rest/metrics.ts';
import { SessionManager } from './session/manager.ts';
import { Turns } from './session/turns.ts';
import type { LockedStore, Store } from './store/index.ts';
import { openStoreKey } from './storeKey.ts';
import type { Vault } from './vault.ts';
import { Threads } from './worker/threads.ts';

const AUTOMATIC = 'nobody looks at what the partner asks for: whoever has its host can sign';

/** The parts of a server. */
export interface Parts extends Omit<Holdings, 'store'>, Watch {
  readonly doors: Doors;
  readonly manager: SessionManager;
  readonly hub: PeerHub;
  readonly logger: Logger;
}

/** The parts from which a server is assembled. */
interface Given {
  readonly loaded: LoadedConfig;
  readonly vault: Vault;
  readonly logger: Logger;
}

/** Assembles the parts; when the promise resolves, work that a crash interrupted after a lock is finished. */
export async function assemble(
  loaded: LoadedConfig,
  locked: LockedStore,
  vault: Vault,
  { approvals, logger }: { readonly approvals: Approvals; readonly logger: Logger },
): Promise<Parts> {
  const { config } = loaded;
  const given: Given = { loaded, vault, logger };
  const own = ownIdentity(loaded, vault);
  const partners = readPartners(loaded);
  const partner = (name: string): PublicIdentity | undefined => partners.get(name);
  const { store, ...holdings } = await openHoldings(given, locked);
  const { keyring, threads, stock } = holdings;
  keyring.attach(threads, (key) => manager.rolledBack(key));
  const doors = new Doors(config.limits, logger);
  const hub = makeHub(given, { partner, doors, manager: () => manager });
  const turns = new Turns(config.max_running);
  const watch = makeWatch(config, { ...holdings, doors, hub, turns, manager: () => manager });
  const manager: SessionManager = new SessionManager({
    config,
    index: indexOf(config),
    own,
    store,
    vault,
    keyring,
    threads,
    stock,
    turns,
    logger,
    partner,
    approvals,
    now: Date.now,
    send: (name, message) => hub.send(name, message),
    onStep: (...seen) => watch.metrics.step(...seen),
    onSession: (view) => {
      watch.metrics.session(view);
      logEnd(logger, view);
    },
  });
  if (config.approval === 'auto') logger.warn({ approval: 'auto' }, AUTOMATIC);
  await keyring.resume();
  return { ...holdings, ...watch, doors, manager, hub, logger };
}

/** All secret parts, and those that lead to secrets. */
interface Holdings {
  readonly store: Store;
  readonly stock: PrimeStock;
  readonly keyring: Keyring;
  readonly threads: Threads;
}

async function openHoldings(
  { loaded, vault, logger }: Given,
  locked: LockedStore,
): Promise<Holdings> {
  const { config } = loaded;
  const { pool, seal } = await openStoreKey(vault, pathsOf(loaded), logger);
  const store = { ...locked, keys: locked.openKeys(seal) };
  for (const key of store.keys.found) {
    logger.error({ key }, 'key locked: its permit was taken away before the start');
  }
  const stock = new PrimeStock(pool, config.paillier_bits, config.primes.ready, logger);
  const keyring = new Keyring(store.keys, vault, indexOf(config), logger);
  const threads = new Threads({
    size: config.workers,
    logger,
    timeoutMs: config.thread_timeout * 1000,
    onLost: () => keyring.threadsLost(),
  });
  return { store, stock, keyring, threads };
}

/** The manager exists by the time the first partner speaks. */
interface Late {
  readonly doors: Doors;
  readonly manager: () => SessionManager;
}

function makeHub(
  { loaded, logger }: Given,
  {
    partner,
    doors,
    manager,
  }: Late & { readonly partner: (name: string) => PublicIdentity | undefined },
): PeerHub {
  const { config } = loaded;
  const end = {
    name: config.name,
    handshakeMs: config.timeouts.handshake * 1000,
    agreement: readPrivateKey(pathsOf(loaded).inStore('peer')),
    partner,
    now: Date.now,
  };
  return new PeerHub(
    end,
    {
      onConnected: (name) => manager().connected(name),
      onMessage: (name, message) => manager().receive(name, message),
    },
    { logger, doors },
  );
}

/** The views of a server for people. */
interface Watch {
  readonly metrics: ReturnType<typeof createMetrics>;
  health(): CosignerHealth;
}

function makeWatch(
  config: LoadedConfig['config'],
  {
    stock,
    threads,
    hub,
    doors,
    turns,
    manager,
  }: Pick<Holdings, 'stock' | 'threads'> & Late & { readonly hub: PeerHub; readonly turns: Turns },
): Watch {
  const partners = (): { name: string; connected: boolean }[] =>
    config.partners.map((name) => ({ name, connected: hub.isConnected(name) }));
  const threadTable = (): readonly ThreadHealth[] => threads.health;
  const metrics = createMetrics({
    running: () => manager().running,
    waiting: () => turns.waiting,
    primes: () => stock.count,
    threads: threadTable,
    connected: () => partners().filter((one) => one.connected).length,
    doors,
  });
  const health = (): CosignerHealth => ({
    status: 'ok',
    partners: partners(),
    primes: stock.count,
    threads: [...threadTable()],
    ...(config.approval === 'auto' ? { warnings: ['approval_auto'] } : {}),
  });
  return { metrics, health };
}

function logEnd(logger: Logger, { session_id, type, status, error }: SessionView): void {
  logger.info({ session_id, type, status, error: error?.code }, 'session over');
}

function indexOf({ role }: LoadedConfig['config']): 1 | 2 {
  return role === 'enterprise' ? 1 : 2;
}

/** The pinned partners; one whose file is still missing can be pinned later, at a restart. */
function readPartners(loaded: LoadedConfig): Map<string, PublicIdentity> {
  const paths = pathsOf(loaded);
  return new Map(
    loaded.config.partners.map((name) => {
      const identity = readIdentity(paths.partnerKey(name));
      checkPartner(loaded, name, identity);
      return [name, identity];
    }),
  );
}
