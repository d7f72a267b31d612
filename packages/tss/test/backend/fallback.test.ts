import { expect, test, vi } from 'vitest';

// A platform without a prebuilt binary: the loader finds nothing to require.
vi.mock('node:module', () => ({
  createRequire: () => () => {
    throw new Error('no native build was found');
  },
}));

test('J-10: without a native binary one line is printed and the portable backend serves', async () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const { backend } = await import('../../src/backend/native.ts');
  write.mockRestore();
  expect(backend.name).toBe('portable');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^quorate: no native secp256k1 .*\n$/);
});
