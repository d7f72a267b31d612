/**
 * `quorate cosigner tokens`: tokens of one side that are good no more before they expire.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { usageError } from '../../errors.ts';
import { readText } from '../../files.ts';
import { foreign, table } from '../../terminal/output.ts';

interface RevokeOptions {
  readonly config: string;
  readonly jti?: string;
  readonly tokenFile?: string;
  readonly name?: string;
}

/** Adds the commands; `withHelp` shows the parent's `--config` in their help. */
export function registerWithdrawing(
  tokens: Command,
  attach: Attach,
  withHelp: (command: Command) => Command,
): void {
  tokens.description('tokens of this side that are withdrawn before they expire');
  const revoke = withHelp(tokens.command('revoke'))
    .description('withdraw a token, or all of a name that were made until now')
    .option('--jti <id>', 'the id that cosigner token printed')
    .option('--token-file <file>', 'the token itself')
    .option('--name <name>', 'all tokens of that name that were made until now');
  attach<RevokeOptions>(revoke, revokeTokens);
  attach<{ config: string }>(
    withHelp(tokens.command('list')).description('what is withdrawn, the newest first'),
    listWithdrawn,
  );
}

async function revokeTokens(context: Context, options: RevokeOptions): Promise<void> {
  const { loadCosignerConfig, tokenId, withdrawTokens } = await import('@quorate/cosigner');
  const { config, jti: given, tokenFile, name } = options;
  if ([given, tokenFile, name].filter((one) => one !== undefined).length !== 1) {
    throw usageError('one of --jti, --token-file and --name');
  }
  const loaded = loadCosignerConfig(config);
  if (name !== undefined) {
    withdrawTokens(loaded, { name });
    const done = `every token of ${foreign(name)} that was made until now is withdrawn`;
    return context.output.result({ name }, [done]);
  }
  const jti = given ?? tokenId(readText(tokenFile ?? '', 'token').trim());
  if (jti === undefined) throw usageError(`${tokenFile} holds no token with an id; use --name`);
  withdrawTokens(loaded, { jti });
  context.output.result({ jti }, [`token ${foreign(jti)} is withdrawn`]);
}

async function listWithdrawn(
  context: Context,
  { config }: { readonly config: string },
): Promise<void> {
  const { loadCosignerConfig, withdrawnTokens } = await import('@quorate/cosigner');
  const withdrawn = withdrawnTokens(loadCosignerConfig(config));
  const rows = withdrawn.map((one) => [
    new Date(one.at * 1000).toISOString(),
    'jti' in one ? `token ${foreign(one.jti)}` : `every token of ${foreign(one.name)} until then`,
  ]);
  context.output.result({ withdrawn }, table(['AT', 'WITHDRAWN'], rows));
}
