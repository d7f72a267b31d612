// Runs after `tsc -b`: what is not compiled by it.
import { buildConsole } from './steps.mjs';

await buildConsole();
