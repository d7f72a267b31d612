/**
 * `quorate cosigner`: one side of a two-party key as a server of its own.
 *
 * @module
 */
import { createAsker, processTerminal } from '@quorate/holder';
import { CosignerRole } from '@quorate/wire';
import { type Command, InvalidArgumentError } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { notListening } from '../../errors.ts';
import { addStopOptions, type StopOptions, untilStopped } from '../../dev/interrupt.ts';
import { tellStuck } from '../../dev/stuck.ts';
import { writeDurably } from '../../files.ts';
import { checkPukFile, makePuk, pukLines, pukOnDisk } from '../../operations/puk.ts';
import { registerWithdrawing } from './tokens.ts';
import { createLog, type LogLevel, parseLogLevel } from '../../terminal/log.ts';
import { registerCosignerChip } from './chip.ts';
import { wholeNumber } from '../../numbers.ts';

interface ConfigOption {
  readonly config: string;
}

interface RunOptions extends ConfigOption, StopOptions {
  readonly logLevel: LogLevel;
}

/** Adds the commands. */
export function registerCosigner(program: Command, attach: Attach): void {
  const cosigner = program
    .command('cosigner')
    .requiredOption('--config <file>', 'YAML configuration, for the commands below, too')
    .description('run one side of two-party keys, enterprise (P1) or mobile-app (P2), until Ctrl-C')
    .option('--log-level <level>', 'debug, info, warn or error', parseLogLevel, 'info')
    .addHelpText(
      'after',
      `
Once, on each side:
  quorate cosigner init --config examples/enterprise.yaml
  quorate cosigner init --config examples/mobile-app.yaml
and tell each other the printed fingerprints. Then run both:
  quorate cosigner --config examples/enterprise.yaml
  quorate cosigner --config examples/mobile-app.yaml`,
    );
  addStopOptions(cosigner);
  attach<RunOptions>(cosigner, runCosigner, { serves: true });
  const init = withHelp(cosigner.command('init'))
    .description(
      'create the store: chip (or set up the configured card or token), keys, file for the partner',
    )
    .option('--puk-out <file>', 'write the PUK to this file, mode 0600 (default: show it once)');
  attach<InitCommand>(init, initStore);
  registerCosignerChip(cosigner, attach, withHelp);
  const pin = withHelp(cosigner.command('pin <partner> <file>'))
    .description('pin a partner’s exported file after comparing its fingerprint')
    .requiredOption('--fingerprint <groups>', 'the fingerprint, as the partner told you');
  attach<ConfigOption & { fingerprint: string }>(pin, pinFile);
  const token = withHelp(cosigner.command('token'))
    .description('create a token for this side’s REST interface')
    .requiredOption('--name <name>', 'name of the caller')
    .requiredOption('--roles <roles>', 'operator, signer, approver, viewer', parseRoles)
    .requiredOption('--out <file>', 'write the token to this file, mode 0600')
    .option('--days <n>', 'days until it expires', parseDays, 30);
  attach<TokenOptions>(token, writeToken);
  registerWithdrawing(cosigner.command('tokens'), attach, withHelp);
}

/** `--config` belongs to the parent, which reads it wherever it stands. */
function withHelp(command: Command): Command {
  return command.configureHelp({ showGlobalOptions: true });
}

async function runCosigner(context: Context, options: RunOptions): Promise<void> {
  const { createCosigner, loadCosignerConfig } = await import('@quorate/cosigner');
  const loaded = loadCosignerConfig(options.config);
  const { output } = context;
  await untilStopped(options, async (stop) => {
    const terminal = processTerminal();
    const asks = loaded.config.approval === 'prompt' && terminal.isAttended;
    const cosigner = await createCosigner(loaded, {
      logger: createLog(output, options.logLevel),
      ...(asks ? { asker: createAsker(terminal) } : {}),
    });
    try {
      const { role, name, listen } = loaded.config;
      const url = await cosigner.listen().catch((error: unknown) => {
        const choosePort = `in ${options.config}, key listen.port`;
        const chooseHost = `in ${options.config}, key listen.host`;
        throw notListening(error, { ...listen, choosePort, chooseHost });
      });
      output.event({ event: 'listening', url, role, name });
      if (!output.json) output.lines([`${name} (${role}) listens on ${url}`]);
      await stop.asked;
      output.note('stopping');
    } finally {
      await cosigner.close(stop.ending);
      tellStuck(stop, cosigner.threads);
      terminal.release();
    }
  });
}

interface InitCommand extends ConfigOption {
  readonly pukOut?: string;
}

/** Who decides on the partner's requests. */
const APPROVALS = {
  prompt: 'a person decides on the partner’s requests',
  policy: 'the policy decides on the partner’s requests',
  auto: 'this side does whatever the partner asks',
} as const;
const AUTOMATIC =
  'with approval: auto, whoever controls the partner’s host can sign; approval: prompt asks a person';

async function initStore(context: Context, { config, pukOut }: InitCommand): Promise<void> {
  const { initCosigner, loadCosignerConfig } = await import('@quorate/cosigner');
  const loaded = loadCosignerConfig(config);
  const isShown = context.output.options.stdout.isTTY === true && !context.output.json;
  // A PUK that nobody sees frees nobody.
  const isToken = loaded.config.identity.chip.kind === 'pkcs11';
  checkPukFile(loaded.config.identity.chip.kind, pukOut);
  const puk = !isToken && (isShown || pukOut !== undefined) ? makePuk() : undefined;
  const options = puk === undefined ? {} : { puk: () => pukOnDisk(pukOut, puk) };
  const made = await initCosigner(loaded, options);
  const { software, ...result } = made;
  if (software) {
    context.output.warn(
      'this chip is software: whoever copies its file and passphrase has its keys',
    );
  }
  if (!made.puk && !isToken) {
    context.output.warn(
      'this chip has no PUK: a blocked PIN stays blocked (--puk-out FILE makes one)',
    );
  }
  const { approval } = loaded.config;
  const mode = typeof approval === 'string' ? approval : 'policy';
  if (mode === 'auto') context.output.warn(AUTOMATIC);
  context.output.result({ ...result, approval: mode }, [
    `store        ${result.store}`,
    `approval     ${mode}: ${APPROVALS[mode]}`,
    `for partner  ${result.exported}`,
    `fingerprint  ${result.fingerprint}: tell it to the partner through another channel`,
    ...(made.puk ? pukLines(puk, pukOut, 'quorate cosigner unblock') : []),
  ]);
}

async function pinFile(
  context: Context,
  options: ConfigOption & { readonly fingerprint: string },
  [partner = '', file = '']: readonly string[],
): Promise<void> {
  const { loadCosignerConfig, pinPartner } = await import('@quorate/cosigner');
  const identity = pinPartner(
    loadCosignerConfig(options.config),
    partner,
    file,
    options.fingerprint,
  );
  context.output.result({ partner, role: identity.role }, [`pinned ${partner} (${identity.role})`]);
}

interface TokenOptions extends ConfigOption {
  readonly name: string;
  readonly roles: readonly CosignerRole[];
  readonly out: string;
  readonly days: number;
}

async function writeToken(context: Context, options: TokenOptions): Promise<void> {
  const { audienceOf, loadCosignerConfig, makeToken, tokenId } = await import('@quorate/cosigner');
  const { name, roles, out, days } = options;
  const loaded = loadCosignerConfig(options.config);
  const token = await makeToken(loaded, { name, roles }, days * 86_400);
  writeDurably(out, `${token}\n`, { private: true, fresh: true });
  const audience = audienceOf(loaded);
  const jti = tokenId(token);
  context.output.result({ file: out, name, roles, days, audience, jti }, [
    `token of ${name} in ${out}, for ${audience}`,
    `its id, for withdrawing it: ${jti}`,
  ]);
}

function parseRoles(text: string): CosignerRole[] {
  return text.split(',').map((word) => {
    const role = CosignerRole.safeParse(word.trim());
    if (!role.success) throw new InvalidArgumentError(CosignerRole.options.join(', '));
    return role.data;
  });
}

const parseDays = wholeNumber(1, 3650);
