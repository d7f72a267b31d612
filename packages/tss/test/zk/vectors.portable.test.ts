import { vi } from 'vitest';
import { vectorSuite } from './vectors.ts';

// The other real backend in place of the one that Node gets.
vi.mock('#backend', () => import('../../src/backend/portable.ts'));

vectorSuite('portable');
