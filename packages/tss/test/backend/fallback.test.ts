import { afterEach, expect, test, vi } from 'vitest';

// Machines that differ from this one: the loader fails as Node's and node-gyp-build's really do.
const loader = vi.hoisted(() => ({ load: (): unknown => undefined }));
vi.mock('node:module', () => ({ createRequire: () => () => loader.load() }));

const { createRequire: realRequire } =
  await vi.importActual<typeof import('node:module')>('node:module');

afterEach(() => vi.resetModules());

async function loadWith(load: () => unknown) {
  loader.load = load;
  const lines: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const { backend } = await import('../../src/backend/native.ts');
  write.mockRestore();
  return { backend: backend.name, lines };
}

const ENDS = 'the portable backend is used, which is slower and not constant time\n';

test('J-10, W-1: a package that is not installed is named as that, and the portable backend serves', async () => {
  const elsewhere = realRequire('/nowhere/file.js');
  expect(await loadWith(() => elsewhere('secp256k1/bindings'))).toEqual({
    backend: 'portable',
    lines: [`quorate: the native secp256k1 is not installed; ${ENDS}`],
  });
});

test('W-1: a platform without a binary is named', async () => {
  const find = realRequire(import.meta.url)('node-gyp-build') as (folder: string) => unknown;
  const platform = `${process.platform}-${process.arch}`;
  expect(await loadWith(() => find(import.meta.dirname))).toEqual({
    backend: 'portable',
    lines: [`quorate: the native secp256k1 has no binary for ${platform}; ${ENDS}`],
  });
});

test('W-1: a binary that does not load says why', async () => {
  const broken = (): never => {
    throw Object.assign(new Error('version GLIBC_2.99 not found\nRequire stack'), {
      code: 'ERR_DLOPEN_FAILED',
    });
  };
  expect(await loadWith(broken)).toEqual({
    backend: 'portable',
    lines: [
      `quorate: the native secp256k1 cannot be loaded (version GLIBC_2.99 not found); ${ENDS}`,
    ],
  });
});
