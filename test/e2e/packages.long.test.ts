// The packages as somebody installs them: tarballs into an empty project.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { run } from './support/processes.ts';

const PACK = fileURLToPath(new URL('../../scripts/pack.mjs', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../packages', import.meta.url));

let directory = '';
let project = '';

beforeAll(async () => {
  directory = temporaryDirectory();
  project = join(directory, 'project');
  const packed = await run(process.execPath, [PACK, directory]);
  expect(packed.code, packed.stderr).toBe(0);
  const tarballs = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  expect(tarballs).toHaveLength(readdirSync(PACKAGES).length);
  const dependencies = Object.fromEntries(
    tarballs.map((name) => [
      `@quorate/${/^quorate-(.+)-\d+\.\d+\.\d+\.tgz$/.exec(name)?.[1]}`,
      `file:../${name}`,
    ]),
  );
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const installed = await run('npm', args, { cwd: project, env: environmentOfAUser() });
  expect(installed.code, installed.stderr).toBe(0);
});

/** Without what npm tells the programs that it starts, such as this repository's own settings. */
function environmentOfAUser(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return Object.fromEntries(entries);
}

const listFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' });

describe('W-1: installed packages', () => {
  test('use the native backend, and elliptic is nowhere in the tree', async () => {
    const program = "import { backend } from '@quorate/tss'; console.log(backend.name);";
    const told = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: project,
    });
    expect([told.stdout, told.stderr]).toEqual(['native\n', '']);
    const modules = listFiles(join(project, 'node_modules'));
    for (const name of ['tss', 'intent']) {
      const bindings = `@quorate/${name}/node_modules/secp256k1/bindings.js`;
      expect(modules).toContain(bindings);
    }
    expect(modules.filter((path) => /(^|\/)elliptic(\/|\.js$|$)/.test(path))).toEqual([]);
  });

  test.each([
    ['native', []],
    ['portable', ['--conditions=quorate-portable']],
  ])(
    'share the ground of @quorate/tss in both protocols, on the %s backend',
    async (name, flags) => {
      const program = `
      import { backend, InputError } from '@quorate/tss';
      import { keygen } from '@quorate/tss/dkls23';
      import { twoPartyKeygen } from '@quorate/tss/lindell17';
      const sessionId = new Uint8Array(32);
      const codeOf = (start) => {
        try {
          start();
        } catch (error) {
          return error instanceof InputError && error.code;
        }
      };
      console.log(
        backend.name,
        codeOf(() => keygen({ sessionId, threshold: 2, parties: 2, index: 1 })),
        codeOf(() => twoPartyKeygen({ role: 'P1', bits: 2048, sessionId, primes: {} })),
      );`;
      const told = await run(process.execPath, [...flags, '--input-type=module', '-e', program], {
        cwd: project,
      });
      expect(told).toMatchObject({
        code: 0,
        stdout: `${name} input/session-id input/session-id\n`,
      });
    },
  );

  test('have the files that every entry of @quorate/tss names', () => {
    const tss = join(project, 'node_modules', '@quorate', 'tss');
    const manifest = JSON.parse(readFileSync(join(tss, 'package.json'), 'utf8')) as {
      exports: Record<string, Record<string, string>>;
    };
    const named = Object.values(manifest.exports).flatMap((entry) => Object.values(entry));
    expect(named).toHaveLength(9);
    const files = new Set(listFiles(tss).map((path) => `./${path}`));
    expect(named.filter((path) => !files.has(path))).toEqual([]);
  });

  test('have a README, the licence, and nothing of the build', () => {
    const scope = join(project, 'node_modules', '@quorate');
    const licence = readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8');
    for (const name of readdirSync(scope)) {
      expect(readFileSync(join(scope, name, 'README.md'), 'utf8')).toContain(`# @quorate/${name}`);
      expect(readFileSync(join(scope, name, 'LICENSE'), 'utf8')).toBe(licence);
      expect(listFiles(join(scope, name)).filter((path) => path.endsWith('.tsbuildinfo'))).toEqual(
        [],
      );
    }
  });

  test('run the demo', async () => {
    const demo = await run(join(project, 'node_modules', '.bin', 'quorate'), [
      'demo',
      '--once',
      '--json',
    ]);
    expect(demo.code, demo.stderr).toBe(0);
    expect(JSON.parse(demo.stdout)).toMatchObject({ threshold: 3, total_parts: 5 });
    expect(demo.stderr).not.toContain('portable');
  });
});
