/** Asks for a replacement, signed by both chips, or finds the one already asked for (docs/spec/replace.md §3.1). */
import { fromHex, replacementRequestHash, toHex } from '@quorate/intent';
import type { ReplacementAnswer } from '@quorate/wire';
import { AgentError } from '../errors.ts';
import type { Chips } from './moveShard.ts';
import type { Work } from './work.ts';

/** Finds the journal's replacement at the coordinator, or asks for it when there is none yet. */
export async function askForIt(
  work: Work,
  chips: Chips,
  label: string | undefined,
): Promise<ReplacementAnswer> {
  const { journal, service } = work;
  if (journal.id !== null) return service.find(journal.id);
  const open = await service.open();
  if (open !== undefined && !isOurs(work, open)) {
    throw new AgentError(
      'replace/refused',
      `a replacement by ${open.new_chip.se_id} is open at the coordinator: finish or cancel it first`,
    );
  }
  const answer = open ?? (await request(work, chips, label));
  work.note({ id: answer.id });
  return answer;
}

function isOurs({ journal }: Work, { old_chip, new_chip, retire }: ReplacementAnswer): boolean {
  const plain = (key: string): string => key.replace(/^0x/, '').toLowerCase();
  return (
    plain(old_chip.public_key) === journal.old_chip.public_key &&
    plain(new_chip.public_key) === journal.new_chip.public_key &&
    new_chip.se_id === journal.se_id &&
    retire === journal.retire
  );
}

async function request(
  { journal, service, username }: Work,
  { old, fresh }: Chips,
  label: string | undefined,
): Promise<ReplacementAnswer> {
  const nonce = await service.nonce();
  const hash = replacementRequestHash({
    nonce: fromHex(nonce.replace(/^0x/, '')),
    username,
    oldChip: old.publicKey,
    newChip: fresh.publicKey,
    seId: journal.se_id,
    retire: journal.retire,
    kind: journal.new_chip.attachment.kind,
  });
  return service.request({
    se_id: journal.se_id,
    cpic: fresh.cpic,
    public_key: `0x${toHex(fresh.publicKey)}`,
    nonce,
    old_proof: Buffer.from(await old.register(hash)).toString('base64'),
    new_proof: Buffer.from(await fresh.register(hash)).toString('base64'),
    retire: journal.retire,
    kind: journal.new_chip.attachment.kind,
    ...(label === undefined ? {} : { label }),
  });
}
