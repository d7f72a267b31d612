import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

// The dependencies of the engine and of the whole workspace.

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface Manifest {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (path: string): Manifest => JSON.parse(read(path)) as Manifest;
const manifests = [
  'package.json',
  ...readdirSync(new URL('packages', root)).map((name) => `packages/${name}/package.json`),
].map((path) => [path, manifestOf(path)] as const);

interface Locked {
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly version?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const locked = Object.entries(
  (JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages,
);

describe('J-8: what is installed', () => {
  test.each(manifests)('%s names every dependency by one exact version', (_, manifest) => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
    const named = { ...dependencies, ...devDependencies, ...optionalDependencies };
    for (const [name, version] of Object.entries({ ...named, ...peerDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test.each(manifests)('%s runs nothing when it is installed', (_, { scripts = {} }) => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];
    expect(Object.keys(scripts).filter((name) => hooks.includes(name))).toEqual([]);
  });

  test('has its hash in the lock file, each package of a registry', () => {
    const fetched = locked.filter(
      ([path, { link, inBundle }]) => path.includes('node_modules/') && !link && !inBundle,
    );
    expect(fetched.length).toBeGreaterThan(100);
    for (const [path, { integrity }] of fetched) expect(integrity, path).toMatch(/^sha512-/);
  });

  test('runs no scripts of its own', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  });
});

test('J-8: the engine needs @noble packages, which need nothing else, and an optional binary', () => {
  const { dependencies = {}, optionalDependencies = {} } = manifestOf('packages/tss/package.json');
  expect(Object.keys(dependencies)).toEqual(['@noble/ciphers', '@noble/curves', '@noble/hashes']);
  expect(Object.keys(optionalDependencies)).toEqual(['secp256k1']);
  for (const name of Object.keys(dependencies)) {
    const [, entry] = locked.find(([path]) => path === `node_modules/${name}`) ?? [];
    expect(entry?.version, name).toBe(dependencies[name]);
    const theirs = Object.keys(entry?.dependencies ?? {});
    expect(theirs.filter((one) => !one.startsWith('@noble/'))).toEqual([]);
  }
});
