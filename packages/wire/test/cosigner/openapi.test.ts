import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { COSIGNER_CODES, COSIGNER_ROUTES, cosignerOpenapi } from '../../src/index.ts';

/** The target of a pointer into a document. */
function target(document: unknown, reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce((at: unknown, step) => Reflect.get(Object(at), step), document);
}

describe('the OpenAPI document of the cosigner', () => {
  const document = cosignerOpenapi();
  const text = JSON.stringify(document);

  test('is a valid OpenAPI 3.1 document', async () => {
    const result = await new Validator().validate(cosignerOpenapi());
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  test('resolves every reference, and names every operation once', () => {
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference = '']) => reference,
    );
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) {
      expect(target(document, reference), reference).toBeDefined();
    }
    const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual(COSIGNER_ROUTES.map(({ id }) => id));
  });

  test('1.9.16 has no field for a share, a certificate or a secret', () => {
    const names = [...text.matchAll(/"(\w+)":\{/g)].map(([, name = '']) => name);
    expect(names).toContain('signature');
    for (const name of names) expect(name).not.toMatch(/share|certificate|secret|passphrase/);
  });

  test('promises no 403 where every role may ask, since no token is without the right one', () => {
    for (const { id, roles, path, method } of COSIGNER_ROUTES) {
      const operation = target(document, '#/paths');
      const responses = Reflect.get(
        Object(Reflect.get(Object(Reflect.get(Object(operation), path)), method.toLowerCase())),
        'responses',
      );
      const some = roles !== 'anyone' && roles.length < 4;
      expect(Object.keys(Object(responses)).includes('403'), id).toBe(some);
    }
  });

  test('is the one in docs/api', async () => {
    // After a change that is meant: npx vitest run --project wire -u
    const written = `${JSON.stringify(document, null, 2)}\n`;
    await expect(written).toMatchFileSnapshot('../../../../docs/api/cosigner.json');
  });

  test('every code has a sentence in both languages and a meaning', () => {
    for (const [code, entry] of Object.entries(COSIGNER_CODES)) {
      expect(code).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(entry.zhCN, code).toMatch(/\p{Script=Han}/u);
      expect(entry.en.length * entry.meaning.length, code).toBeGreaterThan(0);
    }
  });
});
