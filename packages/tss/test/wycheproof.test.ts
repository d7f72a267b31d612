import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicVectors } from '../../../test/support/publicVectors.ts';
import { backend as native } from '../src/backend/native.ts';
import { backend as portable } from '../src/backend/portable.ts';
import { RECOVERY_IDS } from '../src/backend/types.ts';
import { pointEquals } from '../src/curve.ts';

interface EcdsaVectors {
  readonly testGroups: readonly {
    readonly publicKey: { readonly uncompressed: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

const p1363 = publicVectors<EcdsaVectors>('ecdsa_secp256k1_sha256_p1363_test.json');

describe.each([native, portable])('ecdsaRecover, $name backend', (backend) => {
  test.runIf(p1363)(
    'Wycheproof P1363: the key is recovered from exactly the valid signatures',
    () => {
      let valid = 0;
      for (const { publicKey, tests } of p1363?.testGroups ?? []) {
        const point = bytes(publicKey.uncompressed);
        const compressed = new Uint8Array([2 + ((point[64] ?? 0) & 1), ...point.slice(1, 33)]);
        const key = backend.decodePoint(compressed);
        if (key === null) throw new Error('vector key is not a point');
        for (const { tcId, msg, sig, result } of tests) {
          const signature = bytes(sig);
          const digest = new Uint8Array(createHash('sha256').update(bytes(msg)).digest());
          const recovered = RECOVERY_IDS.some((id) => {
            const found = backend.ecdsaRecover(signature, id, digest);
            return found !== null && pointEquals(found, key);
          });
          expect([tcId, recovered]).toEqual([tcId, result === 'valid']);
          valid += Number(recovered);
        }
      }
      expect(valid).toBeGreaterThan(50);
    },
  );
});
