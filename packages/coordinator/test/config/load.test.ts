import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeCertificatePem } from '../../../../test/support/certificate.ts';
import { makePipe } from '../../../../test/support/pipe.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { ConfigError } from '../../src/config/file.ts';
import { loadCoordinatorConfig } from '../../src/config/load.ts';
import { SETTINGS } from '../../src/config/names.ts';
import { serverOptionsOf } from '../../src/config/serverOptions.ts';

let directory: string;

beforeAll(() => {
  directory = temporaryDirectory();
});

function file(text: string): string {
  const name = join(directory, 'config.yaml');
  writeFileSync(name, text);
  return name;
}

describe('sources', () => {
  test('without any, the defaults hold', () => {
    const config = loadCoordinatorConfig();
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(config.deadlines).toEqual({ invitation: 120, round: 30, session: 300 });
    expect(config.allow_insecure).toBe(false);
    expect(config.language).toBe('en');
  });

  test('flags win over the environment, and the environment over the file', () => {
    const sources = {
      file: file('listen:\n  host: 127.0.0.3\n  port: 1\nlanguage: zh-CN\n'),
      env: {
        QUORATE_LISTEN_PORT: '2',
        QUORATE_DEADLINES_ROUND: '5.5',
        QUORATE_ALLOW_INSECURE: 'true',
      },
      flags: { 'listen.port': '3' },
    };
    const config = loadCoordinatorConfig(sources);
    expect(config.listen).toEqual({ host: '127.0.0.3', port: 3 });
    expect(config.language).toBe('zh-CN');
    expect(config.deadlines.round).toBe(5.5);
    expect(config.allow_insecure).toBe(true);
    expect(serverOptionsOf(config)).toMatchObject({
      port: 3,
      deadlines: { round: 5500 },
      language: 'zh-CN',
    });
  });

  test('W-4, W-10: a key twice names its line, and a byte order mark is passed over', () => {
    expect(() => loadCoordinatorConfig({ file: file('language: en\nlanguage: zh-CN\n') })).toThrow(
      new ConfigError(
        'config/invalid',
        `${join(directory, 'config.yaml')}:2: Map keys must be unique`,
      ),
    );
    const marked = loadCoordinatorConfig({ file: file('\ufefflanguage: zh-CN\n') });
    expect(marked.language).toBe('zh-CN');
  });

  test('X-1: nesting that would exhaust the stack of the YAML library is refused before it', () => {
    for (const deep of ['- '.repeat(50_000), '['.repeat(100_000)]) {
      expect(() => loadCoordinatorConfig({ file: file(deep) })).toThrow(/nested deeper than 32$/);
    }
  });

  test('paths of the file are relative to it, all others to where the program runs', () => {
    const config = loadCoordinatorConfig({
      file: file('data: ./state\n'),
      flags: { 'tokens.key_file': 'token.pem' },
    });
    expect(config.data).toBe(join(directory, 'state'));
    expect(config.tokens.key_file).toBe(join(process.cwd(), 'token.pem'));
  });

  test('an empty file is a configuration', () => {
    expect(loadCoordinatorConfig({ file: file('') }).listen.port).toBe(8080);
  });
});

describe('refusals', () => {
  test.each([
    ['lisen:\n  port: 1\n', ':1: unknown key "lisen"; did you mean listen?'],
    ['listen:\n  prt: 1\n', ':2: unknown key "listen.prt"; did you mean listen.port?'],
    ['alow_insecure: true\n', ':1: unknown key "alow_insecure"; did you mean allow_insecure?'],
    ['listen:\n  port: many\n', ':2: listen.port: expected a number'],
    ['deadlines:\n  round: 0\n', ':2: deadlines.round: expected'],
    ['\n\nlanguage: fr\n', ':3: language: expected en or zh-CN'],
    ['- a\n- b\n', 'expected keys and values'],
    ['a: [1\n', 'config.yaml'],
    ['tls:\n  certificate_file: a\n', 'tls.key_file'],
    ['__proto__:\n  data: x\n', 'config.yaml: the key __proto__ is not allowed'],
    ['trusted_proxies: [proxy.example]\n', ':1: trusted_proxies.0'],
    ['trusted_proxies: [10.0.0.0/8, 0.0.0.0/0]\n', 'trusted_proxies.1: expected proxies'],
    ['limits:\n  connections: 4\n', 'limits.connections'],
    ['limits:\n  connections: 20\n  connections_reserved: 20\n', 'below connections'],
    ['timeouts:\n  headers: 0\n', 'timeouts.headers'],
    ['tokens:\n  jwks_file: a\n  jwks_issuer: b\n', 'tokens.jwks_audience: expected together'],
    ['tokens:\n  jwks_file: a\n  jwks_audience: b\n', 'tokens.jwks_issuer: expected together'],
  ])('%j is refused with a message that names it', (text, message) => {
    const load = (): unknown => loadCoordinatorConfig({ file: file(text) });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(message);
  });

  test('a slip in the name of a variable is refused, a variable of another program is not', () => {
    expect(() => loadCoordinatorConfig({ env: { QUORATE_LISTEN_PROT: '1' } })).toThrow(
      'unknown variable QUORATE_LISTEN_PROT; did you mean QUORATE_LISTEN_PORT?',
    );
    expect(
      loadCoordinatorConfig({ env: { QUORATE_SESSION_FILE: 'x', PATH: '/bin' } }).listen.port,
    ).toBe(8080);
  });

  test('W-11: a wrong value is told with the variable that gave it, not with the file', () => {
    const sources = {
      file: file('listen:\n  port: 1\n'),
      env: { QUORATE_LISTEN_PORT: 'x', QUORATE_TRUSTED_PROXIES: 'proxy.example' },
    };
    expect(() => loadCoordinatorConfig(sources)).toThrow(
      new ConfigError('config/invalid', 'QUORATE_LISTEN_PORT: listen.port: expected a number'),
    );
    const proxies = { file: file('listen:\n  port: 1\n'), env: { QUORATE_TRUSTED_PROXIES: 'x' } };
    expect(() => loadCoordinatorConfig(proxies)).toThrow(/^QUORATE_TRUSTED_PROXIES: trusted_/);
    const option = { file: file('listen:\n  port: 1\n'), flags: { language: 'fr' } };
    expect(() => loadCoordinatorConfig(option)).toThrow(/^language: expected en or zh-CN$/);
  });

  test('W-11: a certificate or key that is none names its file, and what was expected', () => {
    const save = (name: string, content: string): string => {
      writeFileSync(join(directory, name), content);
      return join(directory, name);
    };
    const made = makeCertificatePem();
    const certificate = save('cert.pem', made.certificate);
    const key = save('key.pem', made.key);
    const other = save('other.pem', makeCertificatePem().key);
    const junk = save('junk.pem', 'junk');
    const load = (certificate_file: string, key_file: string): unknown => {
      const flags = { 'tls.certificate_file': certificate_file, 'tls.key_file': key_file };
      return serverOptionsOf(loadCoordinatorConfig({ flags }));
    };
    expect(load(certificate, key)).toMatchObject({ tls: { key: readFileSync(key, 'utf8') } });
    expect(() => load(junk, key)).toThrow(`${junk}: expected a certificate in PEM`);
    expect(() => load(certificate, junk)).toThrow(`${junk}: expected a private key in PEM`);
    expect(() => load(certificate, other)).toThrow(
      `${other} is not the key of the certificate in ${certificate}`,
    );
    expect(() => load(certificate, join(directory, 'none'))).toThrow(
      `${join(directory, 'none')} cannot be read: no such file or directory`,
    );
  });

  test('an unknown flag and a missing file are refused', () => {
    expect(() => loadCoordinatorConfig({ flags: { 'listen.prt': 1 } })).toThrow(
      'did you mean listen.port?',
    );
    expect(() => loadCoordinatorConfig({ file: join(directory, 'absent.yaml') })).toThrow(
      'cannot be read',
    );
  });
});

describe('a file that is none', () => {
  test.each([
    ['a pipe without a writer', makePipe, 'is not a regular file'],
    ['a device that never ends', () => '/dev/zero', 'is not a regular file'],
    ['a directory', () => directory, 'is a directory'],
  ])('X-3: %s is refused at once as a configuration and as a certificate', (_, make, why) => {
    const file = make();
    const refusal = `${file} cannot be read: ${why}`;
    expect(() => loadCoordinatorConfig({ file })).toThrow(refusal);
    const flags = { 'tls.certificate_file': file, 'tls.key_file': file };
    expect(() => serverOptionsOf(loadCoordinatorConfig({ flags }))).toThrow(refusal);
  });
});

describe('limits that an operator sets', () => {
  test('X-5: connections, time-outs and trusted proxies reach the server', () => {
    const config = loadCoordinatorConfig({
      file: file('limits:\n  connections: 100\ntimeouts:\n  handshake: 2.5\n'),
      env: { QUORATE_TRUSTED_PROXIES: '10.0.0.1, 2001:db8::/32' },
    });
    expect(serverOptionsOf(config)).toMatchObject({
      connections: { total: 100, perAddress: 500 },
      timeouts: { handshake: 2500, headers: 10_000, keepAlive: 30_000 },
      trustedProxies: ['10.0.0.1', '2001:db8::/32'],
    });
  });

  test('every setting is in the table of operating.md, with its default', () => {
    const page = readFileSync(new URL('../../../../docs/operating.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z_.]+)` \| (?:`([^`]*)`|none) \|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(SETTINGS);
    const defaults = loadCoordinatorConfig();
    for (const [, name = '', value] of rows) {
      if (name === 'data') continue;
      const actual = name
        .split('.')
        .reduce<unknown>((tree, key) => Reflect.get(Object(tree), key), defaults);
      const shown = JSON.stringify(actual)?.replaceAll('"', '');
      expect([name, shown === '[]' ? undefined : shown]).toEqual([name, value]);
    }
  });
});
