// Prints "N passed, N failed, N skipped" from Vitest's JSON result; in CI a skipped test fails, too.
import { readFileSync } from 'node:fs';

function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    process.stderr.write(`no test result in ${path}: ${error.message}\n`);
    return undefined;
  }
}

const result = readResult(process.argv[2]);
const files = result?.testResults ?? [];
const tests = files.flatMap((file) => file.assertionResults);
const count = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
const passed = count('passed');
// A file that does not load fails without any test of its own.
const broken = files.filter((f) => f.status === 'failed' && f.assertionResults.length === 0).length;
const failed = count('failed') + broken;
const skipped = count('skipped', 'pending', 'todo', 'disabled');
const clean = result?.success === true && passed > 0 && failed === 0;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
if (!clean || (process.env.CI === 'true' && skipped > 0)) process.exitCode = 1;
