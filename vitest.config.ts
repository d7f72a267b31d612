import { defineConfig } from 'vitest/config';

// Tests run on the sources; programs that tests start (workers, servers) run on the build.
const project = (name: string, root: string) => ({
  resolve: { conditions: ['quorate-source'] },
  ssr: { resolve: { conditions: ['quorate-source', 'node'], externalConditions: ['node'] } },
  test: { name, root, include: ['test/**/*.test.ts'], exclude: ['**/*.slow.test.ts'] },
});

const packages = ['wire', 'intent', 'secure-element', 'tss', 'coordinator', 'agent', 'cli'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: packages.map((name) => project(name, `packages/${name}`)),
  },
});
