import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';

const DIST = new URL('dist/', import.meta.url);

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);

export async function consoleFiles() {
  const files = new Map();
  const entries = await readdir(DIST, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const type = TYPES.get(extname(entry.name));
    if (!entry.isFile() || type === undefined) continue;
    const url = new URL(`file://${entry.parentPath ?? entry.path}/${entry.name}`);
    const body = await readFile(url);
    files.set(`/${url.pathname.slice(DIST.pathname.length)}`, { type, body });
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return files;
}
