/** The files of `tls`, read and checked when the server starts. */
import { messageOf } from '@quorate/holder';
import { readOperatorFile } from '@quorate/wire/files';
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type LoadedConfig, pathOf } from './config.ts';
import { SetupError } from './errors.ts';

/** The inputs of TLS. */
export interface TlsFiles {
  /** Of REST and `/peer`; null without TLS. */
  readonly server: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** PEM: the authority that signs the partner's certificate. */
  readonly ca: string | undefined;
}

/** Reads the files. @throws SetupError `config/missing`, `config/invalid` */
export function readTls(loaded: LoadedConfig): TlsFiles {
  const { certificate_file: cert, key_file: key, ca_file: ca } = loaded.config.tls ?? {};
  const server =
    cert === undefined || key === undefined
      ? null
      : { cert: read(loaded, 'certificate_file', cert), key: read(loaded, 'key_file', key) };
  if (server !== null) {
    const wanted = `tls: expected a certificate in ${cert} and its key in ${key}, both PEM`;
    check(wanted, () => createSecureContext(server));
  }
  const authority = ca === undefined ? undefined : read(loaded, 'ca_file', ca).toString('utf8');
  // A text without a certificate would be accepted silently, and no partner trusted.
  if (authority !== undefined) {
    check(
      `tls.ca_file: expected a certificate in ${ca}, PEM`,
      () => new X509Certificate(authority),
    );
  }
  return { server, ca: authority };
}

function read(loaded: LoadedConfig, key: string, file: string): Buffer {
  const path = pathOf(loaded, file);
  try {
    return readOperatorFile(path);
  } catch (error) {
    const why = `tls.${key}: ${path} cannot be read: ${messageOf(error)}`;
    throw new SetupError('config/missing', why, error);
  }
}

/** Lets OpenSSL report what is wrong with them now, instead of to a client later. */
function check(wanted: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw new SetupError('config/invalid', `${wanted} (${messageOf(error)})`, error);
  }
}
