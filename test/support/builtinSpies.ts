import { syncBuiltinESMExports } from 'node:module';
import { afterAll, vi } from 'vitest';

/**
 * Makes spies on Node's own modules reach everybody who imports from these, until the tests of the file are over.
 * They stand on the module's default export: `vi.spyOn(fs, 'fsyncSync')`.
 */
export function publishBuiltinSpies(): void {
  syncBuiltinESMExports();
  afterAll(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
}
