/** One two-party server: its store and chip, its sessions, its partners, its REST interface. */
import { type Asker, type Logger, silentLogger, type ThreadHealth } from '@quorate/holder';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { assemble, type Parts } from './assemble.ts';
import { approvalMode, Approvals } from './approvals.ts';
import { type LoadedConfig, pathOf } from './config.ts';
import { pathsOf } from './files.ts';
import { createHttp } from './rest/server.ts';
import { openStore } from './store/index.ts';
import type { SessionRecords } from './store/sessionRecords.ts';
import { type TlsFiles, readTls } from './tls.ts';
import { tokenVerifier } from './tokens.ts';
import { Vault } from './vault.ts';

/** The options of a server. */
export interface CosignerOptions {
  readonly logger?: Logger;
  /** Asks a person at a terminal; without it, `approval: prompt` waits for REST. */
  readonly asker?: Asker;
}

/** A server. */
export interface Cosigner {
  /** Listens and dials; returns the URL of REST. */
  listen(): Promise<string>;
  /** Ends the sessions and releases the chip; `ending` is told what is ending. */
  close(ending?: (what: string) => void): Promise<void>;
  /** The table of the protocol threads. */
  readonly threads: readonly ThreadHealth[];
}

/**
 * Opens a server's store and chip, and checks all that it needs.
 *
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
  const store = openStore(config, paths, options.logger);
  try {
    const verify = tokenVerifier(loaded);
    const vault = await Vault.open(loaded, paths, options.logger);
    try {
      const { logger = silentLogger } = options;
      const parts = await assemble(loaded, store, vault, { approvals, logger });
      const app = createHttp({
        ...parts,
        sessions: store.sessions,
        approvals,
        verify,
        tls: tls.server,
        timeouts: config.timeouts,
      });
      const { sessions } = store;
      return running(loaded, app, { ...parts, sessions, vault, tls }, async () => {
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

function running(
  loaded: LoadedConfig,
  app: FastifyInstance,
  {
    manager,
    hub,
    threads,
    stock,
    keyring,
    sessions,
    vault,
    tls,
  }: Parts & {
    readonly sessions: SessionRecords;
    readonly vault: Vault;
    readonly tls: TlsFiles;
  },
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
      // Their last words leave when their ends are on disk.
      await sessions.written();
      await setImmediate();
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
