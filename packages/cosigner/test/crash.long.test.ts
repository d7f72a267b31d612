import { describe } from 'vitest';
import { defineCrashTests } from './support/crashes.ts';

describe('a process that is killed', () => defineCrashTests(false));
