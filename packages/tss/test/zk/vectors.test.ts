import { vectorSuite } from './vectors.ts';

vectorSuite('native');
