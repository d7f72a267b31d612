import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAudit } from '../../src/audit/index.ts';
import { auditVerify } from '../../src/audit/verify.ts';
import { canonicalJson } from '../../src/audit/canonical.ts';
import { signCheckpoint } from '../../src/audit/checkpoint.ts';
import { canonicalBody, type Entry, entryHash } from '../../src/audit/entry.ts';
import { loadOrCreateKey } from '../../src/auth/index.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { manualClock } from '../auth/support.ts';

async function exported() {
  const directory = temporaryDirectory();
  const clock = manualClock();
  const database = await openDatabase(join(directory, 'quorate.db'));
  onTestFinished(() => database.close());
  const key = loadOrCreateKey(join(directory, 'audit.pem'), 'ed25519');
  const audit = createAudit({ database, key, clock });
  for (let index = 1; index <= 6; index += 1) {
    clock.advance(1000);
    await audit.record({
      at: clock.now(),
      actor: `user${index}`,
      action: 'sign.request',
      subject: `session-${index}`,
      outcome: index % 2 === 0 ? 'refused' : 'ok',
      details: { threshold: 2, participants: ['用户1', '用户2'], warned: false },
    });
    if (index === 3) await audit.checkpoint();
  }
  let text = '';
  for await (const line of audit.export()) text += line;
  return { text, publicKey: audit.publicKey, key, clock, audit };
}

type Line = { entry?: Entry; checkpoint?: Record<string, unknown> };

function edit(text: string, change: (lines: string[]) => string[]): string {
  return `${change(text.trimEnd().split('\n')).join('\n')}\n`;
}

/** Line 0 is the header, entries 1..3 are lines 1..3, a checkpoint, entries 4..6, a checkpoint. */
const lineOf = (seq: number) => (seq <= 3 ? seq : seq + 1);

function alterEntry(text: string, seq: number, change: (entry: Entry) => object): string {
  return edit(text, (lines) =>
    lines.map((line, index) => {
      if (index !== lineOf(seq)) return line;
      const { entry }: Line = JSON.parse(line);
      return canonicalJson({ entry: { ...entry, ...change(entry!) } } as never);
    }),
  );
}

describe('auditVerify', () => {
  test('accepts an untouched export and names its size', async () => {
    const { text, publicKey } = await exported();
    expect(auditVerify(text, { publicKey })).toMatchObject({
      ok: true,
      entries: 6,
      checkpoints: 2,
      pinned: true,
      lastCheckpoint: { seq: 6 },
    });
    expect(auditVerify(text)).toMatchObject({ ok: true, pinned: false });
  });

  test('accepts the export of a log that is still empty', async () => {
    const directory = temporaryDirectory();
    const database = await openDatabase(join(directory, 'quorate.db'));
    onTestFinished(() => database.close());
    const key = loadOrCreateKey(join(directory, 'audit.pem'), 'ed25519');
    const audit = createAudit({ database, key, clock: manualClock() });
    let text = '';
    for await (const line of audit.export()) text += line;
    expect(auditVerify(text)).toMatchObject({ ok: true, entries: 0, checkpoints: 0 });
  });

  test.each([
    ['at', () => ({ at: 1 })],
    ['actor', () => ({ actor: 'mallory' })],
    ['action', () => ({ action: 'sign.complete' })],
    ['subject', () => ({ subject: 'session-9' })],
    ['outcome', () => ({ outcome: 'failed' })],
    ['details', () => ({ details: { threshold: 3 } })],
    ['previous', () => ({ previous: 'ab'.repeat(32) })],
    ['hash', () => ({ hash: 'ab'.repeat(32) })],
  ])('names the entry whose field %s was altered', async (_field, change) => {
    const { text, publicKey } = await exported();
    for (const seq of [1, 3, 5, 6]) {
      const verdict = auditVerify(alterEntry(text, seq, change), { publicKey });
      expect(verdict).toMatchObject({ ok: false, problem: 'altered', seq });
    }
  });

  test('names an altered entry whose own hash was computed again', async () => {
    const { text, publicKey } = await exported();
    for (const seq of [1, 2, 5]) {
      const forged = alterEntry(text, seq, (entry) => rehash({ ...entry, actor: 'mallory' }));
      expect(auditVerify(forged, { publicKey })).toMatchObject({ problem: 'altered', seq });
    }
  });

  test('names the signed range when everything after an altered entry was chained again', async () => {
    const { text, publicKey } = await exported();
    let previous: string | undefined;
    const forged = edit(text, (lines) =>
      lines.map((line) => {
        const { entry }: Line = JSON.parse(line);
        if (entry === undefined || entry.seq < 5) return line;
        const altered = rehash({
          ...entry,
          actor: 'mallory',
          previous: previous ?? entry.previous,
        });
        previous = altered.hash;
        return canonicalJson({ entry: altered });
      }),
    );
    expect(auditVerify(forged, { publicKey })).toMatchObject({ problem: 'rewritten', seq: 4 });
  });

  test('names a missing entry', async () => {
    const { text, publicKey } = await exported();
    for (const seq of [1, 2, 4, 5]) {
      const cut = edit(text, (lines) => lines.toSpliced(lineOf(seq), 1));
      expect(auditVerify(cut, { publicKey })).toMatchObject({ problem: 'missing', seq });
    }
  });

  test('names swapped entries', async () => {
    const { text, publicKey } = await exported();
    for (const seq of [1, 2, 4, 5]) {
      const swapped = edit(text, (lines) => {
        const [first, second] = [lines[lineOf(seq)]!, lines[lineOf(seq) + 1]!];
        return lines.toSpliced(lineOf(seq), 2, second, first);
      });
      expect(auditVerify(swapped, { publicKey })).toMatchObject({ problem: 'reordered', seq });
    }
  });

  test('names a duplicated entry', async () => {
    const { text, publicKey } = await exported();
    for (const seq of [1, 4, 6]) {
      const doubled = edit(text, (lines) => lines.toSpliced(lineOf(seq), 0, lines[lineOf(seq)]!));
      expect(auditVerify(doubled, { publicKey })).toMatchObject({ problem: 'duplicated', seq });
    }
  });

  test('names the first entry that is cut off at the end', async () => {
    const { text, publicKey } = await exported();
    const cut = edit(text, (lines) => lines.toSpliced(6, 2));
    expect(auditVerify(cut, { publicKey })).toMatchObject({ problem: 'truncated', seq: 5 });
    const torn = text.slice(0, -10);
    expect(auditVerify(torn, { publicKey })).toMatchObject({ problem: 'truncated' });
  });

  test('names entries that no checkpoint covers', async () => {
    const { text, publicKey } = await exported();
    const unsigned = edit(text, (lines) => lines.slice(0, -1));
    expect(auditVerify(unsigned, { publicKey })).toMatchObject({
      problem: 'unsigned-tail',
      seq: 4,
    });
  });

  test('finds a log cut back to an older checkpoint by a checkpoint kept elsewhere', async () => {
    const { text, publicKey, audit } = await exported();
    const kept = await audit.checkpoint();
    const older = edit(text, (lines) => lines.slice(0, 5));
    expect(auditVerify(older, { publicKey })).toMatchObject({ ok: true, entries: 3 });
    expect(auditVerify(older, { publicKey, checkpoint: kept! })).toMatchObject({
      problem: 'truncated',
      seq: 4,
    });
    expect(auditVerify(text, { publicKey, checkpoint: kept! })).toMatchObject({ ok: true });
  });

  test('finds a history written anew by a checkpoint kept elsewhere', async () => {
    const { text, publicKey, key } = await exported();
    const kept = signCheckpoint(key, { seq: 2, at: 1, hash: 'ab'.repeat(32) });
    expect(auditVerify(text, { publicKey, checkpoint: kept })).toMatchObject({
      problem: 'rewritten',
    });
  });

  test('compares with no checkpoint that the audit key did not sign', async () => {
    const { text, publicKey, audit } = await exported();
    const kept = await audit.checkpoint();
    const forged = { ...kept!, signature: `${'A'.repeat(86)}==` };
    expect(auditVerify(text, { publicKey, checkpoint: forged })).toMatchObject({
      problem: 'wrong-signature',
    });
  });

  test('refuses a checkpoint with a field altered', async () => {
    const { text, publicKey } = await exported();
    const changes = [
      { seq: 2 },
      { at: 1 },
      { hash: 'ab'.repeat(32) },
      { signature: `${'A'.repeat(86)}==` },
    ];
    for (const change of changes) {
      const forged = edit(text, (lines) =>
        lines.map((line, index) => {
          if (index !== 4) return line;
          const { checkpoint }: Line = JSON.parse(line);
          return canonicalJson({ checkpoint: { ...checkpoint, ...change } } as never);
        }),
      );
      expect(auditVerify(forged, { publicKey })).toMatchObject({ problem: 'wrong-signature' });
    }
  });

  test('refuses a log signed by another key when the key is known', async () => {
    const { text } = await exported();
    const other = createHash('sha256').update('another key').digest('hex');
    expect(auditVerify(text, { publicKey: other })).toMatchObject({ problem: 'wrong-key' });
    const replaced = edit(text, (lines) => [
      canonicalJson({ format: 'quorate-audit/v1', public_key: other }),
      ...lines.slice(1),
    ]);
    expect(auditVerify(replaced)).toMatchObject({ problem: 'wrong-signature' });
  });

  test('refuses a forged checkpoint of another key over a forged entry', async () => {
    const { text, publicKey } = await exported();
    const key = loadOrCreateKey(join(temporaryDirectory(), 'mallory.pem'), 'ed25519');
    const forged = alterEntry(text, 6, (entry) => rehash({ ...entry, actor: 'mallory' }));
    const signed = edit(forged, (lines) => {
      const { entry }: Line = JSON.parse(lines[lineOf(6)]!);
      const head = { seq: 6, at: 1, hash: entry!.hash };
      return [
        ...lines.slice(0, -1),
        canonicalJson({ checkpoint: { ...signCheckpoint(key, head) } }),
      ];
    });
    expect(auditVerify(signed, { publicKey })).toMatchObject({
      problem: 'wrong-signature',
      seq: 6,
    });
  });

  test('refuses bytes that the server would not have written', async () => {
    const { text, publicKey } = await exported();
    const variants = [
      '',
      'not json\n',
      text.replace('"entry":', '"entry": '),
      text.replace('"seq":2', '"seq":2,"seq":2'),
      text.replace('"seq":2', '"seq":2.5'),
      edit(text, (lines) => [...lines, '']),
      edit(text, (lines) => [...lines, '{"entry":null}']),
    ];
    for (const variant of variants) {
      expect(auditVerify(variant, { publicKey })).toMatchObject({ ok: false });
    }
  });

  test('never passes an export with any single character changed', async () => {
    const { text, publicKey } = await exported();
    for (let at = 0; at < text.length; at += 7) {
      const other = text[at] === 'x' ? 'y' : 'x';
      const forged = `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
      expect(auditVerify(forged, { publicKey }).ok).toBe(false);
    }
  });
});

function rehash(entry: Entry): Entry {
  const { seq, at, previous, hash: _old, ...body } = entry;
  return { ...entry, hash: entryHash(seq, at, canonicalBody(body), previous) };
}
