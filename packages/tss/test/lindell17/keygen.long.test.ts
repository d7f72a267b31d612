import { test } from 'vitest';
import { expectKeygen } from './expectKeygen.ts';

test('two parties generate a key with 3072-bit moduli and sign with it', () => {
  expectKeygen(3072);
});
