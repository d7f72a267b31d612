import { readFileSync } from 'node:fs';
import { type CoordinatorConfig, loadCoordinatorConfig } from '@quorate/coordinator';
import { describe, expect, test } from 'vitest';
import { quorate } from './support/world.ts';

const PAGE = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');

/** Paths of a configuration's values, and those values. */
function settingsOf(config: CoordinatorConfig): [string, unknown][] {
  return Object.entries(config).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value as object).map(([inner, leaf]) => [`${name}.${inner}`, leaf])
      : [[name, value]],
  );
}

describe('the coordinator’s configuration', () => {
  test('docs/operating.md names every setting that has a default, with its value', () => {
    const settings = settingsOf(loadCoordinatorConfig()).filter(([name]) => name !== 'data');
    expect(settings.length).toBeGreaterThan(10);
    for (const [name, value] of settings) {
      const row = PAGE.split('\n').find(
        (line) => line.startsWith('|') && line.includes(`\`${name}\``),
      );
      expect(row, name).toBeDefined();
      if (!Array.isArray(value)) expect(row, name).toContain(String(value));
    }
  });

  test('an unknown key of the environment or an option out of range ends with 2', async () => {
    expect((await quorate('coordinator', '--port', '65536')).exit).toBe(2);
    expect((await quorate('coordinator', '--log-level', 'loud')).exit).toBe(2);
    expect((await quorate('coordinator', '--config', '/nonexistent.yaml')).exit).toBe(2);
  });

  test('Z-12: a directory without a database ends with 2, names it and says how a first start is asked for', async () => {
    const ran = await quorate('coordinator', '--data', '/nonexistent/data', '--json');
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain('/nonexistent/data/quorate.db');
    expect(ran.stderr).toContain('--init');
    const event = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as { code: string };
    expect(event.code).toBe('server/no-database');
  });

  test('Z-12: only a key that there is can be adopted', async () => {
    const ran = await quorate('coordinator', '--adopt-key', 'roster');
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain('authorisation, audit, token');
  });

  test('another address than loopback without TLS is refused', async () => {
    const ran = await quorate('coordinator', '--host', '0.0.0.0', '--data', '/nonexistent/data');
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain('tls');
  });
});
