import { test } from 'vitest';
import { CUTS, expectFinished } from './powerCuts.ts';

test(
  'E-1: a replacement whose power goes is finished by running it again from every point, with one active chip at each, and the key signs after all of them',
  {
    timeout: 300_000,
  },
  () => expectFinished(CUTS),
);
