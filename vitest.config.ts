import { defineConfig } from 'vitest/config';

// Tests run on the sources; programs that tests start (workers, servers) run on the build.
const project = (name: string, root: string) => ({
  resolve: { conditions: ['quorate-source'] },
  ssr: { resolve: { conditions: ['quorate-source', 'node'], externalConditions: ['node'] } },
  test: {
    name,
    root,
    include: ['test/**/*.test.ts'],
    // The slow suite: npm run test:slow.
    exclude: process.env.QUORATE_SLOW === '1' ? [] : ['**/*.slow.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2, // the default leaves one core of two idle
  },
});

const packages = [
  'wire',
  'intent',
  'secure-element',
  'tss',
  'coordinator',
  'agent',
  'cosigner',
  'cli',
  'console',
];

// Whole systems of processes: one after the other, when the machine is not busy with anything else.
const endToEnd = project('e2e', 'test');
const e2e = {
  ...endToEnd,
  test: {
    ...endToEnd.test,
    include: ['e2e/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    sequence: { groupOrder: 1 },
  },
};

export default defineConfig({
  test: { projects: [...packages.map((name) => project(name, `packages/${name}`)), e2e] },
});
