import type { Readable } from 'node:stream';
import { describeIssues, type Language } from '@quorate/wire';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Audit, Tally } from '../audit/index.ts';
import type { Auth, Identity } from '../auth/index.ts';
import type { ChipRegistry } from '../chips/index.ts';
import type { Replacements } from '../replacement/index.ts';
import type { Health } from '../health.ts';
import type { Hub } from '../delivery/hub.ts';
import type { ClientAddresses } from '../limits/addresses.ts';
import type { Rates } from '../limits/defaults.ts';
import type { Clock } from '../clock.ts';
import type { Visibility } from '../listing.ts';
import type { SessionOrders } from '../session/endings.ts';
import type { Keys } from '../keys/index.ts';
import type { Sessions } from '../session/views.ts';
import type { Database } from '../store/database.ts';
import { ApiError } from './errors.ts';
import type { Metrics } from './metrics.ts';

/** What the REST interface is made of. */
export interface RestDeps {
  readonly database: Database;
  readonly auth: Auth;
  readonly chips: ChipRegistry;
  readonly replacements: Replacements;
  readonly audit: Audit;
  readonly tally: Tally;
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly sessionOrders: SessionOrders;
  readonly clock: Clock;
  readonly addresses: ClientAddresses;
  /** Who is connected. */
  readonly hub: Pick<Hub, 'all'>;
  readonly rates?: Rates;
  /** Told about defects; never given a body, a header or a query. */
  readonly onError: (error: unknown, route: string) => void;
  readonly metrics: Metrics;
  readonly health: Health;
  /** English unless given. */
  readonly language?: Language;
}

/** A request that passed the checks of its route. */
interface Call {
  readonly request: FastifyRequest;
  /** Who asks; nobody, without roles, on routes for anyone. */
  readonly identity: Identity;
}

/** An answer that is not JSON. */
export class Content {
  readonly type: string;
  readonly body: string | Readable;

  constructor(type: string, body: string | Readable) {
    this.type = type;
    this.body = body;
  }
}

/** Does what a route is for; returns what is sent: a `Content` as it is, everything else as JSON. */
type Handler = (call: Call) => Promise<unknown>;

/** The handlers of some routes, by method and path as the table of routes writes them. */
export type Handlers = Readonly<Record<string, Handler>>;

/** Answers that say no more than that it was done. */
export const DONE = { success: true } as const;

/** Parses a part of a request in the handler itself; no framework's check is relied on. */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  throw new ApiError('invalid_request', {
    en: describeIssues(result.error),
    zhCN: describeIssues(result.error, 'zh-CN'),
  });
}

/** What lists of keys and sessions show: everything to those who watch, else only one's own. */
export function visibilityOf({ roles, username }: Identity): Visibility {
  return roles.includes('admin') || roles.includes('auditor') ? {} : { onlyOf: username };
}
