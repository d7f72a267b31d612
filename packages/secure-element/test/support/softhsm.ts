/** SoftHSM tokens in a directory of their own. The configuration is the process's: one store per test file. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PKCS11 } from 'pkcs11js';
import { describe, test } from 'vitest';

const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** Path of SoftHSM's module; the first known one when there is none. */
export const MODULE: string = MODULES.find((path) => existsSync(path)) ?? MODULES[0]!;

/** Of the security officer of every token. */
export const SO_PIN = '87654321';

/** The binding to PKCS#11 modules. */
export const binding = (): typeof import('pkcs11js') => createRequire(import.meta.url)('pkcs11js');

/** Whether tests with tokens run: always in CI, where a missing part is a failure. Says it once when they do not. */
function canTestTokens(): boolean {
  if (process.env.CI === 'true') return true;
  try {
    if (!existsSync(MODULE)) throw new Error('SoftHSM is not installed');
    binding();
    return true;
  } catch {
    process.stderr.write('skipped: tokens, until softhsm2 is installed and pkcs11js is compiled\n');
    return false;
  }
}

/** A suite that needs tokens; one skipped test where there are none. Its body makes tokens when it is collected. */
export function describeTokens(name: string, body: () => void): void {
  if (canTestTokens()) describe(name, body);
  else test.skip(`${name}: with SoftHSM and pkcs11js`, () => undefined);
}

/** A store of initialised tokens. */
export interface SoftHsm {
  /** Where the tokens' objects are. */
  readonly tokens: string;
  /** Initialises a token with a user PIN; before the module is loaded. */
  addToken(label: string, pin: string): void;
  remove(): void;
}

/** Makes an empty store and points this process at it. */
export function makeSoftHsm(): SoftHsm {
  // SoftHSM syncs every object to the disk; in memory that costs nothing.
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const directory = mkdtempSync(join(parent, 'quorate-softhsm-'));
  const tokens = join(directory, 'tokens');
  mkdirSync(tokens);
  const file = join(directory, 'softhsm2.conf');
  const lines = [
    `directories.tokendir = ${tokens}`,
    'objectstore.backend = file',
    'log.level = ERROR',
    'slots.removable = false',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  process.env.SOFTHSM2_CONF = file;
  return {
    tokens,
    addToken: (label, pin) => {
      const pins = ['--so-pin', SO_PIN, '--pin', pin];
      execFileSync('softhsm2-util', ['--init-token', '--free', '--label', label, ...pins]);
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** SoftHSM's module, initialised already, as another program on the host has it. */
export function loadModule(): PKCS11 {
  const module = new (binding().PKCS11)();
  module.load(MODULE);
  return module;
}
