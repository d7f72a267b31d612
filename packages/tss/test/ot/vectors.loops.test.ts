import { vi } from 'vitest';
import { vectorSuite } from './vectors.ts';

// An engine without the kernel: the loops give the answers.
vi.stubGlobal('WebAssembly', undefined);

vectorSuite('native', 'loops');
