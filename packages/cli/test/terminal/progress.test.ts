import { describe, expect, test } from 'vitest';
import { Output } from '../../src/terminal/output.ts';
import { Progress } from '../../src/terminal/progress.ts';
import { Recorder } from '../support/recorder.ts';

function speaking(options: { json?: boolean; quiet?: boolean; stderr?: Recorder } = {}) {
  const stdout = new Recorder();
  const stderr = options.stderr ?? new Recorder();
  const output = new Output({
    stdout,
    stderr,
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    colour: false,
  });
  let now = 0;
  const progress = new Progress(output, () => now);
  const pass = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { stdout, stderr, progress, pass };
}

describe('progress', () => {
  test('a pipe gets whole lines without escape sequences', () => {
    const { stderr, progress, pass } = speaking();
    progress.stage('invite', 'invitations');
    progress.update('2/3 accepted');
    pass(1500);
    progress.done();
    expect(stderr.lines).toEqual([
      '  invitations',
      '  invitations: 2/3 accepted',
      '✓ invitations (1.5 s)',
    ]);
    expect(stderr.text).not.toContain('\u001b');
  });

  test('a terminal of unknown width gets lines of at most 80 columns, each drawn once', () => {
    const stderr = new Recorder({ isTTY: true, columns: 0 });
    const { progress } = speaking({ stderr });
    progress.stage('rounds', 'x'.repeat(200));
    const drawn = stderr.text.replaceAll('\r\u001b[2K', '');
    expect(drawn.length).toBeLessThanOrEqual(80);
    expect(drawn.endsWith('…')).toBe(true);
  });

  test('the same state twice is said once', () => {
    const { stderr, progress } = speaking();
    progress.stage('rounds', 'rounds');
    progress.update('round 1');
    progress.update('round 1');
    expect(stderr.lines).toHaveLength(2);
  });

  test('JSON mode writes one object a line to stdout', () => {
    const { stdout, progress } = speaking({ json: true });
    progress.stage('invite', 'invitations', { participants: 3 });
    progress.update('1/3 accepted', { accepted: 1 });
    expect(stdout.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'stage', stage: 'invite', participants: 3 },
      { event: 'progress', message: '1/3 accepted', accepted: 1 },
    ]);
  });

  test('quiet mode is silent', () => {
    const { stderr, progress } = speaking({ quiet: true });
    progress.stage('invite', 'invitations');
    progress.update('1/3');
    progress.done();
    expect(stderr.text).toBe('');
  });
});
