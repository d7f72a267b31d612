import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { usageError } from '../src/errors.ts';
import { readText } from '../src/files.ts';

test('an input file that is longer than any text of Node is refused before it is read', () => {
  const file = join(temporaryDirectory(), 'export.jsonl');
  writeFileSync(file, '');
  truncateSync(file, 512 * 1024 * 1024);
  const refusal = usageError(`export ${file} cannot be read: is larger than 523264 KiB`);
  expect(() => readText(file, 'export')).toThrow(refusal);
});
