/** Reads the certificate and key of a server, and checks them before anything listens. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ConfigError, readConfigured } from './file.ts';

/** Names of the two files, PEM. */
export interface TlsFiles {
  readonly certificate_file: string;
  readonly key_file: string;
}

/**
 * Reads both files.
 *
 * @throws ConfigError naming the wrong file
 */
export function readTls(files: TlsFiles): { certificate: string; key: string } {
  const { certificate_file, key_file } = files;
  const certificate = readConfigured(certificate_file);
  const key = readConfigured(key_file);
  const wanted = readCertificate(certificate, certificate_file);
  if (!wanted.checkPrivateKey(readKey(key, key_file))) {
    throw wrong(`${key_file} is not the key of the certificate in ${certificate_file}`);
  }
  return { certificate, key };
}

function readCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw wrong(`${file}: expected a certificate in PEM`, error);
  }
}

function readKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw wrong(`${file}: expected a private key in PEM, without a passphrase`, error);
  }
}

function wrong(message: string, cause?: unknown): ConfigError {
  return new ConfigError('config/invalid', message, cause);
}
