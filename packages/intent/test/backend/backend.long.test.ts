import { test } from 'vitest';
import { mutateP256, mutateSecp256k1 } from './cases.ts';

test('P-256: 100,000 mutations have equal verdicts', () => mutateP256(100_000), 600_000);

test('secp256k1: 100,000 mutations recover the same', () => mutateSecp256k1(100_000), 600_000);
