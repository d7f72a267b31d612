// CI draws the right conclusions from results.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { run } from './support/processes.ts';

const script = (name: string): string =>
  fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));

let directory = '';

beforeAll(() => {
  directory = temporaryDirectory();
});

/** Runs the summary of a result with one file of tests in these states. */
async function summary(statuses: string[], more: { success?: boolean; ci?: boolean } = {}) {
  const path = join(directory, 'result.json');
  const assertionResults = statuses.map((status) => ({ status }));
  const status = statuses.includes('failed') ? 'failed' : 'passed';
  const success = more.success ?? status === 'passed';
  writeFileSync(path, JSON.stringify({ success, testResults: [{ status, assertionResults }] }));
  return summaryOf(path, more.ci ?? true);
}

async function summaryOf(path: string, ci: boolean, ...more: string[]) {
  const env = { ...process.env, CI: ci ? 'true' : '' };
  const { code, stdout } = await run(process.execPath, [script('summary.mjs'), path, ...more], {
    env,
  });
  return { code, line: stdout.trim() };
}

describe('the summary of a test run', () => {
  test('counts and is content when everything passed', async () => {
    const line = '2 passed, 0 failed, 0 skipped';
    expect(await summary(['passed', 'passed'])).toEqual({ code: 0, line });
  });

  test('fails for a failed test, and in CI for a skipped one', async () => {
    expect(await summary(['passed', 'failed'])).toMatchObject({ code: 1 });
    const skipped = ['passed', 'pending', 'todo'];
    const line = '1 passed, 0 failed, 2 skipped';
    expect(await summary(skipped)).toEqual({ code: 1, line });
    expect(await summary(skipped, { ci: false })).toEqual({ code: 0, line });
  });

  test('fails when nothing ran, when the run says so, and when there is no result', async () => {
    expect(await summary([])).toMatchObject({ code: 1 });
    expect(await summary(['passed'], { success: false })).toMatchObject({ code: 1 });
    expect(await summaryOf(join(directory, 'none.json'), true)).toMatchObject({ code: 1 });
  });

  test('adds up several results, and fails when one of them is missing', async () => {
    await summary(['passed', 'passed']);
    const path = join(directory, 'result.json');
    const line = '4 passed, 0 failed, 0 skipped';
    expect(await summaryOf(path, true, path)).toEqual({ code: 0, line });
    const none = join(directory, 'none.json');
    expect(await summaryOf(path, true, none)).toMatchObject({ code: 1 });
  });

  test('counts the reports of Surefire too, and fails for what failed, was skipped or is missing there', async () => {
    const path = join(directory, 'result.json');
    await summary(['passed']);
    const reports = mkdtempSync(join(directory, 'reports-'));
    expect(await summaryOf(path, true, reports)).toMatchObject({ code: 1 });
    const report = (counts: string): void =>
      writeFileSync(
        join(reports, 'TEST-card.xml'),
        `<?xml version="1.0"?>\n<testsuite name="card" time="1.5" ${counts}>\n</testsuite>\n`,
      );
    report('tests="5" errors="0" skipped="0" failures="0"');
    const good = { code: 0, line: '6 passed, 0 failed, 0 skipped' };
    expect(await summaryOf(path, true, reports)).toEqual(good);
    report('tests="5" errors="1" skipped="1" failures="1"');
    const bad = { code: 1, line: '3 passed, 2 failed, 1 skipped' };
    expect(await summaryOf(path, true, reports)).toEqual(bad);
    report('tests="5" errors="0" skipped="1" failures="0"');
    expect(await summaryOf(path, true, reports)).toMatchObject({ code: 1 });
    expect(await summaryOf(path, false, reports)).toMatchObject({ code: 0 });
  });

  test('counts a file that does not load as a failure', async () => {
    const path = join(directory, 'broken.json');
    const testResults = [{ status: 'failed', assertionResults: [] }];
    writeFileSync(path, JSON.stringify({ success: false, testResults }));
    expect(await summaryOf(path, false)).toEqual({
      code: 1,
      line: '0 passed, 1 failed, 0 skipped',
    });
  });
});

describe('the check of the demo', () => {
  const good = {
    address: `0x${'a'.repeat(40)}`,
    public_key: `0x02${'b'.repeat(64)}`,
    digest: `0x${'c'.repeat(64)}`,
    signature: `0x${'d'.repeat(130)}`,
    signers: ['a', 'b', 'c'],
    threshold: 3,
    total_parts: 5,
    transaction: '0x02',
    timings_ms: {},
  };
  const check = async (line: string) =>
    (await run(process.execPath, [script('check-demo.mjs')], { input: line })).code;

  test('accepts what the demo promises and nothing less', async () => {
    expect(await check(JSON.stringify(good))).toBe(0);
    expect(await check('')).toBe(1);
    for (const name of Object.keys(good)) {
      const { [name as keyof typeof good]: _left, ...rest } = good;
      expect(await check(JSON.stringify(rest)), name).toBe(1);
    }
  });
});
