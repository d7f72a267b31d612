// Steps of every script: install when needed, build, run a program. Node's own modules only.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end and gives its exit code; what it prints goes to stderr unless `stdout` is true.
 * Signals are passed on, so that the program can clean up.
 */
export function run(command, args, { stdout = false, environment = {} } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['inherit', stdout ? 'inherit' : 2, 'inherit'],
  });
  const forward = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of SIGNALS) process.off(name, forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

/** A folder for everything temporary that tests make, whatever of it they leave behind. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-'));
  // Services that refuse root write there as another user, as in the folder that it stands for.
  chmodSync(folder, 0o1777);
  return {
    environment: { TMPDIR: folder },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Runs a program and ends this one with the same exit code when it fails. */
async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) process.exit(code);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** Whether what npm wrote down about node_modules is what the lock file wants. */
function isInstalled() {
  const wanted = join(root, 'package-lock.json');
  const present = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(present)) return false;
  if (modified(present) >= modified(wanted)) return true;
  const [want, have] = [wanted, present].map((path) => JSON.parse(readFileSync(path, 'utf8')));
  return Object.entries(want.packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.optional)
    .every(([path, entry]) => {
      const found = have.packages[path];
      return found !== undefined && found.version === entry.version && found.link === entry.link;
    });
}

/** Installs the pinned dependencies when they are absent or not those of the lock file. */
export async function install() {
  if (isInstalled()) return;
  process.stderr.write('installing the pinned dependencies\n');
  await must('npm', ['ci', '--ignore-scripts']);
}

function isOnPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)));
}

/** Compiles pkcs11js, which `npm ci --ignore-scripts` leaves alone; without a compiler, tests with tokens are skipped. */
export async function compilePkcs11() {
  const folder = join(root, 'node_modules', 'pkcs11js');
  const isCompiled = existsSync(join(folder, 'build', 'Release', 'pkcs11.node'));
  if (!existsSync(folder) || isCompiled) return;
  const missing = ['python3', 'make', 'g++'].filter((program) => !isOnPath(program));
  if (missing.length > 0) {
    process.stderr.write(`pkcs11js is not compiled: there is no ${missing.join(', no ')}\n`);
    return;
  }
  process.stderr.write('compiling pkcs11js\n');
  const options = ['--ignore-scripts=false', '--foreground-scripts'];
  const code = await run('npm', ['rebuild', 'pkcs11js', ...options]);
  if (code !== 0) process.stderr.write('pkcs11js could not be compiled\n');
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Builds the console with Vite, unless what is there is newer than its sources. */
export async function buildConsole() {
  const folder = join(root, 'packages', 'console');
  const config = ['vite.config.ts', 'vite.config.js', 'vite.config.mjs']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (config === undefined) return;
  const inputs = [config, 'src', 'index.html', 'public', 'package.json'].map((name) =>
    newest(name === config ? config : join(folder, name)),
  );
  const sources = Math.max(...inputs, newest(join(root, 'package-lock.json')));
  if (modified(join(folder, 'dist', 'index.html')) > sources) return;
  process.stderr.write('building the console\n');
  await must('npm', ['run', '--silent', 'build', '--workspace', '@quorate/console']);
}

/**
 * Removes compiled files whose source is gone, which tsc leaves: a test that imports one by its old name would pass
 * here and fail on a fresh clone.
 */
export function removeStale() {
  let removed = 0;
  for (const name of readdirSync(join(root, 'packages'))) {
    const folder = join(root, 'packages', name);
    const dist = join(folder, 'dist');
    if (!existsSync(dist) || !existsSync(join(folder, 'src', 'index.ts'))) continue;
    for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
      const source = file.replace(/\.js$|\.d\.ts$/, '.ts');
      if (source === file || existsSync(join(folder, 'src', source))) continue;
      rmSync(join(dist, file));
      removed += 1;
    }
  }
  if (removed > 0) process.stderr.write(`removed ${removed} compiled files without a source\n`);
}

/** Compiles every package and builds the console. */
export async function build() {
  await must(process.execPath, [join('scripts', 'kernel.mjs')]);
  await must(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-b']);
  removeStale();
  await buildConsole();
}
