import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

const OPENSSL = 'openssl';

/** Makes a certificate of this machine with OpenSSL; no private key is kept in the repository. */
export function makeCertificate(): { certificate: string; key: string } {
  const directory = temporaryDirectory();
  try {
    const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(directory, name));
    const made = ['-keyout', key!, '-out', certificate!];
    const about = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const terms = ['req', '-x509', '-nodes', '-days', '1'];
    execFileSync(OPENSSL, [...terms, ...kind, ...about, ...made], { stdio: 'ignore' });
    return { certificate: readFileSync(certificate!, 'utf8'), key: readFileSync(key!, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
