import { describe } from 'vitest';
import { keygenSuite } from './keygenSuite.ts';

describe.each([
  [2, 5],
  [4, 5],
  [5, 5],
] as const)('%i-of-%i key generation', keygenSuite);
