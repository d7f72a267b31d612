/** The options of a coordinator. */
import type { ConnectionLimits, Language } from '@quorate/wire';
import type { FastifyBaseLogger } from 'fastify';
import type { Lifetimes, PasswordCost, ServerKeyName, TokenKeySettings } from './auth/index.ts';
import type { DeliveryRetention } from './delivery/outbox.ts';
import type { Rates, RequestLimits, Timeouts } from './limits/defaults.ts';
import type { Clock } from './clock.ts';
import type { Deadlines } from './session/types.ts';
import type { ConsoleFiles } from './web.ts';

/** The options of a coordinator. Times are milliseconds. */
export interface ServerOptions {
  /** Holds the database and the keys; created with mode 0700. */
  readonly dataDirectory: string;
  /** First start: makes the database and the keys. Otherwise a directory without a database is refused. */
  readonly init?: boolean;
  /** Accepts another key than the database knows, or replaces a lost one. */
  readonly adoptKeys?: readonly ServerKeyName[];
  /** Continues from an audit log that differs from the signed one, such as an older copy. */
  readonly adoptLog?: boolean;
  /** 127.0.0.1 unless given. */
  readonly host?: string;
  /** 0 takes a free port; 8080 unless given. */
  readonly port?: number;
  /** PEM texts. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /**
   * Seconds for which browsers insist on TLS after an answer over it; 0 omits the header. A year unless given.
   */
  readonly hsts?: number;
  /** Serves other hosts without TLS, for example behind a proxy that has it. */
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
  /** Per coordinator user, each with a `client_id` of its own. */
  readonly maxConnectionsPerUser?: number;
  readonly retention?: Partial<DeliveryRetention>;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is trusted; none unless given. */
  readonly trustedProxies?: readonly string[];
  readonly timeouts?: Partial<Timeouts>;
  readonly rates?: Partial<Rates>;
  /** How long a device or an address counts as known after a login. */
  readonly knownFor?: number;
}

/** The address of a server. */
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

/** Why a server does not start. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
