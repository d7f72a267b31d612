// Runs after `tsc -b`: what is not compiled by it.
import { buildConsole, removeStale } from './steps.mjs';

removeStale();
await buildConsole();
