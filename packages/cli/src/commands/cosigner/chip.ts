/**
 * `quorate cosigner chip|unblock`: the chip of a cosigner that does not run.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { usageError } from '../../errors.ts';
import { pinText, pukText, unblockProblem } from '../../operations/chipTries.ts';
import { pukBytes } from '../../operations/puk.ts';
import { obtainSecret } from '../../secrets.ts';
import { withLastTry } from '../chips/options.ts';

interface ChipCommand {
  readonly config: string;
  readonly lastTry?: boolean;
}

interface UnblockCommand extends ChipCommand {
  readonly pukFile?: string;
  readonly soPinFile?: string;
}

/** Adds the commands; `withHelp` shows the parent's `--config`. */
export function registerCosignerChip(
  cosigner: Command,
  attach: Attach,
  withHelp: (command: Command) => Command,
): void {
  const chip = withLastTry(withHelp(cosigner.command('chip'))).description(
    'show what the chip reports and try the PIN file (stop the cosigner first)',
  );
  attach<ChipCommand>(chip, chipCommand);
  const unblock = withLastTry(withHelp(cosigner.command('unblock')), 'PUK')
    .description('replace a blocked PIN by the one in the PIN file')
    .option('--puk-file <file>', 'file of mode 0600 (default: a prompt)')
    .option('--so-pin-file <file>', 'PIN file of a token’s security officer');
  attach<UnblockCommand>(unblock, unblockCommand);
}

async function chipCommand(context: Context, options: ChipCommand): Promise<void> {
  const { loadCosignerConfig, lookAtChip, tryPin } = await import('@quorate/cosigner');
  const loaded = loadCosignerConfig(options.config);
  const { name, kind, info } = await lookAtChip(loaded);
  const { pinTriesLeft, pukTriesLeft, software } = info;
  context.output.note(`PIN: ${pinText(pinTriesLeft)}`);
  context.output.note(`PUK: ${pukText(info, kind)}`);
  const { lastTry } = options;
  await tryPin(loaded, { lastTry });
  context.output.result({ chip: name, kind, software, pinTriesLeft, pukTriesLeft, pin: 'right' }, [
    `${name}: the PIN in the file is right`,
  ]);
}

async function unblockCommand(context: Context, options: UnblockCommand): Promise<void> {
  const { loadCosignerConfig, lookAtChip, unblockChip } = await import('@quorate/cosigner');
  const loaded = loadCosignerConfig(options.config);
  const isToken = loaded.config.identity.chip.kind === 'pkcs11';
  if (!isToken) {
    const { info, kind } = await lookAtChip(loaded);
    context.output.note(`PIN: ${pinText(info.pinTriesLeft)}`);
    context.output.note(`PUK: ${pukText(info, kind)}`);
  }
  const typed = await obtainCode(options, isToken);
  const { lastTry } = options;
  try {
    const by = isToken ? { securityOfficerPin: typed } : { puk: pukBytes(typed) };
    await unblockChip(loaded, { ...by, lastTry });
  } catch (error) {
    throw unblockProblem(error, 'cosigner') ?? error;
  } finally {
    typed.fill(0);
  }
  context.output.result({ unblocked: true }, ['the chip’s PIN is now the one in the PIN file']);
}

function obtainCode(options: UnblockCommand, isToken: boolean): Promise<Uint8Array> {
  const { pukFile, soPinFile } = options;
  if ((isToken ? pukFile : soPinFile) !== undefined) {
    throw usageError(
      isToken ? 'a token has no PUK' : 'only a token has a security officer',
      isToken ? 'give --so-pin-file' : 'give --puk-file',
    );
  }
  return isToken
    ? obtainSecret(soPinFile, {
        question: 'PIN of the token’s security officer',
        option: '--so-pin-file',
      })
    : obtainSecret(pukFile, { question: 'PUK of the chip', option: '--puk-file' });
}
