import { describe, expect, test } from 'vitest';
import { CHEAP } from '../../../../test/support/passwordCost.ts';
import { hashPassword, passwordProblem, verifyPassword } from '../../src/auth/password.ts';

describe('passwords', () => {
  test('are stored under a salt with their cost beside them', async () => {
    const cost = { N: 2 ** 15, r: 8, p: 1 };
    const [one, two] = await Promise.all([1, 2].map(() => hashPassword('a long password', cost)));
    expect(one).toMatch(/^scrypt\$32768\$8\$1\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword('a long password', one!)).toBe(true);
    expect(await verifyPassword('a long passwort', one!)).toBe(false);
    expect(await verifyPassword('', one!)).toBe(false);
  });

  test('in another Unicode normalisation are the same', async () => {
    const stored = await hashPassword('Zürich am See 9', CHEAP);
    expect(await verifyPassword('Zu\u0308rich am See 9', stored)).toBe(true);
  });

  test('have at least twelve characters, counted as people count them', () => {
    expect(passwordProblem('elevenchars', 'root')).toBeDefined();
    expect(passwordProblem('twelve chars', 'root')).toBeUndefined();
    expect(passwordProblem('u\u0308'.repeat(6), 'root')).toBeDefined();
    expect(passwordProblem('一二三四五六七八九十百', 'root')).toBeDefined();
    expect(passwordProblem('一二三四五六七八九十百千', 'root')).toBeUndefined();
    expect(passwordProblem('AAAAAAAAAAAAAAAA', 'root')).toBeDefined();
    expect(passwordProblem('Administrator', 'administrator')).toBeDefined();
    expect(passwordProblem('x'.repeat(2000), 'root')).toBeDefined();
  });

  test('hashes of an unknown form or a weak cost are never compared', async () => {
    await expect(verifyPassword('x', 'md5$abc')).rejects.toThrow(/unknown form/);
    await expect(verifyPassword('x', 'scrypt$2$8$1$AAAA$AAAA')).rejects.toThrow(/below/);
  });
});
