// Compiles the kernel of packages/tss (AssemblyScript) into a module that TypeScript imports; part of `npm run build`.
//
// The compiler is pinned and gives the same bytes on every machine, so their hash stands in the repository: another
// hash stops the build. After a change of the source run `node scripts/kernel.mjs --update`.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../packages/tss/', import.meta.url);
const SOURCE = new URL('kernel/', FOLDER);
const HASH = new URL('kernel.sha256', SOURCE);
const TARGET = new URL('src/ot/rows/kernelModule.ts', FOLDER);
const COMPILER = new URL('../node_modules/assemblyscript/package.json', import.meta.url);

/** Pages of 64 KiB: room for two matrices of 512 rows and their bytes. Warning 112: vectors as arguments. */
const OPTIONS =
  'index.ts --outFile kernel.wasm -O3 --noAssert --runtime stub --enable simd --enable bulk-memory ' +
  '--initialMemory 8 --maximumMemory 8 --disableWarning 112';

/** The compiled bytes. The compiler prints what is wrong. */
async function compile() {
  const { default: asc } = await import('assemblyscript/asc');
  let binary;
  const { error } = await asc.main([...OPTIONS.split(' '), '--baseDir', fileURLToPath(SOURCE)], {
    stderr: process.stderr,
    writeFile: (_, contents) => {
      binary = contents;
    },
  });
  if (error !== null || binary === undefined) process.exit(1);
  return binary;
}

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Everything that the compiled bytes depend on. */
function inputs() {
  const names = readdirSync(SOURCE).filter((name) => name.endsWith('.ts'));
  const texts = names.toSorted().map((name) => readFileSync(new URL(name, SOURCE)));
  return sha256(OPTIONS, JSON.parse(readFileSync(COMPILER, 'utf8')).version, ...texts);
}

const update = process.argv.includes('--update');
const known = existsSync(HASH) ? readFileSync(HASH, 'utf8').trim() : '';
const head = (hash) =>
  `/** The kernel in hex, compiled from packages/tss/kernel. SHA-256 ${hash}, inputs ${inputs()}. */\n`;
const before = existsSync(TARGET) ? readFileSync(TARGET, 'utf8') : '';
if (update || !before.startsWith(head(known))) {
  const binary = await compile();
  const hash = sha256(binary);
  if (update) writeFileSync(HASH, `${hash}\n`);
  else if (hash !== known) {
    process.stderr.write(`the kernel's hash is ${hash}, kernel.sha256 says ${known}\n`);
    process.exit(1);
  }
  const hex = Buffer.from(binary).toString('hex');
  writeFileSync(TARGET, `${head(hash)}export const KERNEL: string =\n  '${hex}';\n`);
}
