/**
 * `quorate roster`: makes and signs the list of who has which chip, outside the coordinator.
 *
 * @module
 */
import { fromHex, parseRoster, type Roster, toHex, verifyRoster } from '@quorate/intent';
import { matching, Username } from '@quorate/wire';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Attach, Context } from '../context.ts';
import { messageOf, notVerified, usageError } from '../errors.ts';
import { readJson, writeDurably } from '../files.ts';
import { parseHexOf } from '../payload.ts';
import {
  makeRosterKey,
  rosterFromRegistry,
  rosterLines,
  signWithFile,
  unsignedRoster,
} from '../operations/rosters.ts';
import { loginApi } from '../remote/api.ts';
import { foreign, table } from '../terminal/output.ts';
import { loginPath, withLogin } from './users/index.ts';
import { wholeNumber } from '../numbers.ts';

const Draft = z.strictObject({
  format: z.literal('quorate-roster-draft/v1'),
  serial: z.int().min(1),
  issued_at: z.int().min(0),
  entries: z
    .array(
      z.strictObject({
        username: Username,
        chip_public_key: matching(/^04[0-9a-f]{128}$/, 130, {
          en: 'expected 04 and 128 hex digits, lower case',
        }),
      }),
    )
    .max(1024),
});

/** Adds the commands. */
export function registerRoster(program: Command, attach: Attach): void {
  const roster = program
    .command('roster')
    .description('make and sign the list of who has which chip');
  const key = roster
    .command('key')
    .description('make a roster signing key; agents pin its public key')
    .requiredOption('--out <file>', 'write the key to this file, mode 0600');
  attach<{ out: string }>(key, makeKey);
  const create = withLogin(roster.command('create'))
    .description('draft a roster from the registry, for people to compare')
    .requiredOption('--serial <n>', 'higher than the previous roster’s', parseSerial)
    .requiredOption('--out <file>', 'write the draft to this file');
  attach<{ login?: string; serial: number; out: string }>(create, createDraft);
  const sign = roster
    .command('sign <draft>')
    .description('sign a draft after comparing every fingerprint with its holder')
    .requiredOption('--key <file>', 'the roster signing key')
    .requiredOption('--out <file>', 'write the roster to this file');
  attach<{ key: string; out: string }>(sign, signDraft);
  const show = roster
    .command('show <file>')
    .description('show serial and fingerprints of a draft or a roster')
    .option('--public-key <hex>', 'verify the signature with this public key');
  attach<{ publicKey?: string }>(show, showFile);
}

const parseSerial = wholeNumber(1, Number.MAX_SAFE_INTEGER, '1, 2, 3, …');

async function makeKey(context: Context, options: { readonly out: string }): Promise<void> {
  const publicKey = toHex(makeRosterKey(options.out));
  context.output.result({ public_key: publicKey, file: options.out }, [publicKey]);
}

async function createDraft(
  context: Context,
  options: { readonly login?: string; readonly serial: number; readonly out: string },
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const roster = await rosterFromRegistry(api, options.serial);
  if (roster.entries.length === 0) throw usageError('the registry has no active chip yet');
  writeDurably(options.out, unsignedRoster(roster), { private: false });
  tell(context, roster, ['', 'Compare each fingerprint with its holder before you sign.']);
}

async function signDraft(
  context: Context,
  options: { readonly key: string; readonly out: string },
  [draft = '']: readonly string[],
): Promise<void> {
  const roster = readDraft(draft);
  writeDurably(options.out, signWithFile(roster, options.key), { private: false });
  tell(context, roster, ['', `signed: ${options.out}`]);
}

async function showFile(
  context: Context,
  options: { readonly publicKey?: string },
  [file = '']: readonly string[],
): Promise<void> {
  if (options.publicKey === undefined) {
    tell(context, readEither(file), ['', 'not verified: give --public-key']);
    return;
  }
  const key = parseHexOf(options.publicKey, 32, 'roster public key');
  tell(context, verified(file, key), ['', 'signed by the given key']);
}

function verified(file: string, key: Uint8Array): Roster {
  const json = readJson(file, 'roster');
  try {
    return verifyRoster(json, key);
  } catch (error) {
    throw notVerified(`${file}: ${messageOf(error)}`);
  }
}

function readEither(file: string): Roster {
  const json = readJson(file, 'roster');
  const isDraft = Draft.pick({ format: true }).loose().safeParse(json).success;
  return isDraft ? readDraft(file) : rosterOf(file, json);
}

function rosterOf(file: string, json: unknown): Roster {
  try {
    const { serial, issued_at, entries } = parseRoster(json);
    return { serial, issuedAt: issued_at, entries: entries.map(entryOf) };
  } catch (error) {
    throw usageError(`${file}: ${messageOf(error)}`);
  }
}

function readDraft(file: string): Roster {
  const parsed = Draft.safeParse(readJson(file, 'roster draft'));
  if (!parsed.success) throw usageError(`${file} is not a roster draft`, 'quorate roster create');
  return {
    serial: parsed.data.serial,
    issuedAt: parsed.data.issued_at,
    entries: parsed.data.entries.map(entryOf),
  };
}

function entryOf(entry: { readonly username: string; readonly chip_public_key: string }): {
  username: string;
  chipPublicKey: Uint8Array;
} {
  return { username: entry.username, chipPublicKey: fromHex(entry.chip_public_key) };
}

function tell(context: Context, roster: Roster, after: readonly string[]): void {
  const lines = rosterLines(roster);
  context.output.result(
    {
      serial: roster.serial,
      entries: lines.map(([username, fingerprint]) => ({ username, fingerprint })),
    },
    [
      `serial ${roster.serial}`,
      ...table(
        ['HOLDER', 'FINGERPRINT OF THE CHIP'],
        lines.map(([username, fingerprint]) => [foreign(username), fingerprint]),
      ),
      ...after,
    ],
  );
}
