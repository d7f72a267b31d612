import { test } from 'vitest';
import { expectLowSignatures } from './lowSignatures.ts';

test('N-10, G8: 200 signatures have low s and a recovery id that leads back to the key', () => {
  expectLowSignatures(200);
});
