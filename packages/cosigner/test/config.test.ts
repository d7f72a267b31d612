import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { approvalMode, Approvals, parseApprovalPolicy } from '../src/approvals.ts';
import { parseCosignerConfig } from '../src/config.ts';
import type { CosignerConfig } from '../src/configShape.ts';
import { pathsOf } from '../src/files.ts';
import {
  createCosigner,
  initCosigner,
  loadCosignerConfig,
  pinPartner,
  readIdentity,
  shownFingerprint,
} from '../src/index.ts';
import { makeStores, removeStores, writeConfig } from './support/stores.ts';

const SEED = `listen: { host: 127.0.0.1, port: 8082 }
capabilities: ["keygen", "sign"]
role: "enterprise"
partners: ["mobile-app"]
`;

describe('a configuration', () => {
  test('of the seed is enough, and has the documented defaults', () => {
    expect(parseCosignerConfig(SEED)).toMatchObject({
      name: 'enterprise',
      paillier_bits: 3072,
      approval: 'prompt',
      deadlines: { step: 10, approval: 120, session: 180 },
    });
  });

  test('Y-11: of the seed leaves what the partner asks for to a person', () => {
    const mode = approvalMode(parseCosignerConfig(SEED), (file) => file);
    expect(new Approvals(mode, undefined).asks).toBe(true);
  });

  test.each([
    ['aproval: auto', 'x.yaml:5: unknown key "aproval"; did you mean approval?'],
    ['deadlines:\n  stepp: 3', 'x.yaml:6: unknown key "deadlines.stepp"; did you mean step?'],
    ['paillier_bits: 1024', 'x.yaml:5: paillier_bits: expected 2048 or 3072'],
    ['approval: maybe', 'x.yaml:5: approval: expected auto, prompt or { policy: FILE }'],
    ['peer: http://x', 'x.yaml:5: peer: expected ws:// or wss://'],
    ['role: enterprise', 'x.yaml:5: Map keys must be unique'],
    ['identity: { chip: { kind: usb } }', 'x.yaml:5: identity.chip.kind: expected kind: virtual'],
    [
      'identity: { chip: { kind: pkcs11, module: m, tokn: t } }',
      'x.yaml:5: unknown key "identity.chip.tokn"; did you mean token?',
    ],
    [
      'identity:\n  chip: { kind: pcsc, file: chip.sealed }',
      'x.yaml:6: unknown key "identity.chip.file"',
    ],
    [
      'identity: { chip: { kind: pcsc, public_key: 04ab } }',
      'x.yaml:5: identity.chip.public_key: ',
    ],
    ['partner_keys: { other: x }', 'x.yaml: partner_keys.other: not among partners'],
    ['peer: "ws://["', 'x.yaml:5: peer: expected ws:// or wss:// and a host'],
    ['peer: "wss://h:99999/peer"', 'x.yaml:5: peer: expected ws:// or wss://'],
    ['peer: "wss://h/peer#x"', 'x.yaml:5: peer: expected ws:// or wss://'],
    [
      'timeouts: { handshak: 9 }',
      'x.yaml:5: unknown key "timeouts.handshak"; did you mean handshake',
    ],
    [
      'peer: ws://10.0.0.1/peer',
      'x.yaml: peer: ws:// to another host; use wss://, or allow_insecure: true',
    ],
  ])('with %s is refused with key, line and what was meant', (line, message) => {
    expect(() => parseCosignerConfig(`${SEED}${line}\n`, 'x.yaml')).toThrow(message);
  });

  test.each([
    ['', { kind: 'virtual', file: '/etc/q/store/chip.sealed' }, '/etc/q/store/pin'],
    [
      '{ file: c, passphrase_file: p, pin_file: /pin }',
      { kind: 'virtual', file: '/etc/q/c', passphrase_file: '/etc/q/p' },
      '/pin',
    ],
    ['{ kind: pcsc, reader: ACS }', { kind: 'pcsc', reader: 'ACS' }, '/etc/q/store/pin'],
    [
      '{ kind: pkcs11, module: lib/m.so, library_parameters: a=b, token: alice, serial: 0c6f, pin_file: p }',
      {
        kind: 'pkcs11',
        module: '/etc/q/lib/m.so',
        library_parameters: 'a=b',
        token: 'alice',
        serial: '0c6f',
      },
      '/etc/q/p',
    ],
  ])('names the chip %s as it is opened', (chip, attachment, pin) => {
    const text = chip === '' ? SEED : `${SEED}identity: { chip: ${chip} }\n`;
    const paths = pathsOf({ config: parseCosignerConfig(text), directory: '/etc/q' });
    expect(paths.attachment).toMatchObject(attachment);
    expect(paths.pin).toBe(pin);
  });

  test('that listens on another host without TLS is refused unless it says so', () => {
    const open = SEED.replace('127.0.0.1', '0.0.0.0');
    expect(() => parseCosignerConfig(open, 'x.yaml')).toThrow('listen.host: 0.0.0.0 without tls');
    expect(parseCosignerConfig(`${open}allow_insecure: true\n`).listen.host).toBe('0.0.0.0');
  });

  test.each(['enterprise', 'mobile-app'])('examples/%s.yaml is one', (name) => {
    const file = new URL(`../../../examples/${name}.yaml`, import.meta.url);
    expect(parseCosignerConfig(readFileSync(file, 'utf8')).role).toBe(name);
  });
});

describe('an approval policy', () => {
  const request = {
    sessionId: 'x',
    type: 'sign',
    partner: 'enterprise',
    address: null,
    message: 'pay 5',
    hash: 'eip191',
    digest: null,
    intent: new Uint8Array(32),
    timeLeft: 1000,
  } as const;

  test('allows what a rule allows, as often as it allows it, and nothing else', () => {
    let now = 0;
    const text = 'allow:\n  - { operation: sign, hash: [eip191], starts_with: pay, per_hour: 2 }\n';
    const policy = parseApprovalPolicy('p.yaml', text, () => now);
    expect(policy({ ...request, message: 'burn' }).accept).toBe(false);
    expect(policy({ ...request, hash: 'none' }).accept).toBe(false);
    expect(policy({ ...request, type: 'refresh' }).accept).toBe(false);
    expect([policy(request), policy(request), policy(request)].map(({ accept }) => accept)).toEqual(
      [true, true, false],
    );
    now = 3_600_001;
    expect(policy(request).accept).toBe(true);
  });

  test('X-10: counts an hour by a clock that nobody sets', () => {
    vi.useFakeTimers();
    try {
      const file = join(temporaryDirectory(), 'policy.yaml');
      writeFileSync(file, 'allow:\n  - { operation: sign, hash: [eip191], per_hour: 1 }\n');
      const approval = { policy: file };
      const policy = approvalMode({ approval } as CosignerConfig, (name) => name);
      if (typeof policy !== 'function') throw new Error('no policy');
      expect(policy(request).accept).toBe(true);
      vi.setSystemTime(Date.now() + 7_200_000);
      expect(policy(request).accept).toBe(false);
      vi.setSystemTime(Date.now() - 14_400_000);
      vi.advanceTimersByTime(3_600_001);
      expect(policy(request).accept).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test('with a mistake is refused with key and line', () => {
    expect(() =>
      parseApprovalPolicy('p.yaml', 'allow:\n  - { operation: sign, star_with: x }\n', () => 0),
    ).toThrow('did you mean starts_with?');
  });
});

describe('a store', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await makeStores();
  });

  afterAll(() => removeStores(directory));

  const start = (settings = {}): Promise<unknown> =>
    createCosigner(writeConfig(directory, 'enterprise', settings));

  test('is not made twice', async () => {
    const loaded = loadCosignerConfig(join(directory, 'enterprise.yaml'));
    await expect(initCosigner(loaded)).rejects.toMatchObject({ code: 'store/exists' });
  });

  test.each([
    ['newer', 5, 'version 5, this program knows up to 4'],
    ['older', 1, 'version 1, this program reads from 2 on'],
  ])('of a version that is %s is refused, and left as it is', async (which, version, says) => {
    const file = join(directory, 'enterprise/store.json');
    const before = readFileSync(file, 'utf8');
    const other = before.replace('"version":4', `"version":${version}`);
    writeFileSync(file, other);
    await expect(start()).rejects.toMatchObject({
      code: `store/${which}-version`,
      message: expect.stringContaining(says),
    });
    expect(readFileSync(file, 'utf8')).toBe(other);
    writeFileSync(file, before);
  });

  test('of the other side is refused', async () => {
    await expect(start({ store: 'mobile-app' })).rejects.toMatchObject({
      code: 'store/wrong-role',
    });
  });

  test('does not open with a wrong passphrase, and opens with the right one afterwards', async () => {
    const file = join(directory, 'enterprise/chip-passphrase');
    const right = readFileSync(file, 'utf8');
    writeFileSync(file, 'wrong\n');
    await expect(start()).rejects.toMatchObject({ code: 'chip/wrong-passphrase' });
    writeFileSync(file, right);
    const cosigner = await createCosigner(writeConfig(directory, 'enterprise'));
    await expect(start()).rejects.toMatchObject({ code: 'store/locked' });
    await cosigner.close();
  });

  test('E-6: does not open with another store’s chip, which is not given the PIN', async () => {
    const chip = {
      file: 'mobile-app/chip.sealed',
      passphrase_file: 'mobile-app/chip-passphrase',
      pin_file: 'enterprise/pin',
    };
    await expect(start({ identity: { chip } })).rejects.toMatchObject({
      code: 'chip/foreign',
      message: expect.stringContaining('obeys another authority'),
    });
  });

  test('with a damaged key record is refused by its name', async () => {
    const file = join(directory, 'enterprise/keys', `${'0'.repeat(32)}.json`);
    writeFileSync(file, '{"format":"quorate-two-party-key/v1"}');
    await expect(start()).rejects.toMatchObject({ code: 'store/tampered' });
    rmSync(file);
  });
});

describe('a server', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await makeStores();
  });

  afterAll(() => removeStores(directory));

  test.each([
    ['auto', ['approval_auto'], 1],
    ['prompt', undefined, 0],
    [{ policy: 'policy.yaml' }, undefined, 0],
  ])(
    'Y-11: with approval %j says in its log and over REST whether nobody looks',
    async (approval, warnings, lines) => {
      writeFileSync(join(directory, 'policy.yaml'), 'allow: []\n');
      const log: string[] = [];
      const line = (_: object, message: string): void => void log.push(message);
      const logger = { debug: line, info: line, warn: line, error: line };
      const loaded = writeConfig(directory, 'enterprise', { approval });
      const cosigner = await createCosigner(loaded, { logger });
      try {
        const url = await cosigner.listen();
        for (const path of ['/healthz', '/readyz']) {
          const body = (await (await fetch(`${url}${path}`)).json()) as { warnings?: string[] };
          expect(body.warnings).toEqual(warnings);
        }
      } finally {
        await cosigner.close();
      }
      const said = log.filter((text) =>
        text.startsWith('nobody looks at what the partner asks for'),
      );
      expect(said).toHaveLength(lines);
    },
  );
});

describe('a partner’s key', () => {
  test('is pinned when its fingerprint is the one that was told, and not replaced', async () => {
    const directory = await makeStores();
    const elsewhere = temporaryDirectory();
    const loaded = writeConfig(directory, 'enterprise', { partner_keys: {} });
    const file = join(directory, 'mobile-app/public.json');
    const fingerprint = shownFingerprint(readIdentity(file));
    const wrong = fingerprint.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    expect(() => pinPartner(loaded, 'mobile-app', file, wrong)).toThrow('not that one');
    await expect(createCosigner(loaded)).rejects.toMatchObject({ code: 'config/missing' });
    pinPartner(loaded, 'mobile-app', file, fingerprint);
    const cosigner = await createCosigner(loaded);
    await cosigner.close();
    const own = join(directory, 'enterprise/public.json');
    const theirs = shownFingerprint(readIdentity(own));
    expect(() => pinPartner(loaded, 'mobile-app', own, theirs)).toThrow('is of enterprise');
    removeStores(directory, elsewhere);
  });
});
