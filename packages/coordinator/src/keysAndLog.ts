/** Opens the server's own keys and its audit log together: each shows whether the other is the right one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { type Audit, createAudit, HeadFile } from './audit/index.ts';
import {
  type OpenedKeys,
  openServerKeys,
  type ServerKeys,
  type TokenKeySettings,
  tokenKeyKind,
} from './auth/index.ts';
import { ServerError, type ServerOptions } from './options.ts';
import type { Clock } from './clock.ts';
import type { Database } from './store/database.ts';

/** Parts that keys and log are opened with. */
export interface OpeningContext {
  readonly options: ServerOptions;
  readonly database: Database;
  readonly tokens: TokenKeySettings;
  readonly clock: Clock;
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'error'>;
  readonly onError: (error: unknown) => void;
}

/** The file beside the database with the last checkpoint of the audit log. */
function headFileOf(dataDirectory: string): string {
  return join(dataDirectory, 'keys', 'audit-head.json');
}

/**
 * Refuses to begin a log beside the head of another one.
 *
 * @throws ServerError `server/has-database`
 */
export function checkNoHead({ dataDirectory, init }: ServerOptions): void {
  const path = headFileOf(dataDirectory);
  if (init !== true || !existsSync(path)) return;
  throw new ServerError(
    'server/has-database',
    `${path} belongs to an audit log that is not here: restore its database, or move the keys away`,
  );
}

/**
 * Opens keys and log. A log that does not continue from its last signed head is still opened for reading, but
 * not signed any more, and nothing new may begin.
 *
 * @throws KeyFileError for a key that the database does not know; ServerError `server/nothing-to-adopt`
 */
export async function openKeysAndLog(
  context: OpeningContext,
): Promise<{ keys: ServerKeys; audit: Audit }> {
  const { options, database, clock, logger, onError } = context;
  const opened = await openKeys(context);
  const audit = createAudit({
    database,
    clock,
    onError,
    key: opened.keys.audit,
    headFile: new HeadFile(headFileOf(options.dataDirectory)),
    onSigned: ({ seq, hash, signature }) =>
      logger.info({ seq, hash, signature }, 'audit checkpoint'),
  });
  const problem = await audit.open(opened.formerAudit);
  await adoptLog(context, audit, problem);
  await opened.note((tx, event) => audit.append(tx, event), clock.now());
  if (opened.formerAudit !== undefined && audit.problem() === undefined) await audit.checkpoint();
  return { keys: opened.keys, audit };
}

function openKeys({ options, database, tokens }: OpeningContext): Promise<OpenedKeys> {
  const file = (name: string): string => join(options.dataDirectory, 'keys', name);
  const kind = tokenKeyKind(tokens.algorithm);
  return openServerKeys(
    {
      authorisation: file('authorisation.pem'),
      audit: file('audit.pem'),
      ...(kind === undefined ? {} : { token: { file: tokens.keyFile, kind } }),
    },
    { database, adopt: options.adoptKeys ?? [] },
  );
}

async function adoptLog(
  { options, clock, logger }: OpeningContext,
  audit: Audit,
  problem: string | undefined,
): Promise<void> {
  if (options.adoptLog !== true) {
    if (problem !== undefined) logger.error({ problem }, 'the audit log is not intact');
    return;
  }
  if (problem === undefined) {
    throw new ServerError(
      'server/nothing-to-adopt',
      'the audit log continues from its last signed head: start without --adopt-log',
    );
  }
  await audit.adopt({
    at: clock.now(),
    actor: 'system',
    action: 'audit.adopt',
    subject: '',
    outcome: 'ok',
    details: { reason: problem },
  });
}
