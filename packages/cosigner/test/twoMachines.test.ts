// docs/cosigner.md, "On two machines": TLS between the sides, partners pinned by their fingerprints.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Cosigner,
  createCosigner,
  loadCosignerConfig,
  pinPartner,
  readIdentity,
  shownFingerprint,
} from '../src/index.ts';
import { makeStores, removeStores, type Side, writeConfig } from './support/stores.ts';

const OPENSSL = 'openssl';
const TLS = { certificate_file: 'tls-cert.pem', key_file: 'tls-key.pem' };

let directory: string;
let enterprise: Cosigner;
let url: string;

beforeAll(async () => {
  directory = await makeStores();
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', 'tls-key.pem', '-out', 'tls-cert.pem'];
  const args = ['req', '-x509', ...curve, '-days', '2', ...subject, ...files];
  execFileSync(OPENSSL, args, { cwd: directory, stdio: 'ignore' });
  for (const [side, partner] of [
    ['enterprise', 'mobile-app'],
    ['mobile-app', 'enterprise'],
  ] as const) {
    pin(side, partner);
  }
  enterprise = await createCosigner(
    writeConfig(directory, 'enterprise', { partner_keys: {}, tls: TLS }),
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
  const ca = readFileSync(join(directory, 'tls-cert.pem'));
  return new Promise((resolve, reject) => {
    get(`${url}/readyz`, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}

/** Runs the mobile side until it has logged something, and gives that line. */
async function mobileUntil(awaited: string, tls: object): Promise<string> {
  let heard: (line: string) => void = () => undefined;
  const logged = new Promise<string>((resolve) => {
    heard = resolve;
  });
  const line = (fields: object, message: string): void => {
    if (message === awaited) heard(JSON.stringify(fields));
  };
  const peer = `${url.replace('https', 'wss')}/peer`;
  const settings = { partner_keys: {}, peer, tls };
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
    expect(await mobileUntil('partner connected', { ca_file: 'tls-cert.pem' })).toContain(
      'enterprise',
    );
  });

  test('R-1 do not meet when nobody vouches for the certificate; the log says why', async () => {
    const line = await mobileUntil('dialling failed', {});
    expect(line).toMatch(/self.signed certificate/);
    // Also the connection of another test has ended by then.
    while ((await readiness()) !== 503) continue;
  });
});
