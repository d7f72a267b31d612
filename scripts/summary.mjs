// Prints "N passed, N failed, N skipped" from Vitest's JSON results and, where a folder is named, Surefire's reports.
// In CI a skipped test fails, too.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    process.stderr.write(`no test result in ${path}: ${error.message}\n`);
    return undefined;
  }
}

function countVitest(path) {
  const result = readResult(path);
  const files = result?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const count = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
  // A file that does not load fails without any test of its own.
  const isBroken = (file) => file.status === 'failed' && file.assertionResults.length === 0;
  return {
    complete: result?.success === true,
    passed: count('passed'),
    failed: count('failed') + files.filter(isBroken).length,
    skipped: count('skipped', 'pending', 'todo', 'disabled'),
  };
}

function countSurefire(folder) {
  const total = { complete: true, passed: 0, failed: 0, skipped: 0 };
  for (const name of listReports(folder)) {
    const [suite = ''] = /<testsuite\s[^>]*>/.exec(readFileSync(join(folder, name), 'utf8')) ?? [];
    const number = (attribute) => Number(new RegExp(`\\s${attribute}="(\\d+)"`).exec(suite)?.[1]);
    const [failed, skipped] = [number('errors') + number('failures'), number('skipped')];
    total.passed += number('tests') - failed - skipped;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

function listReports(folder) {
  try {
    return readdirSync(folder).filter((name) => /^TEST-.*\.xml$/.test(name));
  } catch {
    process.stderr.write(`no test result in ${folder}\n`);
    return [];
  }
}

const runs = process.argv
  .slice(2)
  .map((path) => (path.endsWith('.json') ? countVitest(path) : countSurefire(path)));
const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
const clean =
  runs.length > 0 && runs.every((run) => run.complete && run.passed > 0) && failed === 0;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
if (!clean || (process.env.CI === 'true' && skipped > 0)) process.exitCode = 1;
