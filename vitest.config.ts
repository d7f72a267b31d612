import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Three suites by the ends of file names: `npm test`, `npm run test:long` and, not part of CI, `npm run test:slow`.
// `all` is the first two at once, for the other versions of Node.
const suite = process.env.QUORATE_SUITE;
const isNamed = suite !== undefined && suite !== 'all';
const files = (folder: string) => ({
  include: [`${folder}/**/*${isNamed ? `.${suite}` : ''}.test.ts`],
  exclude: isNamed ? [] : [suite === 'all' ? '**/*.slow.test.ts' : '**/*.{long,slow}.test.ts'],
});

// The files of these share a process and the modules it has loaded. So they replace no module (`vi.mock`), and a file
// leaves nothing of its own behind: no clock, no spy, no variable of the environment (CONTRIBUTING.md).
const SHARING = new Set([
  'wire',
  'intent',
  'holder',
  'coordinator',
  'agent',
  'two-party',
  'cosigner',
  'cli',
  'console',
  'hostile',
]);

// Tests run on the sources; programs that tests start (workers, servers) run on the build.
const project = (name: string, root: string) => ({
  resolve: { conditions: ['quorate-source'] },
  ssr: { resolve: { conditions: ['quorate-source', 'node'], externalConditions: ['node'] } },
  test: {
    name,
    root,
    ...files('test'),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: availableParallelism() + 1, // tests wait for sockets, disks and chips part of their time
    isolate: !SHARING.has(name),
  },
});

const packages = [
  'wire',
  'intent',
  'secure-element',
  'tss',
  'holder',
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
    ...files('e2e'),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    sequence: { groupOrder: 1 },
  },
};

// Everything that foreign bytes may be, given to every parser of them.
const hostileProject = project('hostile', 'test/hostile');
const hostile = {
  ...hostileProject,
  test: { ...hostileProject.test, ...files('.') },
};

// The session of two runs in browsers, so its tests have the portable backend of each package that has one.
const portableBackends = {
  name: 'portable-backends',
  enforce: 'pre' as const,
  resolveId: (id: string, importer: string | undefined) =>
    id === '#backend' ? importer?.replace(/\/src\/.*$/, '/src/backend/portable.ts') : undefined,
};
const twoParty = { ...project('two-party', 'packages/two-party'), plugins: [portableBackends] };

export default defineConfig({
  test: {
    projects: [
      ...packages.map((name) => project(name, `packages/${name}`)),
      twoParty,
      hostile,
      e2e,
    ],
  },
});
