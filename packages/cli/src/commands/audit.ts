/**
 * `quorate audit`: shows the log, exports it, and checks an export away from the coordinator.
 *
 * @module
 */
import { toHex } from '@quorate/intent';
import { AuditList, CheckpointAnswer } from '@quorate/wire';
import type { Command } from 'commander';
import type { z } from 'zod';
import type { Attach, Context } from '../context.ts';
import { notVerified, usageError } from '../errors.ts';
import { readJson, readText, writeDurably } from '../files.ts';
import { parseHexOf } from '../payload.ts';
import { loginApi } from '../remote/api.ts';
import { foreign, table } from '../terminal/output.ts';
import { loginPath, withLogin } from './users/index.ts';
import { wholeNumber } from '../numbers.ts';

interface LoginOption {
  readonly login?: string;
}

/** Adds the commands. */
export function registerAudit(program: Command, attach: Attach): void {
  const audit = program
    .command('audit')
    .description('show, export and verify the coordinator’s log');
  const show = withLogin(audit.command('show'))
    .description('show the newest entries (administrators, auditors)')
    .option('--limit <n>', 'number of entries', parseLimit, 50)
    .option('--action <name>', 'only this action')
    .option('--actor <name>', 'only this person');
  attach<ShowOptions>(show, showEntries);
  attach<LoginOption & { out: string }>(
    withLogin(audit.command('export'))
      .description('export the whole log with its signed checkpoints')
      .requiredOption('--out <file>', 'write the export to this file'),
    exportLog,
  );
  attach<LoginOption & { out?: string }>(
    withLogin(audit.command('checkpoint'))
      .description('sign and show the current head of the log')
      .option('--out <file>', 'save it for a later verify'),
    showCheckpoint,
  );
  const verify = audit
    .command('verify <file>')
    .description('check an export offline and name the first wrong entry')
    .option('--public-key <hex>', 'the audit key that you noted earlier')
    .option(
      '--checkpoint <file>',
      'a checkpoint that you saved earlier; the export must contain it',
    );
  attach<VerifyOptions>(verify, verifyExport);
}

const parseLimit = wholeNumber(1, 1000);

interface ShowOptions extends LoginOption {
  readonly limit: number;
  readonly action?: string;
  readonly actor?: string;
}

async function showEntries(context: Context, options: ShowOptions): Promise<void> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.action !== undefined) query.set('action', options.action);
  if (options.actor !== undefined) query.set('actor', options.actor);
  const { entries } = await loginApi(loginPath(context, options)).call(AuditList, {
    method: 'GET',
    path: `/api/v1/audit?${query.toString()}`,
  });
  const rows = entries.map((entry) => [
    String(entry.seq),
    new Date(entry.at).toISOString(),
    foreign(entry.actor),
    foreign(entry.action),
    foreign(entry.subject),
    entry.outcome,
  ]);
  const heading = ['SEQ', 'TIME', 'ACTOR', 'ACTION', 'SUBJECT', 'OUTCOME'];
  context.output.result({ entries }, table(heading, rows));
}

async function exportLog(
  context: Context,
  options: LoginOption & { readonly out: string },
): Promise<void> {
  const text = await loginApi(loginPath(context, options)).text({
    method: 'GET',
    path: '/api/v1/audit/export',
    isExport: true,
  });
  writeDurably(options.out, text, { private: true });
  context.output.result({ file: options.out, bytes: Buffer.byteLength(text) }, [
    `exported to ${options.out}; check it with: quorate audit verify ${options.out}`,
  ]);
}

async function showCheckpoint(
  context: Context,
  options: LoginOption & { readonly out?: string },
): Promise<void> {
  const checkpoint = await loginApi(loginPath(context, options)).call(CheckpointAnswer, {
    method: 'GET',
    path: '/api/v1/audit/checkpoint',
  });
  const text = `${JSON.stringify(checkpoint)}\n`;
  if (options.out !== undefined) writeDurably(options.out, text, { private: false });
  context.output.result({ ...checkpoint }, [
    `entry ${checkpoint.seq} at ${new Date(checkpoint.at).toISOString()}`,
    `hash ${checkpoint.hash}`,
    `audit key ${checkpoint.public_key}`,
  ]);
}

interface VerifyOptions {
  readonly publicKey?: string;
  readonly checkpoint?: string;
}

async function verifyExport(
  context: Context,
  options: VerifyOptions,
  [file = '']: readonly string[],
): Promise<void> {
  // Loading the server's code takes a quarter of a second, so only this command does it.
  const { auditVerify } = await import('@quorate/coordinator');
  const noted =
    options.publicKey === undefined
      ? undefined
      : toHex(parseHexOf(options.publicKey, 32, 'audit key'));
  const checked = auditVerify(readText(file, 'audit export'), {
    ...(noted === undefined ? {} : { publicKey: noted }),
    ...(options.checkpoint === undefined ? {} : { checkpoint: keptCheckpoint(options.checkpoint) }),
  });
  if (!checked.ok) throw notVerified(`${file}: ${checked.message}`);
  if (!checked.pinned) {
    context.output.warn('the key came with the export; compare it with the one that you noted');
  }
  const { entries, destroyed, unproven, notable } = checked;
  const result = {
    valid: true,
    entries,
    public_key: checked.publicKey,
    destroyed,
    unproven: unproven.map(({ address, participants, closedBy }) => ({
      address,
      participants,
      closed_by: closedBy,
    })),
  };
  context.output.result({ ...result, notable: notable.map((entry) => ({ ...entry })) }, [
    `valid: ${entries} entries, ${checked.checkpoints} checkpoints`,
    ...destroyed.map((address) => `destroyed ${address}, with a valid certificate`),
    ...unproven.map(
      ({ address, participants, closedBy }) =>
        `  but ${address} is not proven for ${participants.map(foreign).join(', ')}: closed by ${foreign(closedBy)}`,
    ),
    ...notable.map(({ seq, action, subject }) => noteOf(seq, action, subject)),
    `audit key ${checked.publicKey}`,
  ]);
}

/** Entries that a reader of the log should notice. */
function noteOf(seq: number, action: string, subject: string): string {
  if (action === 'clock.step') return `entry ${seq}: somebody set the server's clock`;
  if (action === 'audit.adopt') {
    return `entry ${seq}: the operator accepted a log that does not continue the last signed head`;
  }
  return `entry ${seq}: the operator accepted another ${foreign(subject)} key`;
}

function keptCheckpoint(file: string): Omit<z.infer<typeof CheckpointAnswer>, 'public_key'> {
  const parsed = CheckpointAnswer.safeParse(readJson(file, 'checkpoint'));
  if (!parsed.success) throw usageError(`${file} is not a checkpoint`, 'quorate audit checkpoint');
  const { public_key: _key, ...checkpoint } = parsed.data;
  return checkpoint;
}
