import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

// The limits of chips are documented where people look for them.

const page = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');
const remains = page('docs/threat-model.md').split('## Residual risks')[1]?.split(' ## ')[0] ?? '';

test('E-8: the threat model says that a chip protects a share at rest, and that the host sees it', () => {
  expect(remains).toMatch(
    /protects a share at rest only \(E-8\).*holds the share in clear while it signs/,
  );
  expect(page('SECURITY.md')).toContain('The host sees the share while it signs');
});

test('E-11: the threat model says that PIN and released secret cross the bus in clear', () => {
  expect(remains).toMatch(
    /bus between a host and its card is in clear \(E-11\).*The PIN and the secret/,
  );
  expect(page('SECURITY.md')).toContain('bus between host and card is in clear');
});
