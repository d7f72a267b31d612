// Folders that former versions wrote (scripts/formerAgentFolder.mjs, scripts/agentFolderBeforeJournal.mjs).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Content =
  | { readonly text: string }
  | { readonly base64: string }
  | { readonly reserve: readonly string[] };

/** The version that named keys by addresses, and the last one that had a file for each record. */
export type Former = 'agent-0.1.0' | 'before-journal';

function bytesOf(content: Content): Buffer {
  if ('base64' in content) return Buffer.from(content.base64, 'base64');
  if ('text' in content) return Buffer.from(content.text);
  const slots = Buffer.alloc(64 * 512, ' ');
  for (const [at, line] of content.reserve.entries()) slots.write(`${line}\n`, at * 512);
  return slots;
}

/** Puts the files of such a folder into a directory. */
export function unpackFormer(former: Former, directory: string): void {
  const fixture = new URL(`../records/former/${former}.json`, import.meta.url);
  const files = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, Content>;
  for (const [name, content] of Object.entries(files)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, bytesOf(content), { mode: 0o600 });
  }
}
