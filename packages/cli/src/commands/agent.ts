/**
 * `quorate agent`: a participant's own program.
 *
 * @module
 */
import {
  isAgentError,
  loadAgentConfig,
  readAgentRecords,
  openPins,
  resolvePath,
  STATE_FILES,
} from '@quorate/agent';
import { chipFingerprint, shortFingerprint } from '@quorate/intent';
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type RunOptions, runAgent } from '../agent/run.ts';
import type { Attach, Context } from '../context.ts';
import { addStopOptions } from '../dev/interrupt.ts';
import { notVerified, usageError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';
import { readText, writeDurably } from '../files.ts';
import { checkPolicy, importRoster, type RosterPreview, setUpAgent } from '../operations/agents.ts';
import { parseHexOf } from '../payload.ts';
import { checkedUrl, webSocketUrl } from '../remote/http.ts';
import { parseLogLevel } from '../terminal/log.ts';
import { foreign, table } from '../terminal/output.ts';
import { confirm } from '../terminal/prompt.ts';

interface DirectoryOption {
  readonly directory: string;
}

/** Adds the commands. */
export function registerAgent(program: Command, attach: Attach): void {
  const agent = program
    .command('agent')
    .description('set up, run and inspect a participant’s agent');
  registerInit(agent, attach);
  const run = withDirectory(agent.command('run'))
    .description('take part in ceremonies until Ctrl-C')
    .option('--pin-file <file>', 'file of mode 0600 (default: the agent’s own, else a prompt)')
    .option('--log-level <level>', 'debug, info, warn or error', parseLogLevel, 'info');
  addStopOptions(run);
  attach<RunOptions>(run, runAgent, { serves: true });
  attach<DirectoryOption>(
    withDirectory(agent.command('status')).description('show configuration, pins and keys'),
    showStatus,
  );
  const roster = agent.command('roster').description('manage the chips that this agent trusts');
  const load = withDirectory(roster.command('import <file>'))
    .description('put a signed roster in force (stop the agent first)')
    .option('--yes', 'skip the confirmation');
  attach<DirectoryOption & { yes?: boolean }>(load, loadRoster);
  attach<DirectoryOption>(
    withDirectory(roster.command('show')).description(
      'list the pinned participants with their fingerprints',
    ),
    showPins,
  );
}

function withDirectory(command: Command): Command {
  return command.requiredOption('--directory <dir>', 'the agent’s directory');
}

interface InitCommandOptions extends DirectoryOption {
  readonly url: string;
  readonly username: string;
  readonly rosterKey?: string;
  readonly approval: string;
  readonly ca?: string;
  readonly seId?: string;
  readonly tokenFile?: string;
  readonly pinFile?: string;
  readonly allowInsecure?: boolean;
}

function registerInit(agent: Command, attach: Attach): void {
  const init = withDirectory(agent.command('init'))
    .description('create an agent’s directory')
    .requiredOption('--url <url>', 'the coordinator, e.g. https://quorate.example:8080')
    .requiredOption('--username <name>', 'the participant')
    .option(
      '--roster-key <hex>',
      'public key of the roster’s signer, as the administrator told you',
    )
    .option('--approval <how>', 'prompt, auto, or policy:FILE', 'prompt')
    .option('--ca <file>', 'CA certificate of the coordinator, PEM; copied into the directory')
    .option('--se-id <name>', 'answer only for this chip of the registry')
    .option('--token-file <file>', 'path of the agent’s token (default: token)')
    .option('--pin-file <file>', 'path of the PIN file (default: pin)')
    .option('--allow-insecure', 'allow plain ws:// to another host')
    .addHelpText(
      'after',
      `
Example:
  quorate agent init --directory alice --url https://quorate.example:8080 \\
    --username alice --roster-key 5f1c…`,
    );
  attach<InitCommandOptions>(init, initialise);
}

async function initialise(context: Context, options: InitCommandOptions): Promise<void> {
  const { directory } = options;
  const url = webSocketUrl(checkedUrl(options.url, options.allowInsecure));
  const ca = options.ca === undefined ? undefined : readText(options.ca, 'certificate authority');
  const rosterKey =
    options.rosterKey === undefined ? null : parseHexOf(options.rosterKey, 32, 'roster key');
  setUpAgent({
    directory,
    url,
    username: options.username,
    approval: approvalOf(options.approval),
    rosterKey,
    settings: {
      ...(ca === undefined ? {} : { ca_file: 'ca.pem' }),
      ...(options.seId === undefined ? {} : { se_id: options.seId }),
      ...(options.tokenFile === undefined ? {} : { token_file: resolve(options.tokenFile) }),
      ...(options.pinFile === undefined ? {} : { pin_file: resolve(options.pinFile) }),
      ...(options.allowInsecure === true ? { allow_insecure: true } : {}),
    },
  });
  if (ca !== undefined) {
    writeDurably(resolvePath(directory, 'ca.pem'), ca, { private: true });
  }
  if (rosterKey === null) {
    context.output.warn(
      'no roster key: you have to confirm each participant’s fingerprint by hand',
    );
  }
  context.output.result({ directory, username: options.username, url }, [
    `created ${directory}; next: quorate chips init --directory ${directory}`,
  ]);
}

function approvalOf(text: string): 'auto' | 'prompt' | { readonly policy: string } {
  if (text === 'auto' || text === 'prompt') return text;
  if (text.startsWith('policy:')) {
    const policy = resolve(text.slice('policy:'.length));
    checkPolicy(policy);
    return { policy };
  }
  throw usageError(`${JSON.stringify(text)}: approval must be prompt, auto or policy:FILE`);
}

/** Reads the agent's files without a lock: a running agent replaces each as a whole, or appends to it. */
async function showStatus(context: Context, options: DirectoryOption): Promise<void> {
  const { directory } = options;
  const config = loadAgentConfig(directory);
  const has = (file: string): boolean => existsSync(resolvePath(directory, file));
  const pins = openPins(join(directory, STATE_FILES.pins));
  const keys = readAgentRecords(directory)
    .keys()
    .map((record) => ({
      address: record.address,
      threshold: record.threshold,
      total_parts: record.total_parts,
      part_index: record.part_index,
      epoch: record.epoch,
      state: record.state,
      banned: record.bans.map((ban) => ban.part_index),
    }));
  const status = {
    username: config.username,
    url: config.url,
    approval: config.approval,
    chip: config.chip.kind !== 'virtual' || has(config.chip.file),
    token: has(config.token_file),
    roster_serial: pins.serial,
    pinned: pins.list().length,
    keys,
  };
  const rows = keys.map((key) => [
    key.address,
    `${key.threshold} of ${key.total_parts}`,
    String(key.part_index),
    key.state,
    key.banned.join(','),
  ]);
  context.output.result(status, [
    `participant  ${foreign(config.username)}`,
    `coordinator  ${config.url}`,
    `chip         ${status.chip ? 'present' : 'none yet: quorate chips init'}`,
    `token        ${status.token ? 'present' : 'none yet: ask the administrator'}`,
    `roster       ${status.roster_serial ?? 'none'}, ${status.pinned} participants pinned`,
    '',
    ...table(['KEY', 'THRESHOLD', 'PART', 'STATE', 'BANNED'], rows),
  ]);
}

async function loadRoster(
  context: Context,
  options: DirectoryOption & { readonly yes?: boolean },
  [file = '']: readonly string[],
): Promise<ExitCode> {
  const text = readText(file, 'roster');
  const agree = (preview: RosterPreview): Promise<boolean> | boolean => {
    for (const line of changeLines(preview)) context.output.note(line);
    return options.yes === true || confirm('Put this roster in force?', '--yes');
  };
  const applied = await importRoster(options.directory, text, agree).catch((error: unknown) => {
    throw isAgentError(error, 'roster/refused') ? notVerified(`${file}: ${error.message}`) : error;
  });
  if (applied === undefined) {
    context.output.result({ imported: false }, ['nothing changed']);
    return EXIT.refused;
  }
  context.output.result({ imported: true, serial: applied.serial, changes: applied.changes }, [
    `roster ${applied.serial} is in force`,
  ]);
  return EXIT.ok;
}

function changeLines(preview: RosterPreview): string[] {
  return [
    `roster ${preview.serial}`,
    ...table(
      ['CHANGE', 'HOLDER', 'BEFORE', 'AFTER'],
      preview.changes.map((change) => [
        change.change,
        foreign(change.username),
        change.before ?? '',
        change.after ?? '',
      ]),
    ),
  ];
}

async function showPins(context: Context, options: DirectoryOption): Promise<void> {
  const pins = openPins(join(options.directory, STATE_FILES.pins));
  const entries = pins.list().map((pin) => ({
    username: pin.username,
    fingerprint: shortFingerprint(chipFingerprint(pin.chipPublicKey)),
    source: pin.source,
  }));
  const rows = entries.map((pin) => [foreign(pin.username), pin.fingerprint, pin.source]);
  context.output.result({ serial: pins.serial, pins: entries }, [
    `roster ${pins.serial ?? 'none'}`,
    ...table(['HOLDER', 'FINGERPRINT OF THE CHIP', 'FROM'], rows),
  ]);
}
