/**
 * `quorate cosigner tokens`: withdraws tokens of one side before they expire.
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
  tokens.description('withdraw this side’s tokens before they expire');
  const revoke = withHelp(tokens.command('revoke'))
    .description('withdraw a token, or all tokens of a name made so far')
    .option('--jti <id>', 'the id that quorate cosigner token printed')
    .option('--token-file <file>', 'the file that holds the token')
    .option('--name <name>', 'all tokens of this name made so far');
  attach<RevokeOptions>(revoke, revokeTokens);
  attach<{ config: string }>(
    withHelp(tokens.command('list')).description('list withdrawn tokens, newest first'),
    listWithdrawn,
  );
}

async function revokeTokens(context: Context, options: RevokeOptions): Promise<void> {
  const { loadCosignerConfig, tokenId, withdrawTokens } = await import('@quorate/cosigner');
  const { config, jti: given, tokenFile, name } = options;
  if ([given, tokenFile, name].filter((one) => one !== undefined).length !== 1) {
    throw usageError('give one of --jti, --token-file and --name');
  }
  const loaded = loadCosignerConfig(config);
  if (name !== undefined) {
    withdrawTokens(loaded, { name });
    const done = `withdrew every token of ${foreign(name)} made so far`;
    return context.output.result({ name }, [done]);
  }
  const jti = given ?? tokenId(readText(tokenFile ?? '', 'token').trim());
  if (jti === undefined) throw usageError(`${tokenFile} holds no token with an id; use --name`);
  withdrawTokens(loaded, { jti });
  context.output.result({ jti }, [`withdrew token ${foreign(jti)}`]);
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
