import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePipe } from '../../../test/support/pipe.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { loadAgentConfig, parseAgentConfig } from '../src/config.ts';
import { approverFromConfig, authorityFromConfig, tokenFromConfig } from '../src/providers.ts';

const configured = (more: object): ReturnType<typeof parseAgentConfig> =>
  parseAgentConfig(
    JSON.stringify({
      url: 'wss://host/ws',
      username: 'alice',
      chip: { kind: 'virtual' },
      approval: 'auto',
      ...more,
    }),
  );

describe('an agent reads no pipe, device or directory in place of a file', () => {
  test.each([
    ['a pipe', makePipe(), 'is not a regular file'],
    ['a device', '/dev/zero', 'is not a regular file'],
    ['a directory', temporaryDirectory(), 'is a directory'],
  ])('%s', async (_, path, why) => {
    const message = `${path} cannot be read: ${why}`;
    const missing = expect.objectContaining({ code: 'config/missing', message });
    expect(() => approverFromConfig('', configured({ approval: { policy: path } }))).toThrow(
      missing,
    );
    expect(() => authorityFromConfig('', configured({ ca_file: path }))).toThrow(missing);
  });

  test.each([makePipe(), temporaryDirectory()])('for a token or PIN: %s', async (path) => {
    await expect(tokenFromConfig('', configured({ token_file: path }))()).rejects.toMatchObject({
      code: expect.stringMatching(/^(config\/invalid|store\/mode)$/),
    });
  });

  test('for its configuration', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'config.yaml');
    renameSync(makePipe(), file);
    expect(() => loadAgentConfig(directory)).toThrow(
      expect.objectContaining({
        code: 'config/invalid',
        message: `${file} cannot be read: is not a regular file`,
      }),
    );
    const other = temporaryDirectory();
    mkdirSync(join(other, 'config.yaml'));
    expect(() => loadAgentConfig(other)).toThrow(/is a directory/);
  });
});
