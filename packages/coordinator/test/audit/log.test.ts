import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { auditVerify } from '../../src/audit/verify.ts';
import type { AuditEvent } from '../../src/audit/index.ts';
import { type Fixture, openFixture, quiet, START } from '../auth/support.ts';

const event = (change: Partial<AuditEvent> = {}): AuditEvent => ({
  at: START,
  actor: '用户1',
  action: 'sign.response',
  subject: 'session-1',
  outcome: 'ok',
  details: {},
  ...change,
});

async function exportOf({ audit }: Fixture): Promise<string> {
  let text = '';
  for await (const line of audit.export()) text += line;
  return text;
}

describe('audit log', () => {
  test('keeps an entry only if the transaction that it belongs to commits', async () => {
    const { audit, database } = await openFixture();
    const failing = database.transaction(async (tx) => {
      await audit.append(tx, event({ subject: 'rolled back' }));
      throw new Error('later step failed');
    });
    await expect(failing).rejects.toThrow('later step failed');
    await database.transaction((tx) => audit.append(tx, event({ subject: 'kept' })));
    const entries = await audit.list({ limit: 10 });
    expect(entries.map(({ seq, subject }) => [seq, subject])).toEqual([[1, 'kept']]);
  });

  test('chains entries that are written at the same moment', async () => {
    const fixture = await openFixture();
    const subjects = Array.from({ length: 40 }, (_, index) => `session-${index}`);
    await Promise.all(subjects.map((subject) => fixture.audit.record(event({ subject }))));
    expect(auditVerify(await exportOf(fixture))).toMatchObject({ ok: true, entries: 40 });
  });

  test('exports more entries than one page in order', async () => {
    const fixture = await openFixture();
    await fixture.database.transaction(async (tx) => {
      for (let index = 0; index < 1203; index += 1) await fixture.audit.append(tx, event());
    });
    expect(auditVerify(await exportOf(fixture))).toMatchObject({ ok: true, entries: 1203 });
  });

  test('lists newest first, filtered and paged', async () => {
    const { audit } = await openFixture();
    for (let index = 1; index <= 5; index += 1) {
      const actor = index % 2 === 0 ? 'even' : 'odd';
      await audit.record(event({ at: START + index, actor, subject: `s${index}` }));
    }
    const seqs = async (filter: object) =>
      (await audit.list({ limit: 10, ...filter })).map(({ seq }) => seq);
    expect(await seqs({})).toEqual([5, 4, 3, 2, 1]);
    expect(await seqs({ actor: 'odd' })).toEqual([5, 3, 1]);
    expect(await seqs({ subject: 's2' })).toEqual([2]);
    expect(await seqs({ since: START + 2, until: START + 4 })).toEqual([3, 2]);
    expect(await seqs({ before: 4, limit: 2 })).toEqual([3, 2]);
    expect(await seqs({ action: 'login' })).toEqual([]);
    expect(await seqs({ outcome: 'refused' })).toEqual([]);
  });

  test('signs a checkpoint every minute while something is new, and at stop', async () => {
    const { audit, clock, database } = await openFixture();
    /** Signs once no work is pending; then there is one more entry. */
    const signed = async () => {
      await quiet(database);
      await audit.record(event());
      return database.read((tx) => tx.all('SELECT seq FROM audit_checkpoints ORDER BY seq', []));
    };
    audit.start();
    await audit.record(event());
    clock.advance(59_999);
    expect(await signed()).toEqual([]);
    clock.advance(1);
    expect(await signed()).toEqual([{ seq: 2 }]);
    clock.advance(60_000);
    expect(await signed()).toEqual([{ seq: 2 }, { seq: 3 }]);
    await audit.stop();
    clock.advance(600_000);
    expect(await signed()).toEqual([{ seq: 2 }, { seq: 3 }, { seq: 4 }]);
  });

  test('signs one head once', async () => {
    const { audit, clock } = await openFixture();
    expect(await audit.checkpoint()).toBeUndefined();
    await audit.record(event());
    const first = await audit.checkpoint();
    clock.advance(5_000);
    expect(await audit.checkpoint()).toEqual(first);
  });

  test('1.9.13 refuses details whose name says that they are secret', async () => {
    const { audit } = await openFixture();
    const names = `
      pin password token access_token refresh_token secret encrypted_shard shard share
      opener private_key chip_authorisation authorization jwt new_pin seed keyshare Pin accessToken x-pin
    `
      .trim()
      .split(/\s+/);
    for (const name of names) {
      await expect(audit.record(event({ details: { [name]: 'x' } })), name).rejects.toThrow(
        /never logged|lower case/,
      );
    }
    expect(await audit.list({ limit: 10 })).toEqual([]);
  });

  test('1.9.13 withholds long values that look like key material, wherever they stand', async () => {
    const { audit } = await openFixture();
    const secret = createHash('sha256').update('a secret').digest();
    const jwt = `eyJhbGciOiJFZERTQSJ9.${'c'.repeat(40)}.${'d'.repeat(86)}`;
    const hex = secret.toString('hex');
    const forms = [hex, `0x${hex}`, hex.toUpperCase(), hex.slice(0, 32), jwt];
    forms.push(secret.toString('base64'), secret.toString('base64url'));
    for (const form of forms) {
      await audit.record(event({ details: { reason: `it was ${form}!`, names: ['ok', form] } }));
    }
    const text = JSON.stringify(await audit.list({ limit: 100 }));
    for (const form of forms) expect(text).not.toContain(form);
    expect(text).toContain('characters withheld');
  });

  test('keeps public values: addresses, digests, fingerprints, names', async () => {
    const { audit } = await openFixture();
    const details = {
      address: `0x${'Ab'.repeat(20)}`,
      digest: 'cd'.repeat(32),
      fingerprint: 'ef'.repeat(32),
      cpic: '12'.repeat(42),
      reason: `declined for 0x${'Ab'.repeat(20)} by treasury-operations.tokyo.example.com`,
      participants: ['FirstName.MiddleName.LastName.Of.The.Treasury@example.com'],
      culprits: ['用户1'],
      part_index: 3,
      warned: true,
    };
    await audit.record(event({ details }));
    expect(await audit.list({ limit: 1 })).toMatchObject([{ details }]);
  });

  test('stores control characters, lone surrogates and endless text in a harmless form', async () => {
    const fixture = await openFixture();
    const reason = `a\u0000b\u001b[2J\ud800${'long '.repeat(1000)}`;
    await fixture.audit.record(event({ actor: 'x\u0000y', details: { reason } }));
    const [entry] = await fixture.audit.list({ limit: 1 });
    expect(entry?.actor).toBe('x\uFFFDy');
    expect(String(entry?.details.reason)).toMatch(/^a\uFFFDb\uFFFD\[2J\uFFFDlong /);
    expect(String(entry?.details.reason).length).toBeLessThan(600);
    expect(auditVerify(await exportOf(fixture))).toMatchObject({ ok: true });
  });
});
