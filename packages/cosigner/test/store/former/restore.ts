/** The stores that version 3 left (scripts/formerCosignerStores.mjs). */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TwoPartySession } from '@quorate/wire';
import { z } from 'zod';
import { temporaryDirectory } from '../../../../../test/support/temporaryDirectory.ts';

const formerSchema = z.object({
  address: z.string(),
  sessions: z.object({
    key: TwoPartySession,
    /** Under a request id. */
    signed: TwoPartySession,
    other: TwoPartySession,
    /** Its server was killed. */
    open: TwoPartySession,
  }),
  stores: z.record(z.string(), z.record(z.string(), z.base64())),
});

/** The stores, and what whoever made them knows. */
export const former: z.infer<typeof formerSchema> = formerSchema.parse(
  JSON.parse(readFileSync(new URL('version3.json', import.meta.url), 'utf8')),
);

/** The id of the request for `signed`, and who made it. */
export const REQUEST = { id: '00000000-0000-4000-8000-000000000001', caller: 'former' } as const;

/** Writes both stores into a folder. */
export function restoreFormer(directory: string = temporaryDirectory()): string {
  for (const [side, files] of Object.entries(former.stores)) {
    for (const [name, content] of Object.entries(files)) {
      const path = join(directory, side, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, Buffer.from(content, 'base64'), { mode: 0o600 });
    }
  }
  return directory;
}
