import type { Readable } from 'node:stream';
import type { AnswerOf, Done, Language, PartsOf, Routes } from '@quorate/wire';
import type { FastifyRequest } from 'fastify';
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
import type { SessionViews } from '../session/views.ts';
import type { Database } from '../store/database.ts';
import type { Metrics } from './metrics.ts';

/** The parts of the server behind REST. */
export interface RestDeps {
  readonly database: Database;
  readonly auth: Auth;
  readonly chips: ChipRegistry;
  readonly replacements: Replacements;
  readonly audit: Audit;
  readonly tally: Tally;
  readonly keys: Keys;
  readonly sessions: SessionViews;
  readonly sessionOrders: SessionOrders;
  readonly clock: Clock;
  readonly addresses: ClientAddresses;
  /** The registered connections. */
  readonly hub: Pick<Hub, 'all'>;
  readonly rates?: Rates;
  /** Told about defects; never gets a body, a header or a query. */
  readonly onError: (error: unknown, route: string) => void;
  readonly metrics: Metrics;
  readonly health: Health;
  /** English unless given. */
  readonly language?: Language;
}

/** A request that passed the checks of its route, with its parts in the form of the route's schemas. */
interface Call<N extends keyof Routes> extends PartsOf<Routes[N]> {
  readonly request: FastifyRequest;
  /** The caller; without name and roles on routes that are open to all. */
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

/** The answer that a route documents: the type of its schema, or a `Content` of its media type. */
type Answer<N extends keyof Routes> =
  AnswerOf<Routes[N]> extends infer A
    ? A extends 'application/json'
      ? object
      : A extends string
        ? Content
        : A
    : never;

/** Handlers of some routes. Each takes and answers what its route documents. */
export type Handlers<N extends keyof Routes> = {
  readonly [K in N]: (call: Call<K>) => Promise<Answer<K>>;
};

/** The answer that only confirms. */
export const DONE: Done = { success: true };

/** Lets overseers see every key and session, and other users their own. */
export function visibilityOf({ roles, username }: Identity): Visibility {
  return roles.includes('admin') || roles.includes('auditor') ? {} : { onlyOf: username };
}
