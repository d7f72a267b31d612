/** One two-party server: its store and chip, its sessions, its partners, its REST interface. */
import { type Asker, type Logger, silentLogger, type ThreadHealth } from '@quorate/holder';
import type { AddressInfo } from 'node:net';
import type { CosignerHealth } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { approvalMode, Approvals } from './approvals.ts';
import { type LoadedConfig, pathOf } from './config.ts';
import { Doors } from './doors.ts';
import { pathsOf } from './files.ts';
import { checkPartner, ownIdentity } from './init.ts';
import { Keyring } from './keyring.ts';
import { readPrivateKey } from './keys.ts';
import { type PublicIdentity, readIdentity } from './partner.ts';
import { PeerHub } from './peer/hub.ts';
import { PrimeStock } from './primeStock.ts';
import { createMetrics } from './rest/metrics.ts';
import { createHttp } from './rest/server.ts';
import { SessionManager } from './session/manager.ts';
import { type LockedStore, openStore } from './store/index.ts';
import { openStoreKey } from './storeKey.ts';
import { type TlsFiles, readTls } from './tls.ts';
import { tokenVerifier } from './tokens.ts';
import { Vault } from './vault.ts';
import { Threads } from './worker/threads.ts';

const AUTOMATIC = 'nobody looks at what the partner asks for: whoever has its host can sign';

/** What a server is started with. */
export interface CosignerOptions {
  readonly logger?: Logger;
  /** Asks a person at a terminal; without it, `approval: prompt` waits for REST. */
  readonly asker?: Asker;
}

/** A server. */
export interface Cosigner {
  /** Listens and dials; gives the URL of REST. */
  listen(): Promise<string>;
  /** Ends the sessions and lets go of the chip; `ending` is told what is being ended. */
  close(ending?: (what: string) => void): Promise<void>;
  /** The table of the protocol threads. */
  readonly threads: readonly ThreadHealth[];
}

/**
 * Opens a server's store and chip, and checks everything that it needs.
 * @throws SetupError, SecureElementError, AgentError `store/locked`
 */
export async function createCosigner(
  loaded: LoadedConfig,
  options: CosignerOptions = {},
): Promise<Cosigner> {
  const { config } = loaded;
  const paths = pathsOf(loaded);
  const approvals = new Approvals(
    approvalMode(config, (file) => pathOf(loaded, file)),
    options.asker,
  );
  const tls = readTls(loaded);
  const store = openStore(config, paths);
  try {
    const verify = tokenVerifier(loaded);
    const vault = await Vault.open(loaded, paths, options.logger);
    try {
      const parts = await assemble(loaded, store, vault, { approvals, options });
      const app = createHttp({
        ...parts,
        sessions: store.sessions,
        approvals,
        verify,
        tls: tls.server,
        timeouts: config.timeouts,
      });
      return running(loaded, app, { ...parts, vault, tls }, async () => {
        await vault.close();
        store.close();
      });
    } catch (error) {
      await vault.close();
      throw error;
    }
  } catch (error) {
    store.close();
    throw error;
  }
}

interface Parts {
  readonly doors: Doors;
  readonly manager: SessionManager;
  readonly hub: PeerHub;
  readonly threads: Threads;
  readonly stock: PrimeStock;
  readonly keyring: Keyring;
  readonly logger: Logger;
  readonly metrics: ReturnType<typeof createMetrics>;
  health(): CosignerHealth;
}

async function assemble(
  loaded: LoadedConfig,
  locked: LockedStore,
  vault: Vault,
  given: { readonly approvals: Approvals; readonly options: CosignerOptions },
): Promise<Parts> {
  const { config } = loaded;
  const logger = given.options.logger ?? silentLogger;
  const paths = pathsOf(loaded);
  const own = ownIdentity(loaded, vault);
  const partners = readPartners(loaded);
  const index = config.role === 'enterprise' ? 1 : 2;
  const { pool, seal } = await openStoreKey(vault, paths, logger);
  const store = { ...locked, keys: locked.openKeys(seal) };
  for (const key of store.keys.found) {
    logger.error({ key }, 'key locked: its permit was taken away before the start');
  }
  const stock = new PrimeStock(pool, config.paillier_bits, config.primes.ready, logger);
  const keyring = new Keyring(store.keys, vault, index, logger);
  const threads = new Threads({
    size: config.workers,
    logger,
    timeoutMs: config.thread_timeout * 1000,
    onLost: () => keyring.forget(),
  });
  keyring.attach(threads, (key) => manager.rolledBack(key));
  const partner = (name: string): PublicIdentity | undefined => partners.get(name);
  const doors = new Doors(config.limits, logger);
  const end = {
    name: config.name,
    handshakeMs: config.timeouts.handshake * 1000,
    agreement: readPrivateKey(paths.inStore('peer')),
    partner,
    now: Date.now,
  };
  const hub: PeerHub = new PeerHub(
    end,
    {
      onConnected: (name) => manager.connected(name),
      onMessage: (name, message) => manager.receive(name, message),
    },
    { logger, doors },
  );
  const connected = (): { name: string; connected: boolean }[] =>
    config.partners.map((name) => ({ name, connected: hub.isConnected(name) }));
  const metrics = createMetrics({
    running: () => manager.running,
    primes: () => stock.count,
    threads: () => threads.health,
    connected: () => connected().filter((one) => one.connected).length,
    doors,
  });
  const manager: SessionManager = new SessionManager({
    config,
    index,
    own,
    store,
    vault,
    keyring,
    threads,
    stock,
    logger,
    partner,
    approvals: given.approvals,
    now: Date.now,
    send: (name, message) => hub.send(name, message),
    onStep: (...seen) => metrics.step(...seen),
    onSession: (view) => {
      metrics.session(view);
      const { session_id, type, status } = view;
      logger.info({ session_id, type, status, error: view.error?.code }, 'session over');
    },
  });
  const isAutomatic = config.approval === 'auto';
  if (isAutomatic) logger.warn({ approval: 'auto' }, AUTOMATIC);
  const health = (): CosignerHealth => ({
    status: 'ok',
    partners: connected(),
    primes: stock.count,
    threads: [...threads.health],
    ...(isAutomatic ? { warnings: ['approval_auto'] } : {}),
  });
  await keyring.resume();
  return { doors, manager, hub, threads, stock, keyring, logger, metrics, health };
}

function running(
  loaded: LoadedConfig,
  app: FastifyInstance,
  {
    manager,
    hub,
    threads,
    stock,
    keyring,
    vault,
    tls,
  }: Parts & { readonly vault: Vault; readonly tls: TlsFiles },
  release: () => Promise<void>,
): Cosigner {
  const { config } = loaded;
  return {
    listen: async () => {
      await app.listen({ host: config.listen.host, port: config.listen.port });
      const [partner = ''] = config.partners;
      if (config.peer !== undefined) hub.dial({ url: config.peer, partner, ca: tls.ca });
      stock.start();
      return urlOf(app, tls.server === null ? 'http' : 'https');
    },
    get threads() {
      return threads.health;
    },
    close: async (ending = () => undefined) => {
      vault.stopWaiting();
      manager.stop();
      stock.close();
      hub.close();
      ending('the HTTP server');
      await app.close();
      ending('the protocol threads');
      await threads.close();
      manager.close();
      ending('the chip');
      await keyring.settled();
      await release();
    },
  };
}

function urlOf(app: FastifyInstance, scheme: string): string {
  const address = app.server.address() as AddressInfo;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}

/** The pinned partners; one whose file is missing yet can be pinned later, at a restart. */
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
