import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAgent } from '../src/createAgent.ts';
import { chipAttachment, loadAgentConfig, parseAgentConfig, virtualChip } from '../src/config.ts';
import { initAgent } from '../src/init.ts';
import { approverFromConfig, pinFromConfig, tokenFromConfig } from '../src/providers.ts';
import { STATE_FILES } from '../src/records/names.ts';
import { openState } from '../src/records/state.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';

const text = `
url: wss://coordinator.example/ws
username: alice
chip: { kind: virtual }
approval: auto
`;

describe('agent configuration', () => {
  test('has defaults for everything that is not a decision', () => {
    expect(parseAgentConfig(text)).toEqual({
      url: 'wss://coordinator.example/ws',
      username: 'alice',
      chip: { kind: 'virtual', file: 'chip.sealed', passphrase_file: 'chip-passphrase' },
      pin_file: 'pin',
      token_file: 'token',
      approval: 'auto',
      allow_destroy: false,
      allow_insecure: false,
      workers: 1,
      thread_timeout: 60,
      give_up_after: 604_800,
    });
  });

  test('an unknown key is an error that names the nearest known one', () => {
    expect(() => parseAgentConfig(`${text}tokenfile: x\n`)).toThrow(
      /unknown key "tokenfile"; did you mean token_file/,
    );
    expect(() =>
      parseAgentConfig(text.replace('kind:', 'kind: virtual, passphrase: x, x:')),
    ).toThrow(/unknown key "chip\.passphrase"; did you mean passphrase_file/);
  });

  test('a wrong value names its place', () => {
    expect(() => parseAgentConfig(text.replace('wss://', 'https://'))).toThrow(/url: expected ws/);
    expect(() => parseAgentConfig(`${text}workers: 0\n`)).toThrow(/workers/);
    expect(() => parseAgentConfig(text.replace('auto', 'always'))).toThrow(/approval/);
    expect(() => parseAgentConfig('url:\n  [')).toThrow(/^config\.yaml:2: Flow sequence/);
  });

  test('W-4: a key twice is an error that names the line', () => {
    expect(() => parseAgentConfig(`${text}approval: prompt\n`)).toThrow(
      /^config\.yaml:6: Map keys must be unique$/,
    );
    const json = JSON.stringify(parseAgentConfig(text)).replace('{', '{"username":"eve",');
    expect(() => parseAgentConfig(json)).toThrow(/Map keys must be unique/);
  });

  test('W-10: a byte order mark before a configuration, PIN or token costs nothing', async () => {
    const directory = temporaryDirectory();
    const config = parseAgentConfig(`\ufeff${text}`);
    expect(config).toEqual(parseAgentConfig(text));
    writeFileSync(join(directory, 'pin'), '\ufeff123456\r\n', { mode: 0o600 });
    writeFileSync(join(directory, 'token'), '\ufeffa.b.c\n', { mode: 0o600 });
    expect(Buffer.from(await pinFromConfig(directory, config)()).toString()).toBe('123456');
    expect(await tokenFromConfig(directory, config)()).toBe('a.b.c');
    writeFileSync(join(directory, 'pin'), '\ufeff\n', { mode: 0o600 });
    await expect(pinFromConfig(directory, config)()).rejects.toMatchObject({
      code: 'config/invalid',
      message: `${join(directory, 'pin')} is empty`,
    });
  });

  test('X-1: nesting that would exhaust the stack of the YAML library is refused before it', () => {
    for (const deep of ['- '.repeat(100_000), '['.repeat(100_000), '{a: '.repeat(50_000)]) {
      expect(() => parseAgentConfig(deep)).toThrow(
        expect.objectContaining({ code: 'config/invalid' }),
      );
    }
  });

  test('a chip is a sealed file, a card in a reader or a token; paths are resolved', () => {
    const key = `04${'ab'.repeat(64)}`;
    const chip = (section: string) =>
      chipAttachment('/agent', parseAgentConfig(text.replace('{ kind: virtual }', section)));
    expect(chip('{ kind: virtual, file: c }')).toEqual({
      kind: 'virtual',
      file: '/agent/c',
      passphrase_file: '/agent/chip-passphrase',
    });
    expect(chip('{ kind: pcsc }')).toEqual({ kind: 'pcsc' });
    expect(chip(`{ kind: pcsc, reader: ACS, public_key: '0x${key.toUpperCase()}' }`)).toEqual({
      kind: 'pcsc',
      reader: 'ACS',
      public_key: key,
    });
    expect(
      chip("{ kind: pkcs11, module: m.so, token: t, serial: '1', library_parameters: 'a=b' }"),
    ).toEqual({
      kind: 'pkcs11',
      library_parameters: 'a=b',
      module: '/agent/m.so',
      token: 't',
      serial: '1',
    });
  });

  test('a chip section that mixes kinds, or names none, is told where', () => {
    const wrong = (section: string) => () =>
      parseAgentConfig(text.replace('{ kind: virtual }', section));
    expect(wrong('{ kind: pcsc, raeder: ACS }')).toThrow(
      /unknown key "chip\.raeder"; did you mean reader/,
    );
    expect(wrong('{ kind: pcsc, file: x }')).toThrow(/unknown key "chip\.file"/);
    expect(wrong('{ kind: card }')).toThrow(/chip.*: expected kind: virtual, pcsc or pkcs11/);
    expect(wrong('{ kind: pcsc, public_key: abc }')).toThrow(
      /chip\.public_key: expected the 65 bytes/,
    );
    expect(wrong('{ kind: pkcs11, token: t }')).toThrow(/chip\.module/);
  });

  test('work that is for a virtual chip refuses another kind by its name', () => {
    const config = parseAgentConfig(text.replace('{ kind: virtual }', '{ kind: pcsc }'));
    expect(() => virtualChip('/agent', config)).toThrow(/for a virtual chip; chip\.kind is pcsc/);
  });

  test.each([
    ['without a host', 'ws://['],
    ['with a port that is none', 'wss://h:99999/ws'],
    ['with a fragment', 'wss://h/ws#x'],
    ['of another scheme', 'https://h/ws'],
    ['without end', `ws://${'h'.repeat(4000)}`],
  ])('X-2: a url %s, which nobody can dial, is named when the file is read', (_, url) => {
    const wrong = (): unknown =>
      parseAgentConfig(text.replace(/^url: .*$/m, `url: ${JSON.stringify(url)}`));
    const message: unknown = expect.stringMatching(/url: expected ws:\/\/ or wss:\/\//);
    expect(wrong).toThrow(expect.objectContaining({ code: 'config/invalid', message }));
  });

  test('a name is normalised, so that two spellings of it are one person', () => {
    const config = parseAgentConfig(text.replace('alice', 'Jose\u0301'));
    expect(config.username).toBe('Jos\u00e9');
  });
});

describe('agent init', () => {
  const options = (directory: string) => ({
    directory,
    url: 'ws://127.0.0.1:8080/ws',
    username: 'alice',
    approval: 'prompt' as const,
    rosterKey: new Uint8Array(32).fill(3),
  });

  test('pins the roster key and writes a configuration that can be read again', () => {
    const directory = join(temporaryDirectory(), 'a');
    const config = initAgent({ ...options(directory), settings: { se_id: 'SE-1', workers: 2 } });
    expect(loadAgentConfig(directory)).toEqual(config);
    expect(config).toMatchObject({ se_id: 'SE-1', workers: 2, approval: 'prompt' });
    const state = openState(directory);
    expect(state.pins.rosterKey).toEqual(new Uint8Array(32).fill(3));
    state.close();
  });

  test('holds no secret in the configuration and gives each agent its own local key', () => {
    const [one, two] = ['a', 'b'].map((name) => join(temporaryDirectory(), name));
    initAgent(options(one!));
    initAgent(options(two!));
    const keys = [one, two].map((directory) => readFileSync(join(directory!, 'local.key')));
    expect(keys[0]!.equals(keys[1]!)).toBe(false);
    expect(statSync(join(one!, 'local.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(one!, 'config.yaml'), 'utf8')).not.toMatch(/pin:|passphrase:|token:/);
  });

  test('a directory without an agent says what to do', () => {
    expect(() => loadAgentConfig(temporaryDirectory())).toThrow(/quorate agent init/);
  });
});

describe('configured approval', () => {
  const request = {
    kind: 'keygen' as const,
    sessionKey: 'k',
    coordinator: 'c',
    threshold: 2,
    totalParts: 2,
    partIndex: 1,
    participants: [],
    intent: new Uint8Array(32),
    timeLeft: 1000,
  };

  test('auto approves, and a policy file decides by its rules', async () => {
    const directory = temporaryDirectory();
    const rules = 'sign: { kinds: [], chains: any, addresses: any, max_value: "0" }\n';
    writeFileSync(join(directory, 'policy.yaml'), `keygen: refuse\n${rules}`);
    const { signal } = new AbortController();
    const auto = approverFromConfig(directory, parseAgentConfig(text));
    expect(await auto.approve(request, signal)).toEqual({ accept: true });
    const config = text.replace('approval: auto', 'approval: { policy: policy.yaml }');
    const policy = approverFromConfig(directory, parseAgentConfig(config));
    expect(await policy.approve(request, signal)).toMatchObject({ accept: false });
    writeFileSync(join(directory, 'policy.yaml'), `keygen: allow\nsigns: {}\n${rules}`);
    expect(() => approverFromConfig(directory, parseAgentConfig(config))).toThrow(/did you mean/);
  });

  test('Y-3: prompt without a terminal is refused before anything is opened, with the alternatives', async () => {
    const directory = temporaryDirectory();
    const config = parseAgentConfig(text.replace('approval: auto', 'approval: prompt'));
    const refused = { code: 'config/no-terminal', message: expect.stringMatching(/policy.*auto/) };
    await expect(createAgent({ directory, config })).rejects.toMatchObject(refused);
    expect(existsSync(join(directory, STATE_FILES.keys))).toBe(false);
    expect(() => approverFromConfig(directory, config)).toThrow(/config\.yaml: approval: prompt/);
  });
});

describe('secrets from files', () => {
  test('lose the line end of an editor and nothing else', async () => {
    const directory = temporaryDirectory();
    const config = parseAgentConfig(text);
    writeFileSync(join(directory, 'pin'), ' 12 34\r\n', { mode: 0o600 });
    writeFileSync(join(directory, 'token'), 'a.b.c\n', { mode: 0o600 });
    expect(Buffer.from(await pinFromConfig(directory, config)()).toString()).toBe(' 12 34');
    expect(await tokenFromConfig(directory, config)()).toBe('a.b.c');
  });

  test('are refused when others can read them', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'pin'), '1234', { mode: 0o640 });
    await expect(pinFromConfig(directory, parseAgentConfig(text))()).rejects.toThrow(/mode 640/);
  });
});
