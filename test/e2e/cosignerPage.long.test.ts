// docs/cosigner.md, word for word; only the primes come from the fixture, which a user waits for.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScript, type Scripted, scriptOf } from './support/page.ts';

const PAGE = new URL('../../docs/cosigner.md', import.meta.url);
const STOCK = fileURLToPath(new URL('support/stockPrimes.mjs', import.meta.url));
/** The block that makes both stores. */
const INIT = 2;

let ran: Scripted;

beforeAll(async () => {
  const stock = `node '${STOCK}' enterprise.yaml mobile-app.yaml`;
  ran = await runScript(scriptOf(PAGE, { [INIT]: stock }));
}, 300_000);

afterAll(() => {
  rmSync(ran.directory, { recursive: true, force: true });
});

describe('docs/cosigner.md', () => {
  test('runs word for word in an empty directory', () => {
    expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
    expect(ran.stdout.match(/^== line \d+$/gm)?.length).toBe(6);
    expect(ran.stdout).toMatch(/^text +pay 5$/m);
    expect(ran.stdout).toMatch(/^[0-9a-f]{32} {2}0x[0-9a-fA-F]{40} {2}active +0 +mobile-app$/m);
  });

  test('1.9.13 leaves nothing that others can read', () => {
    const loose = readdirSync(ran.work, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => (statSync(path).mode & 0o077) !== 0);
    expect(loose).toEqual([]);
  });

  test('writes no secret into a log, and no error', () => {
    for (const side of ['enterprise', 'mobile-app']) {
      const log = readFileSync(join(ran.work, `${side}.log`), 'utf8');
      expect(log).not.toMatch(/"level":"error"/);
      for (const secret of ['chip-passphrase', 'pin', 'peer.key', 'auth.key']) {
        const content = readFileSync(join(ran.work, side, secret), 'utf8').trim();
        expect(log).not.toContain(content.split('\n')[1] ?? content);
      }
    }
  });
});
