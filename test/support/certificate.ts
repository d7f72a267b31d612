/** Certificates of TLS; no private key is kept in the repository. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporaryDirectory.ts';

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

/** The same as text, in no files that a test has to name. */
export function makeCertificatePem(): { readonly certificate: string; readonly key: string } {
  const directory = temporaryDirectory();
  const files = makeCertificate(directory, 'server');
  const textOf = (name: string): string => readFileSync(join(directory, name), 'utf8');
  return { certificate: textOf(files.certificate_file), key: textOf(files.key_file) };
}
