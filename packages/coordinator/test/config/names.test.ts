import { expect, test } from 'vitest';
import { FILES, GROUPS, LISTS, SETTINGS, variableOf } from '../../src/config/names.ts';

test('the schema says which settings are files, lists and groups', () => {
  expect(FILES).toEqual([
    'data',
    'tls.certificate_file',
    'tls.key_file',
    'tokens.key_file',
    'tokens.jwks_file',
  ]);
  expect(LISTS).toEqual(['origins', 'trusted_proxies']);
  expect(GROUPS).toEqual(expect.arrayContaining(['listen', 'tls', 'tokens', 'rates', 'log']));
  expect(SETTINGS).not.toEqual(expect.arrayContaining([...GROUPS]));
});

test('no two settings have one variable', () => {
  const variables = SETTINGS.map(variableOf);
  expect(new Set(variables).size).toBe(SETTINGS.length);
  expect(variables).toContain('QUORATE_LISTEN_PORT');
});
