// `npm run pack [-- DIRECTORY]`: builds, and packs every package as it is published, into .cache/packages or DIRECTORY.
//
// Adds the files that a package needs from outside its folder: the licence, and to @quorate/tss and @quorate/intent the
// native secp256k1, which travels inside the tarballs because the package of that name depends on `elliptic`,
// which is not constant time and is never used here: an override keeps it out of this checkout, but overrides of a
// dependency do not count in the project of somebody who installs it. The binaries and their loader are copied as
// they are; only that dependency is taken out of the copy's package.json.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, install, root } from './steps.mjs';

/** Bundled into these two, with the files of each that are used. */
const NATIVE = {
  secp256k1: ['bindings.js', 'lib/index.js', 'lib/uint8array.js', 'prebuilds', 'LICENSE'],
  'node-gyp-build': ['index.js', 'node-gyp-build.js', 'LICENSE'],
};

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

function bundleNative(stage, manifest) {
  for (const [name, files] of Object.entries(NATIVE)) {
    const from = join(root, 'node_modules', name);
    const to = join(stage, 'node_modules', name);
    mkdirSync(to, { recursive: true });
    for (const file of files) cpSync(join(from, file), join(to, file), { recursive: true });
    const { version, license, repository } = readJson(join(from, 'package.json'));
    const main = name === 'secp256k1' ? 'bindings.js' : 'index.js';
    writeJson(join(to, 'package.json'), { name, version, license, repository, main });
    manifest.dependencies[name] = version;
  }
  manifest.bundleDependencies = Object.keys(NATIVE);
  delete manifest.optionalDependencies;
}

function packOne(name, target) {
  const stage = mkdtempSync(join(tmpdir(), 'quorate-pack-'));
  try {
    const folder = join(root, 'packages', name);
    const manifest = readJson(join(folder, 'package.json'));
    for (const file of [...manifest.files.filter((one) => !one.startsWith('!')), 'README.md']) {
      cpSync(join(folder, file), join(stage, file), { recursive: true });
    }
    if (manifest.bin !== undefined)
      cpSync(join(folder, 'bin'), join(stage, 'bin'), { recursive: true });
    cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
    if (manifest.optionalDependencies?.secp256k1 !== undefined) bundleNative(stage, manifest);
    writeJson(join(stage, 'package.json'), manifest);
    const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', target];
    return execFileSync('npm', args, { cwd: stage, encoding: 'utf8' }).trim();
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

await install();
await build();
const target = resolve(process.argv[2] ?? join(root, '.cache', 'packages'));
mkdirSync(target, { recursive: true });
for (const name of readdirSync(join(root, 'packages'))) {
  process.stdout.write(`${join(target, packOne(name, target))}\n`);
}
