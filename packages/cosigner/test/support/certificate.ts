/** Certificates of TLS; no private key is kept in the repository. */
import { execFileSync } from 'node:child_process';

const OPENSSL = 'openssl';

/** Makes a certificate for 127.0.0.1 that is its own authority; gives the names of its files. */
export function makeCertificate(
  directory: string,
  name: string,
): { readonly certificate_file: string; readonly key_file: string } {
  const files = { certificate_file: `${name}.crt`, key_file: `${name}.key` };
  const asked =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test';
  const named = ['-addext', 'subjectAltName=IP:127.0.0.1', '-out', files.certificate_file];
  const args = [...asked.split(' '), ...named, '-keyout', files.key_file];
  execFileSync(OPENSSL, args, { cwd: directory, stdio: 'ignore' });
  return files;
}
