import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  decodePkcs8,
  decodeSpki,
  encodePkcs8,
  encodePublicJwk,
  encodeSpki,
  fromHex,
  IntentError,
  type KeyCurve,
  toHex,
} from '../src/index.ts';

const CURVES: readonly KeyCurve[] = ['P-256', 'Ed25519', 'X25519'];

function generate(curve: KeyCurve) {
  if (curve === 'Ed25519') return generateKeyPairSync('ed25519');
  if (curve === 'X25519') return generateKeyPairSync('x25519');
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** The refusal of a call; anything else that it throws, or no throw, fails the test. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof IntentError) return error.code;
    throw error;
  }
  return 'none';
}

describe('keys as DER', () => {
  test('the examples of RFC 8410, section 10, have their raw keys', () => {
    const spki = Buffer.from(
      'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=',
      'base64',
    );
    const publicKey = '19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1';
    expect(toHex(decodeSpki('Ed25519', spki))).toBe(publicKey);
    expect(toHex(encodeSpki('Ed25519', fromHex(publicKey)))).toBe(toHex(spki));

    const pkcs8 = 'MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC';
    const secret = 'd4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842';
    const given = Uint8Array.from(Buffer.from(pkcs8, 'base64'));
    expect(toHex(decodePkcs8('Ed25519', given))).toBe(secret);
    expect(given.every((byte) => byte === 0)).toBe(true);
    const encoded = encodePkcs8('Ed25519', fromHex(secret));
    expect(Buffer.from(encoded).toString('base64')).toBe(pkcs8);
  });

  test('the key pair of RFC 6979, A.2.5, is what OpenSSL reads and writes on P-256', () => {
    const secret = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
    const x = '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6';
    const y = '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299';
    const publicKey = fromHex(`04${x}${y}`);
    const pkcs8 = Buffer.from(encodePkcs8('P-256', secret, publicKey));
    const read = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(read).export({ format: 'der', type: 'spki' });
    expect(toHex(decodeSpki('P-256', spki))).toBe(toHex(publicKey));
    expect(toHex(decodePkcs8('P-256', pkcs8))).toBe(toHex(secret));
  });

  test('the public key of RFC 8037, A.2, is what Node imports, as from DER', () => {
    const raw = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    expect(encodePublicJwk('Ed25519', raw)).toEqual({ kty: 'OKP', crv: 'Ed25519', x });
    for (const curve of ['Ed25519', 'X25519'] as const) {
      const imported = createPublicKey({ key: encodePublicJwk(curve, raw), format: 'jwk' });
      const spki = imported.export({ format: 'der', type: 'spki' });
      expect(toHex(spki)).toBe(toHex(encodeSpki(curve, raw)));
      expect(refusal(() => encodePublicJwk(curve, raw.subarray(1)))).toBe('intent/length');
    }
  });

  test.each(CURVES)('keys that OpenSSL generates on %s come back byte by byte', (curve) => {
    const { publicKey, privateKey } = generate(curve);
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const expected = toHex(pkcs8);
    const raw = decodeSpki(curve, spki);
    expect(toHex(encodeSpki(curve, raw))).toBe(toHex(spki));
    expect(toHex(encodePkcs8(curve, decodePkcs8(curve, pkcs8), raw))).toBe(expected);
  });

  test.each(CURVES)('a key of another curve, or cut short, is none of %s', (curve) => {
    for (const other of CURVES.filter((one) => one !== curve)) {
      const { publicKey, privateKey } = generate(other);
      const spki = publicKey.export({ format: 'der', type: 'spki' });
      const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
      expect(refusal(() => decodeSpki(curve, spki))).toBe('intent/public-key');
      expect(refusal(() => decodePkcs8(curve, pkcs8))).toBe('intent/public-key');
    }
    const own = generate(curve).publicKey.export({ format: 'der', type: 'spki' });
    expect(refusal(() => decodeSpki(curve, own.subarray(0, -1)))).toBe('intent/public-key');
    expect(refusal(() => encodeSpki(curve, new Uint8Array(31)))).toBe('intent/length');
    expect(refusal(() => encodePkcs8(curve, new Uint8Array(31)))).toBe('intent/length');
  });

  test('X-3: no source exports a key as JWK, which stops a thread of Node 20 for ever', () => {
    const packages = fileURLToPath(new URL('../..', import.meta.url));
    const sources = readdirSync(packages).flatMap((name) => filesIn(join(packages, name, 'src')));
    expect(sources.length).toBeGreaterThan(300);
    // Importing holds no lock: a source that names the format does so once, in a call that makes a key.
    for (const file of sources) {
      const source = readFileSync(file, 'utf8');
      expect(source, relative(packages, file)).not.toMatch(/\bexportJWK\b|\.export\([^)]*jwk/i);
      const named = source.match(/['"`]jwk['"`]/g) ?? [];
      const imported = source.match(/\bcreatePublicKey\(\{[^}]*format: 'jwk' \}\)/g) ?? [];
      expect(named, relative(packages, file)).toHaveLength(imported.length);
    }
  });
});

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(directory, name));
}
