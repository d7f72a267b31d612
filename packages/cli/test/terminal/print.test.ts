// Printed text has no character that a terminal obeys, whoever wrote it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { createLog } from '../../src/terminal/log.ts';
import { Output } from '../../src/terminal/output.ts';
import { printText } from '../../src/terminal/print.ts';
import { Progress } from '../../src/terminal/progress.ts';
import { Recorder } from '../support/recorder.ts';
import { quorate } from '../support/world.ts';

/** Control characters of both sets, direction, invisible ones, a line end of Unicode. */
const EVIL = '\u001b[2J\u009b2J\u0007\u007f\u202e\u2066\u200b\ufeff\u2028';
const OBEYED = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** The rest of a text for the terminal without line feeds and our own styles. */
function obeyed(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const plain = text.replaceAll(/\u001b\[[0-9;]*m|\r\u001b\[2K|\n/g, '');
  return OBEYED.exec(plain)?.[0] ?? '';
}

const directory = temporaryDirectory();

describe('W-3: a terminal gets nothing to obey', () => {
  const file = join(directory, `t${EVIL}.json`);
  const verify = ['verify', '--address', '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23'];
  const signed = [...verify, '--signature', `0x${'11'.repeat(65)}`];

  test.each([
    [
      'the name of a file that is not there',
      [...signed, '--transaction', join(directory, EVIL)],
      '',
    ],
    ['the name of a file', [...signed, '--transaction', file], '{}'],
    ['what a file holds', [...signed, '--transaction', file], `${EVIL}{`],
    ['a kind in a file', [...signed, '--transaction', file], JSON.stringify({ kind: EVIL })],
    ['an option', [`--x${EVIL}`], ''],
    ['an unknown command', [`x${EVIL}`], ''],
    ['the value of an option', ['keygen', '--threshold', EVIL, '--participants', 'a,b'], ''],
    ['an address of a server', ['health', '--url', `http://${EVIL}`], ''],
    ['the path of a roster', ['roster', 'show', join(directory, EVIL)], ''],
    ['a directory', ['agent', 'status', '--directory', join(directory, EVIL)], ''],
    ['a configuration', ['coordinator', '--config', file], `${EVIL}: 1`],
    ['a configuration of a cosigner', ['cosigner', '--config', file], `role: "${EVIL.slice(6)}"`],
  ])('%s', async (_, args, content) => {
    writeFileSync(file, content);
    for (const json of [[], ['--json']]) {
      const ran = await quorate(...args, ...json);
      expect(ran.exit).toBe(2);
      expect(ran.stderr).not.toBe('');
      expect(obeyed(ran.stderr)).toBe('');
      expect(obeyed(ran.stdout)).toBe('');
    }
  });

  test.each([true, false])(
    'results, notes, warnings, events and progress (terminal: %s)',
    (isTTY) => {
      const [stdout, stderr] = [new Recorder({ isTTY }), new Recorder({ isTTY })];
      const output = new Output({ stdout, stderr, json: false, quiet: false, colour: true });
      output.result({ name: EVIL }, [EVIL, `two\nlines${EVIL}`]);
      output.note(EVIL, 'good');
      output.warn(EVIL);
      const progress = new Progress(output);
      progress.stage('x', EVIL);
      progress.update(EVIL);
      progress.warn(EVIL);
      progress.fail(EVIL);
      const log = createLog(output, 'debug');
      log.info({ name: EVIL, [EVIL]: 1 }, EVIL);
      printText(stderr, `help\n${EVIL}\n`);
      expect(obeyed(stdout.text + stderr.text)).toBe('');
      expect(stdout.lines).toHaveLength(2);
    },
  );

  test('JSON says the same, in other letters', () => {
    const stdout = new Recorder();
    const output = new Output({ stdout, stderr: stdout, json: true, quiet: true, colour: false });
    output.result({ name: `${EVIL}\n\\ 😀 \u{e0001}`, [EVIL]: null }, []);
    expect(obeyed(stdout.text)).toBe('');
    expect(JSON.parse(stdout.text)).toEqual({
      event: 'result',
      name: `${EVIL}\n\\ 😀 \u{e0001}`,
      [EVIL]: null,
    });
  });
});

test('W-3: nothing but the owners of the terminal writes to a stream of the process', () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const owners =
    /^(cli\/src\/terminal\/(print|streams)|(agent|holder)\/src\/terminal\/\w+|tss\/src\/backend\/native)\.ts$/;
  const writes = /\b(std(out|err)|output|screen|stream)\??\.write\(|\bconsole\.[a-z]+\(|_rawDebug/;
  const sources = readdirSync(root, { encoding: 'utf8' }).flatMap((name) =>
    readdirSync(join(root, name, 'src'), { encoding: 'utf8', recursive: true }).map(
      (path) => `${name}/src/${path}`,
    ),
  );
  const found = sources.filter(
    (path) =>
      path.endsWith('.ts') &&
      !owners.test(path) &&
      writes.test(readFileSync(join(root, path), 'utf8')),
  );
  expect(sources).toContain('cli/src/terminal/print.ts');
  expect(found).toEqual([]);
});
