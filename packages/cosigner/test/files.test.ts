import { describe, expect, test } from 'vitest';
import { makePipe } from '../../../test/support/pipe.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { approvalMode } from '../src/approvals.ts';
import { loadCosignerConfig, type LoadedConfig } from '../src/config.ts';
import { readPrivateKey } from '../src/keys.ts';
import { readIdentity } from '../src/partner.ts';
import { readTls } from '../src/tls.ts';

const loaded = (config: object): LoadedConfig =>
  ({ directory: '/', config }) as unknown as LoadedConfig;

/** Everything that an operator names in a cosigner's configuration, and the configuration itself. */
const READERS: readonly (readonly [string, (path: string) => unknown])[] = [
  ['configuration', loadCosignerConfig],
  ['certificate', (path) => readTls(loaded({ tls: { certificate_file: path, key_file: path } }))],
  ['authority', (path) => readTls(loaded({ tls: { ca_file: path } }))],
  ['policy', (path) => approvalMode(loaded({ approval: { policy: path } }).config, () => path)],
  ['partner', readIdentity],
  ['key', readPrivateKey],
];

describe.each(READERS)('the reader of a %s', (_, read) => {
  test.each([
    ['a pipe without a writer', makePipe(), /is not a regular file/],
    ['a directory', temporaryDirectory(), /is a directory/],
  ])('refuses %s and waits for nothing', (__, path, why) => {
    expect(() => read(path)).toThrow(why);
  });

  test('refuses a device that never ends', () => {
    expect(() => read('/dev/zero')).toThrow(/is not a regular file/);
  });
});
