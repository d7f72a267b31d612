/** After the switch the agent's own records and configuration name the new chip (docs/spec/replace.md §3.5). */
import { readIfPresent, replaceFile } from '@quorate/holder';
import { join } from 'node:path';
import type { ChipAttachment } from '@quorate/secure-element';
import { parseDocument } from 'yaml';
import { CONFIG_FILE, parseAgentConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import type { KeyRecord } from '../records/keyRecord.ts';
import type { Work } from './work.ts';

/**
 * Makes the new chip this agent's own. Repeated after a crash it writes the same values.
 *
 * The release counts of the new chip begin with the reads that proved its records: it is another chip, so the
 * former counts say nothing of it.
 */
export function adopt(work: Work, moved: readonly KeyRecord[]): void {
  const { keys } = work.state;
  const { new_chip } = work.journal;
  for (const { key_id, address } of moved) {
    const shard = work.shard(key_id);
    if (shard === undefined) {
      throw new AgentError(
        'replace/refused',
        `the coordinator moved ${address} without this agent`,
      );
    }
    keys.update(key_id, (record) => ({
      ...record,
      releases: shard.releases,
      holders: record.holders.map((holder) =>
        holder.part_index === record.part_index
          ? { ...holder, chip_public_key: new_chip.public_key }
          : holder,
      ),
    }));
  }
  changeConfig(work);
  work.note({ phase: 'adopted' });
}

function changeConfig({ journal, state }: Work): void {
  const file = join(state.directory, CONFIG_FILE);
  const text = readIfPresent(file)?.toString('utf8');
  if (text === undefined) throw new AgentError('config/missing', `${file} is missing`);
  const document = parseDocument(text);
  document.setIn(['chip'], document.createNode(plain(journal.new_chip.attachment)));
  if (document.has('se_id')) document.set('se_id', journal.se_id);
  if (journal.new_pin_file !== null) document.set('pin_file', journal.new_pin_file);
  const changed = document.toString();
  parseAgentConfig(changed, file);
  if (changed !== text) replaceFile(file, changed);
}

function plain(attachment: ChipAttachment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attachment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
