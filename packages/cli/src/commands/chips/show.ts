/**
 * `quorate chips show|list|state|test`.
 *
 * @module
 */
import { loadAgentConfig } from '@quorate/agent';
import { chipFingerprint, shortFingerprint } from '@quorate/intent';
import { listReaders, listTokens, type Pkcs11Attachment } from '@quorate/secure-element';
import { ChipAnswer, ChipList } from '@quorate/wire';
import { type Command, InvalidArgumentError } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { CliError, usageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exitCodes.ts';
import {
  attachmentOf,
  type ChipOptions,
  obtainPin,
  warnings,
  withAttached,
} from '../../operations/chipAccess.ts';
import { authorityOf, identityOf } from '../../operations/chips.ts';
import { testChip } from '../../operations/chipTest.ts';
import { pinText, pukText } from '../../operations/chipTries.ts';
import { type Api, everyPage, loginApi } from '../../remote/api.ts';
import { foreign, table } from '../../terminal/output.ts';
import { withChipOptions, withLastTry } from './options.ts';
import { loginPath, withLogin } from '../users/index.ts';

const STATES = ['active', 'lost', 'disabled', 'destroyed'];

interface LoginOption {
  readonly login?: string;
}

/** Adds the commands. */
export function registerLooking(chips: Command, attach: Attach): void {
  attach<ChipOptions>(
    withChipOptions(chips.command('show')).description('show what the chip reports about itself'),
    showChip,
  );
  const list = withLogin(chips.command('list'))
    .description('list the registry’s chips, or those attached to this machine')
    .option('--readers', 'list card readers and tokens of this machine instead')
    .option('--directory <dir>', 'use the PKCS#11 module of this agent’s configuration')
    .option('--module <file>', 'use this PKCS#11 module');
  attach<ListOptions>(list, listChips);
  const state = withLogin(chips.command('state <se-id>'))
    .description(
      'show a chip’s state in the registry, or set it (administrators); destroyed is final',
    )
    .option('--set <state>', STATES.join(', '), parseState);
  attach<LoginOption & { set?: string }>(state, (context, { login, set }, args) =>
    chipState(context, { ...(login === undefined ? {} : { login }), set }, args),
  );
  const mark = withLogin(chips.command('mark <se-id>', { hidden: true }))
    .description('the same as state --set')
    .requiredOption('--state <state>', STATES.join(', '), parseState);
  attach<LoginOption & { state: string }>(mark, (context, { login, state: set }, args) =>
    chipState(context, { ...(login === undefined ? {} : { login }), set }, args),
  );
  const test = withLastTry(withLogin(withChipOptions(chips.command('test')))).description(
    'check a chip before a ceremony; stores and releases nothing',
  );
  attach<ChipOptions & LoginOption>(test, runTest);
}

function parseState(text: string): string {
  if (!STATES.includes(text)) throw new InvalidArgumentError(`one of ${STATES.join(', ')}`);
  return text;
}

async function showChip(context: Context, options: ChipOptions): Promise<void> {
  const { kind } = attachmentOf(options);
  const tell = (what: string): void => context.output.note(what);
  const shown = await withAttached(options, tell, async (element) => {
    const info = await element.info();
    const identity = info.personalised ? await identityOf(element) : undefined;
    return { info, identity };
  });
  for (const text of warnings(shown.info)) context.output.warn(text);
  const { pinTriesLeft, pukTriesLeft, ...others } = shown.info;
  const facts = Object.entries(others).map(([name, value]): [string, string] => [
    name,
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value),
  ]);
  const { cpic = 'none yet', fingerprint = 'none yet' } = shown.identity ?? {};
  const tries = { pinTriesLeft, pukTriesLeft };
  context.output.result({ kind, cpic, fingerprint, ...tries, ...Object.fromEntries(facts) }, [
    `kind: ${kind}`,
    `cpic: ${cpic}`,
    `fingerprint: ${fingerprint}`,
    `PIN: ${pinText(pinTriesLeft)}`,
    `PUK: ${shown.info.personalised ? pukText(shown.info, kind) : 'none yet'}`,
    ...facts.map(([name, value]) => `${name}: ${value}`),
  ]);
}

interface ListOptions extends LoginOption {
  readonly readers?: boolean;
  readonly directory?: string;
  readonly module?: string;
}

async function listChips(context: Context, options: ListOptions): Promise<void> {
  if (options.readers === true) return listAttached(context, options);
  const chips = await registered(loginApi(loginPath(context, options)));
  const rows = chips.map((chip) => [
    foreign(chip.se_id),
    foreign(chip.username),
    chip.state,
    kindText(chip.kind),
    foreign(chip.label),
  ]);
  context.output.result({ chips }, table(['CHIP', 'HOLDER', 'STATE', 'KIND', 'LABEL'], rows));
}

/** The kind as the holder's program claimed it. */
export function kindText(kind: ChipAnswer['kind']): string {
  return kind === 'virtual' ? 'virtual (software)' : kind;
}

/** Every chip of the registry that the caller may see. */
export function registered(api: Api): Promise<ChipAnswer[]> {
  return everyPage(api, ChipList, '/api/v1/chips', (page) => page.chips);
}

interface Attached {
  readonly where: string;
  readonly state: string;
  readonly fingerprint: string;
}

async function listAttached(context: Context, options: ListOptions): Promise<void> {
  const module = moduleOf(options);
  const found: Attached[] = [];
  if (module !== undefined) found.push(...(await attachedTokens(module)));
  try {
    found.push(...(await attachedReaders()));
  } catch (error) {
    // A user of tokens may have no reader service at all.
    if (module === undefined) throw error;
    context.output.warn(error instanceof Error ? error.message : String(error));
  }
  const rows = found.map(({ where, state, fingerprint }) => [
    foreign(where),
    foreign(state),
    fingerprint,
  ]);
  context.output.result({ attached: found }, table(['WHERE', 'WHAT', 'FINGERPRINT'], rows));
}

type Module = Pick<Pkcs11Attachment, 'module' | 'library_parameters'>;

function moduleOf({ directory, module }: ListOptions): Module | undefined {
  if (module !== undefined) return { module };
  const attachment = directory === undefined ? undefined : attachmentOf({ directory });
  return attachment?.kind === 'pkcs11' ? attachment : undefined;
}

async function attachedReaders(): Promise<Attached[]> {
  return (await listReaders()).map(({ reader, text, publicKey }) => ({
    where: reader,
    state: text,
    fingerprint: fingerprintOf(publicKey ?? null),
  }));
}

async function attachedTokens(of: Module): Promise<Attached[]> {
  return (await listTokens(of.module, of.library_parameters)).map((token) => ({
    where: `token ${token.label}, serial ${token.serial}`,
    state: `${token.hardware ? 'token' : 'software token'}${token.ready ? '' : ', no user PIN yet'}`,
    fingerprint: fingerprintOf(token.publicKey),
  }));
}

function fingerprintOf(publicKey: Uint8Array | null): string {
  return publicKey === null ? '' : shortFingerprint(chipFingerprint(publicKey));
}

async function chipState(
  context: Context,
  options: LoginOption & { readonly set: string | undefined },
  [seId = '']: readonly string[],
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  if (options.set !== undefined) {
    const path = `/api/v1/chips/${encodeURIComponent(seId)}`;
    const body = { state: options.set };
    const { state, kind } = await api.call(ChipAnswer, { method: 'PATCH', path, body });
    context.output.result({ se_id: seId, state, kind }, [`${foreign(seId)} is ${state}`]);
    return;
  }
  const chip = (await registered(api)).find((one) => one.se_id === seId);
  if (chip === undefined) {
    throw new CliError('unknown_chip', `you may see no chip called ${foreign(seId)}`, {
      exit: EXIT.refused,
    });
  }
  context.output.result({ ...chip }, [
    `${foreign(seId)} of ${foreign(chip.username)} is ${chip.state}, ${kindText(chip.kind)}`,
  ]);
}

async function runTest(context: Context, options: ChipOptions & LoginOption): Promise<ExitCode> {
  const api = loginApi(loginPath(context, options));
  const { username } = loadAgentConfig(options.directory);
  const authority = await authorityOf(api);
  const mine = (await registered(api)).filter((chip) => chip.username === username);
  if (mine.length === 0) {
    throw usageError(`you may see no chip of ${foreign(username)}`, 'quorate chips register');
  }
  const tell = (what: string): void => context.output.note(what);
  const checks = await withAttached(options, tell, async (element) => {
    for (const text of warnings(await element.info())) context.output.warn(text);
    return testChip(element, {
      directory: options.directory,
      username,
      authority,
      registered: mine,
      pin: () => obtainPin(options),
      lastTry: options.lastTry === true,
      tell,
    });
  });
  const ok = checks.every((one) => one.ok);
  const rows = checks.map((one) => [one.ok ? '✓' : '✗', one.name, foreign(one.detail)]);
  context.output.result({ ok, checks }, table(['', 'CHECK', 'FOUND'], rows));
  return ok ? EXIT.ok : EXIT.notVerified;
}
