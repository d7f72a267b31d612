// docs/cosigner.md, "On two machines": TLS between the sides, partners pinned by their fingerprints.
import { once } from 'node:events';
import { cpSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../../test/support/certificate.ts';
import {
  type Cosigner,
  createCosigner,
  loadCosignerConfig,
  pinPartner,
  readIdentity,
  shownFingerprint,
} from '../src/index.ts';
import { openRaw } from './support/raw.ts';
import type { Side } from './support/configuration.ts';
import { makeStores, removeStores, writeConfig } from './support/stores.ts';

let tls: ReturnType<typeof makeCertificate>;
let directory: string;
let enterprise: Cosigner;
let url: string;

beforeAll(async () => {
  directory = await makeStores();
  tls = makeCertificate(directory, 'enterprise');
  for (const [side, partner] of [
    ['enterprise', 'mobile-app'],
    ['mobile-app', 'enterprise'],
  ] as const) {
    pin(side, partner);
  }
  enterprise = await createCosigner(
    writeConfig(directory, 'enterprise', { partner_keys: {}, tls, timeouts: { handshake: 1 } }),
  );
  url = await enterprise.listen();
});

afterAll(async () => {
  await enterprise.close();
  removeStores(directory);
});

/** Takes the partner's file as it was sent, with the fingerprint that was told. */
function pin(side: Side, partner: Side): void {
  writeConfig(directory, side, { partner_keys: {} });
  const sent = join(directory, `${partner}.public.json`);
  cpSync(join(directory, partner, 'public.json'), sent);
  const loaded = loadCosignerConfig(join(directory, `${side}.yaml`));
  pinPartner(loaded, partner, sent, shownFingerprint(readIdentity(sent)));
}

/** The status of the enterprise side's readiness, over TLS. */
function readiness(): Promise<number> {
  const ca = readFileSync(join(directory, tls.certificate_file));
  return new Promise((resolve, reject) => {
    get(`${url}/readyz`, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}

/** Runs the mobile side until it has logged something, and gives that line. */
async function mobileUntil(awaited: string, trusted: object): Promise<string> {
  let heard: (line: string) => void = () => undefined;
  const logged = new Promise<string>((resolve) => {
    heard = resolve;
  });
  const line = (fields: object, message: string): void => {
    if (message === awaited) heard(JSON.stringify(fields));
  };
  const peer = `${url.replace('https', 'wss')}/peer`;
  const settings = { partner_keys: {}, peer, tls: trusted };
  const cosigner = await createCosigner(writeConfig(directory, 'mobile-app', settings), {
    logger: { debug: line, info: line, warn: line, error: line },
  });
  try {
    await cosigner.listen();
    return await logged;
  } finally {
    await cosigner.close();
  }
}

describe('two machines', () => {
  test('meet over TLS when the partner is checked by the configured authority', async () => {
    expect(url).toMatch(/^https:/);
    expect(await readiness()).toBe(503);
    expect(await mobileUntil('partner connected', { ca_file: tls.certificate_file })).toContain(
      'enterprise',
    );
  });

  test('R-1 do not meet when nobody vouches for the certificate; the log says why', async () => {
    const line = await mobileUntil('dialling failed', {});
    expect(line).toMatch(/self.signed certificate/);
    // Also the connection of another test has ended by then.
    while ((await readiness()) !== 503) continue;
  });

  test('X-5: a connection over TLS gives its place back', async () => {
    // One address has 64 places.
    for (let count = 0; count < 100; count += 1) expect(await readiness()).toBe(503);
  });

  test('X-5: a connection without a handshake of TLS is ended', async () => {
    const socket = (await openRaw(url)).resume();
    await once(socket, 'close');
    expect(await readiness()).toBe(503);
  });

  test.each([
    [{ ca_file: 'nothing.pem' }, 'config/missing', 'tls.ca_file: '],
    [{ ca_file: 'mobile-app.yaml' }, 'config/invalid', 'tls.ca_file: '],
    [
      { certificate_file: 'enterprise.crt', key_file: 'other.key' },
      'config/invalid',
      'tls: expected a certificate in enterprise.crt and its key in other.key',
    ],
  ])(
    'X-2: files of TLS that cannot serve are named at the start: %j',
    async (files, code, keys) => {
      makeCertificate(directory, 'other');
      const loaded = writeConfig(directory, 'mobile-app', { partner_keys: {}, tls: files });
      const message: unknown = expect.stringContaining(keys);
      await expect(createCosigner(loaded)).rejects.toMatchObject({ code, message });
    },
  );
});
