/** How a coordinator is set up. */
import type { ConnectionLimits, Language } from '@quorate/wire';
import type { FastifyBaseLogger } from 'fastify';
import type { Lifetimes, PasswordCost, ServerKeyName, TokenKeySettings } from './auth/index.ts';
import type { DeliveryRetention } from './delivery/outbox.ts';
import type { Rates, RequestLimits, Timeouts } from './limits/defaults.ts';
import type { Clock } from './clock.ts';
import type { Deadlines } from './session/types.ts';
import type { ConsoleFiles } from './web.ts';

/** How a coordinator is set up. Times are milliseconds. */
export interface ServerOptions {
  /** Holds the database and the keys; created with mode 0700. */
  readonly dataDirectory: string;
  /** Makes the database and the keys: the first start. Without it a directory without a database is refused. */
  readonly init?: boolean;
  /** Takes another key than the database knows, or makes one in place of a lost one. */
  readonly adoptKeys?: readonly ServerKeyName[];
  /** Goes on from an audit log that is not the one that was signed, for instance an older copy. */
  readonly adoptLog?: boolean;
  /** 127.0.0.1 unless given. */
  readonly host?: string;
  /** 0 takes a free one; 8080 unless given. */
  readonly port?: number;
  /** PEM texts. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Seconds that browsers stay with TLS after an answer over it; 0 says nothing of it. A year unless given. */
  readonly hsts?: number;
  /** Serve other hosts without TLS, for instance behind a proxy that has it. */
  readonly allowInsecure?: boolean;
  readonly deadlines?: Partial<Deadlines>;
  readonly language?: Language;
  readonly clock?: Clock;
  /** A pino logger, or none. */
  readonly logger?: FastifyBaseLogger;
  /** The web page, by path. */
  readonly consoleFiles?: ConsoleFiles;
  readonly tokens?: Partial<TokenKeySettings>;
  readonly lifetimes?: Lifetimes;
  readonly passwordCost?: PasswordCost;
  /** Origins of web pages that may open a WebSocket, besides the server's own. */
  readonly origins?: readonly string[];
  readonly requestLimits?: Partial<RequestLimits>;
  readonly connections?: Partial<ConnectionLimits>;
  /** Of one coordinator user, each with a `client_id` of its own. */
  readonly maxConnectionsPerUser?: number;
  readonly retention?: Partial<DeliveryRetention>;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed; none unless given. */
  readonly trustedProxies?: readonly string[];
  readonly timeouts?: Partial<Timeouts>;
  readonly rates?: Partial<Rates>;
  /** How long a device or an address counts as known after a login. */
  readonly knownFor?: number;
}

/** Where a server can be reached. */
export interface Endpoint {
  readonly url: string;
  readonly wsUrl: string;
}

/** Codes of {@link ServerError}. */
export type ServerErrorCode =
  | 'server/insecure'
  | 'server/no-database'
  | 'server/has-database'
  | 'server/nothing-to-adopt';

/** Why a server is not started. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
