/**
 * `quorate keys`: lists keys and their holders, and grants their use.
 *
 * @module
 */
import { KeyAnswer, KeyList } from '@quorate/wire';
import type { Command } from 'commander';
import type { Attach, Context } from '../context.ts';
import { everyPage, loginApi } from '../remote/api.ts';
import { foreign, table } from '../terminal/output.ts';
import { loginPath, withLogin } from './users/index.ts';
import { parseAccount } from './verify.ts';

interface LoginOption {
  readonly login?: string;
}

/** Adds the commands. */
export function registerKeys(program: Command, attach: Attach): void {
  const keys = program.command('keys').description('list keys and their holders, grant their use');
  attach<LoginOption>(
    withLogin(keys.command('list')).description('list the keys that you may see'),
    list,
  );
  attach<LoginOption>(
    withLogin(keys.command('show <key>')).description(
      'show threshold, holders and chips of a key, by its address or key_id',
    ),
    show,
  );
  attach<LoginOption>(
    withLogin(keys.command('grant <key> <username>')).description(
      'let a coordinator request signatures with a key (administrators)',
    ),
    grant,
  );
  attach<LoginOption>(
    withLogin(keys.command('revoke <key> <username>')).description(
      'revoke that permission (administrators)',
    ),
    revoke,
  );
}

async function list(context: Context, options: LoginOption): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const keys = await everyPage(api, KeyList, '/api/v1/keys', (page) => page.keys);
  const rows = keys.map((key) => [
    key.address,
    `${key.threshold} of ${key.total_parts}`,
    foreign(key.creator),
    key.state,
  ]);
  context.output.result({ keys }, table(['ADDRESS', 'THRESHOLD', 'CREATOR', 'STATE'], rows));
}

async function show(
  context: Context,
  options: LoginOption,
  [name = '']: readonly string[],
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const path = `/api/v1/keys/${parseKeyName(name)}`;
  const key = await api.call(KeyAnswer, { method: 'GET', path });
  const rows = key.holders.map((holder) => [
    String(holder.part_index),
    foreign(holder.username),
    foreign(holder.se_id),
    foreign(holder.chip_label),
    holder.chip_state,
    holder.record_state,
  ]);
  context.output.result(key, [
    `address     ${key.address}`,
    `key id      ${key.key_id ?? 'not reported by this server'}`,
    `algorithm   ${key.algorithm ?? 'ecdsa-secp256k1'}`,
    `public key  ${key.public_key}`,
    `threshold   ${key.threshold} of ${key.total_parts}`,
    `state       ${key.state}`,
    `creator     ${foreign(key.creator)}`,
    `granted to  ${key.grants.map(foreign).join(', ') || 'nobody else'}`,
    '',
    ...table(['PART', 'HOLDER', 'CHIP', 'LABEL', 'CHIP STATE', 'RECORD'], rows),
  ]);
}

function grant(context: Context, options: LoginOption, args: readonly string[]): Promise<void> {
  return changeGrant(context, options, args, true);
}

function revoke(context: Context, options: LoginOption, args: readonly string[]): Promise<void> {
  return changeGrant(context, options, args, false);
}

async function changeGrant(
  context: Context,
  options: LoginOption,
  [name = '', username = '']: readonly string[],
  granted: boolean,
): Promise<void> {
  const grants = `/api/v1/keys/${parseKeyName(name)}/grants`;
  const api = loginApi(loginPath(context, options));
  if (granted) await api.done({ method: 'POST', path: grants, body: { username } });
  else await api.done({ method: 'DELETE', path: `${grants}/${encodeURIComponent(username)}` });
  const key = isKeyId(name) ? { key_id: name.toLowerCase() } : { address: name };
  context.output.result({ ...key, username, granted }, [
    granted ? `${username} may ask for signatures` : `${username} may no longer ask for signatures`,
  ]);
}

const isKeyId = (text: string): boolean => /^[0-9a-f]{64}$/i.test(text);

/** A key as a path of REST names it: its `key_id`, or an address. @throws CliError `usage` */
function parseKeyName(text: string): string {
  return isKeyId(text) ? text.toLowerCase() : parseAccount(text);
}
