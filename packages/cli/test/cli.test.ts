import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXIT_MEANINGS } from '../src/exitCodes.ts';
import { createProgram } from '../src/program.ts';
import { Recorder } from './support/recorder.ts';
import { quorate } from './support/world.ts';

function everyCommand() {
  const world = { stdout: new Recorder(), stderr: new Recorder(), environment: {} };
  const root = createProgram(world).command;
  const walk = (command: typeof root): (typeof root)[] => [
    command,
    ...command.commands.flatMap((child) => walk(child)),
  ];
  return walk(root);
}

/** The words of a command line as a shell takes them. */
function wordsOf(line: string): string[] {
  const words = line.replaceAll('\\\n', ' ').match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  return words.map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
}

/** Parses a command line; nothing runs. */
async function parsed(args: readonly string[], onCommand: (name: string) => void): Promise<void> {
  const world = { stdout: new Recorder(), stderr: new Recorder(), environment: {} };
  const { command } = createProgram(world);
  const disarm = (one: typeof command): void => {
    if (one.parent !== null) one.action(() => onCommand(one.name()));
    for (const child of one.commands) disarm(child);
  };
  disarm(command);
  await command.parseAsync([...args], { from: 'user' });
}

describe('command line', () => {
  test('every command has a description and every option says what it is', () => {
    for (const command of everyCommand()) {
      expect(command.description(), command.name()).not.toBe('');
      for (const option of command.options) {
        if (!option.hidden)
          expect(option.description, `${command.name()} ${option.flags}`).toBeTruthy();
      }
    }
  });

  test('the help of every command that does something has an example, which is a command line', async () => {
    const leaves = everyCommand().filter(({ commands }) => commands.length === 0);
    expect(leaves.length).toBeGreaterThan(45);
    for (const leaf of leaves) {
      const path: string[] = [];
      for (let at: typeof leaf | null = leaf; at?.parent; at = at.parent) path.unshift(at.name());
      const { exit, stdout } = await quorate(...path, '--help');
      expect(exit, path.join(' ')).toBe(0);
      const [, example = ''] = /\n {2}(quorate (?:.*\\\n)*.*)/.exec(stdout) ?? [];
      expect(example, path.join(' ')).toContain(['quorate', ...path].join(' '));
      const ran: string[] = [];
      const args = wordsOf(example).slice(1);
      await parsed(args, (name) => ran.push(name));
      expect(ran, example).toEqual([leaf.name()]);
    }
  });

  test('E-6 R-12 no option takes a password, PIN, passphrase or token as its value', () => {
    const takesSecret = /--[a-z-]*(password|pin|passphrase|token|secret)\b(?!-(file|out))/;
    for (const command of everyCommand()) {
      for (const option of command.options) {
        // --no-password is a switch: it takes no value.
        if (option.negate) continue;
        expect(option.flags).not.toMatch(takesSecret);
      }
    }
  });

  test('help is for people and ends with 0', async () => {
    const { exit, stdout } = await quorate('--help');
    expect(exit).toBe(0);
    expect(stdout).toContain('quorate demo --once');
    for (const [, meaning] of EXIT_MEANINGS) expect(stdout).toContain(meaning);
  });

  test('docs/cli.md names every command and every exit code', () => {
    const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
    for (const [code, meaning] of EXIT_MEANINGS) expect(page).toContain(`| ${code} | ${meaning} |`);
    for (const command of everyCommand()) expect(page).toContain(command.name());
  });

  test('W-11: docs/cli.md names every code of an error that this program makes', () => {
    const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
    const sources = new URL('../src/', import.meta.url);
    const codes = readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        ...readFileSync(new URL(name, sources), 'utf8').matchAll(/new CliError\(\s*'([^']+)'/g),
      ])
      .map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(15);
    for (const code of codes) expect(page).toContain(`\`${code}\``);
  });

  test('an unknown command and an unknown option end with 2 and suggest what was meant', async () => {
    const command = await quorate('keygn');
    expect(command.exit).toBe(2);
    expect(command.stderr).toContain('keygen');
    const option = await quorate('keygen', '--treshold', '2');
    expect(option.exit).toBe(2);
    expect(option.stderr).toContain('--threshold');
  });

  test.each([
    ['a threshold of one', ['--threshold', '1', '--participants', 'a,b']],
    ['a name twice', ['--threshold', '2', '--participants', 'a,a']],
    ['an empty name', ['--threshold', '2', '--participants', 'a,,b']],
    ['more signers than holders', ['--threshold', '3', '--participants', 'a,b']],
  ])('keygen refuses %s before it asks anybody', async (_, args) => {
    expect((await quorate('keygen', ...args)).exit).toBe(2);
  });

  test('a command that needs a login says how to get one', async () => {
    const ran = await quorate('keys', 'list', '--login', '/nonexistent/login.json', '--json');
    expect(ran.exit).toBe(4);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      event: 'error',
      code: 'not_logged_in',
      exit_code: 4,
    });
  });

  test('a password does not cross a network in clear', async () => {
    for (const host of ['quorate.example', '127.0.0.1.example', '10.0.0.1', '[::2]']) {
      const url = `http://${host}`;
      const ran = await quorate('users', 'login', '--url', url, '--username', 'x');
      expect(ran.exit, host).toBe(2);
      expect(ran.stderr, host).toContain('https://');
    }
  });

  test('a coordinator that is not there ends with 5', async () => {
    const ran = await quorate('health', '--url', 'http://127.0.0.1:1');
    expect(ran.exit).toBe(5);
  });
});
