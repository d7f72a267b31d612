/**
 * The files of the web console, read once at the start.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, sep } from 'node:path';
import type { ConsoleFile, ConsoleFiles } from '@quorate/coordinator';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};

/** The console's build by path, `/` included; empty when it is not built or not installed. */
export function consoleFiles(): ConsoleFiles {
  const folder = consoleFolder();
  const files = new Map<string, ConsoleFile>();
  if (folder === undefined || !existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const file = { type, body: readFileSync(path) };
    const name = `/${relative(folder, path).split(sep).join('/')}`;
    files.set(name, file);
    if (name === '/index.html') files.set('/', file);
  }
  return files;
}

function consoleFolder(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('@quorate/console/package.json');
    return join(dirname(manifest), 'dist');
  } catch {
    return undefined;
  }
}
