import { openShard, sealShard } from '@quorate/holder';
import { verifySignature } from '@quorate/intent';
import { Keyshare } from '@quorate/tss/dkls23';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SignStart } from '../../src/ceremonies/sign/protocol.ts';
import { EvilSigner, flipFirstPairwise } from '../support/evil.ts';
import { Hosts } from '../support/hosts.ts';

const digest = new Uint8Array(32).fill(5);

let hosts: Hosts;
/** A sealed 2-of-3 key; every thread of a test is a new one. */
let keys: ReturnType<Hosts['keygen']>;

beforeAll(() => {
  keys = new Hosts(3).keygen('k', 2);
});

beforeEach(() => {
  hosts = new Hosts(3);
});

describe('protocol thread', () => {
  test('all parties of a key generation have the same key, each its own sealed share', () => {
    expect(new Set(keys.map((key) => key.address)).size).toBe(1);
    expect(new Set(keys.map((key) => Buffer.from(key.opener).toString('hex'))).size).toBe(3);
  });

  test('two of three sign with what they sealed', () => {
    hosts.startSign('s', [1, 3], keys);
    hosts.deliver();
    for (const party of [1, 3]) {
      const { signature } = hosts.output(party, 's', 'sign');
      expect(verifySignature(digest, signature, keys[0]!.address)).toBe(true);
    }
  });

  test('E-2: a shard of another party or key is refused before anything is sent', () => {
    hosts.startSign('s', [1, 2], keys, (start) =>
      start.index === 1 ? { ...start, encryptedShard: keys[2]!.encryptedShard } : start,
    );
    expect(hosts.last(1, 's', 'refused').reason).toBe('shard/tampered');
    expect(hosts.find(1, 's', 'frames')).toHaveLength(0);
  });

  test('the keyshare inside must be the one of the key record', () => {
    for (const change of [{ threshold: 3 }, { parties: 4 }, { keyId: new Uint8Array(32) }]) {
      const id = `s${Object.keys(change).join('')}`;
      hosts.startSign(id, [1, 2], keys, (start) => ({
        ...start,
        expected: { ...start.expected, ...change },
      }));
      expect(hosts.last(1, id, 'refused').message).toMatch(/key record/);
      expect(hosts.find(1, id, 'frames')).toHaveLength(0);
    }
  });

  test.each([
    ['threshold', { threshold: 3 }],
    ['number of parties', { parties: 4 }],
    ['key id', { keyId: new Uint8Array(32) }],
  ])('a keyshare with another %s than the key record is refused by that name', (name, change) => {
    hosts.startSign('s', [1, 2], keys, (start) => ({
      ...start,
      expected: { ...start.expected, ...change },
    }));
    const { reason, message } = hosts.last(1, 's', 'refused');
    expect([reason, message]).toEqual([
      'session/refused',
      expect.stringMatching(`another ${name}$`),
    ]);
  });

  test('E-2: a shard of another protocol or curve than the key’s algorithm is refused', () => {
    hosts.startSign('s', [1, 2], keys, (start) => {
      if (start.index !== 1) return start;
      const { publicKey, keyTag: address, epoch, recordId } = start.expected;
      const identity = { publicKey, address, partIndex: 1, epoch, recordId };
      const bytes = openShard(start.encryptedShard, start.opener, identity);
      bytes[4]! += 1; // the byte that names them
      return { ...start, ...sealShard(bytes, identity) };
    });
    expect(hosts.last(1, 's', 'refused').reason).toMatch(/decode|malformed/);
    expect(hosts.find(1, 's', 'frames')).toHaveLength(0);
  });

  test('the opener is wiped, whether the shard opens or not', () => {
    const openers: Uint8Array[] = [];
    hosts.startSign('s', [1, 2], keys, (start) => {
      openers.push(start.opener);
      return start;
    });
    hosts.startSign('bad', [1, 2], keys, (start) => {
      openers.push(start.opener);
      return { ...start, encryptedShard: start.encryptedShard.subarray(1) };
    });
    expect(openers).toHaveLength(4);
    for (const opener of openers) expect(opener.every((byte) => byte === 0)).toBe(true);
  });

  test('R-1, R-4, R-5: junk, foreign and replayed frames are ignored and the signature completes', () => {
    hosts.startSign('old', [1, 2], keys);
    const recorded: Parameters<Hosts['tamper']>[0][] = [];
    hosts.tamper = (frame) => {
      recorded.push(frame);
      return [frame];
    };
    hosts.deliver();
    hosts.startSign('s', [1, 2], keys);
    hosts.tamper = (frame, to) => [
      ...recorded.filter((old) => old.round === frame.round),
      { ...frame, signature: Buffer.alloc(64, 1).toString('base64') },
      { ...frame, from: 3 },
      { ...frame, from: to },
      { ...frame, body: Buffer.from('junk').toString('base64') },
      { ...frame, round: 16 },
      frame,
      frame,
    ];
    hosts.deliver();
    for (const party of [1, 2]) {
      expect(hosts.outputs(party, 's', 'sign')).toHaveLength(1);
      expect(hosts.find(party, 's', 'aborted')).toHaveLength(0);
      const reasons = new Set(hosts.find(party, 's', 'ignored').map((event) => event.reason));
      expect(reasons).toContain('bad-signature');
      expect(reasons).toContain('unknown-sender');
    }
  });

  test('Y-13: a party that runs another digest than all certified is named with its message, not banned', () => {
    hosts.startSign('s', [1, 2], keys, (start) =>
      start.index === 2 ? { ...start, digest: new Uint8Array(32).fill(6) } : start,
    );
    hosts.deliver();
    for (const [party, other] of [
      [1, 2],
      [2, 1],
    ] as const) {
      expect(hosts.last(party, 's', 'aborted').abort).toMatchObject({
        reason: 'parameters-mismatch',
        culprits: [other],
        bans: [],
        round: 1,
        evidence: [
          { round: 1, from: other, to: null },
          { round: 1, from: other, to: party },
        ],
      });
    }
    hosts.startSign('next', [1, 2], keys);
    hosts.deliver();
    expect(hosts.outputs(1, 'next', 'sign')).toHaveLength(1);
  });

  test('a thread that is asked for an unknown session does nothing', () => {
    const frame = { round: 1, from: 2, to: null, body: '', signature: '' };
    hosts.order(1, { order: 'receive', id: 'unknown', frame });
    hosts.order(1, { order: 'end', id: 'unknown' });
    expect(hosts.find(1, 'unknown', 'ignored')).toHaveLength(0);
  });

  test('1.9.9 a second start of a session changes nothing, and one that was not prepared is refused', () => {
    let again: SignStart | undefined;
    hosts.startSign('s', [1, 2], keys, (start) => {
      if (start.index === 1) again = { ...start, opener: Uint8Array.from(start.opener) };
      return start;
    });
    hosts.order(1, { order: 'start', kind: 'sign', id: 's', start: again! });
    expect(again?.opener.every((byte) => byte === 0)).toBe(true);
    hosts.deliver();
    expect(hosts.outputs(1, 's', 'sign')).toHaveLength(1);
    const late = { ...again!, opener: Uint8Array.from(keys[0]!.opener) };
    hosts.order(1, { order: 'start', kind: 'sign', id: 's', start: late });
    expect(hosts.last(1, 's', 'refused').reason).toBe('session/refused');
  });

  test('an end is confirmed after everything else, also of a session that is unknown', () => {
    hosts.startSign('s', [1, 2], keys);
    for (const id of ['s', 'unknown']) {
      hosts.order(1, { order: 'end', id });
      expect(hosts.events[0]!.filter((event) => event.id === id).at(-1)?.event).toBe('ended');
    }
  });

  test('a zero digest, a banned peer or a foreign signer set is refused before anything is sent', () => {
    const cases = {
      zero: { digest: new Uint8Array(32) },
      banned: { bans: [2] },
      set: { signers: [2, 1] },
      few: { signers: [1] },
    };
    for (const [id, change] of Object.entries(cases)) {
      hosts.startSign(id, [1, 2], keys, (start) =>
        start.index === 1 ? { ...start, ...change } : start,
      );
      expect(hosts.last(1, id, 'refused').reason, id).toMatch(/^input\//);
      expect(hosts.find(1, id, 'frames'), id).toHaveLength(0);
    }
  });
});

describe('protocol thread against a lying party', () => {
  beforeEach(() => {
    hosts.replace(2, (post) => new EvilSigner(post, flipFirstPairwise(1)));
  });

  test('X-4: a fault of our own in one session ends that session, wipes its share and no other session', () => {
    hosts.startSign('bad', [1, 2], keys);
    hosts.startSign('good', [1, 3], keys);
    const wipe = vi.spyOn(Keyshare.prototype, 'wipe');
    onTestFinished(() => wipe.mockRestore());
    hosts.order(1, { order: 'receive', id: 'bad', frame: undefined as never });
    expect(wipe).toHaveBeenCalledTimes(1);
    expect(hosts.last(1, 'bad', 'aborted').abort).toMatchObject({
      reason: 'internal-error',
      culprits: [],
      bans: [],
      round: 1,
    });
    const { fault } = hosts.last(1, 'bad', 'fault');
    expect(fault).toMatchObject({ name: 'TypeError', message: null });
    expect(fault.at[0]).toContain('partySession');
    hosts.deliver();
    expect(hosts.outputs(1, 'bad', 'sign')).toHaveLength(0);
    const { signature } = hosts.output(1, 'good', 'sign');
    expect(verifySignature(digest, signature, keys[0]!.address)).toBe(true);
  });

  test('X-4: a peer key that gives no secret ends its session with a word', () => {
    hosts.startSign('s', [1, 2], keys, (start) => {
      const x25519 = new Uint8Array(32);
      return start.index === 1 ? { ...start, peers: [{ ...start.peers[0]!, x25519 }] } : start;
    });
    expect(hosts.last(1, 's', 'refused').reason).toBe('session/refused');
    expect(hosts.find(1, 's', 'frames')).toHaveLength(0);
  });

  test('O-6: a failed check of a signed message is a ban, and the other sessions of the pair end with it', () => {
    for (const id of ['one', 'other2', 'third33']) hosts.startSign(id, [1, 2], keys);
    hosts.startSign('unconcerned', [1, 3], keys);
    hosts.deliver();
    const aborts = ['one', 'other2', 'third33'].map((id) => hosts.last(1, id, 'aborted').abort);
    expect(aborts.map((abort) => abort.bans)).toEqual([[2], [2], [2]]);
    const order = hosts.events[0]!.filter((event) => event.event === 'aborted');
    expect(order.map((event) => event.id)).toEqual(['one', 'other2', 'third33']);
    expect(aborts.map((abort) => abort.reason).slice(1)).toEqual(['banned-pair', 'banned-pair']);
    expect(hosts.outputs(1, 'unconcerned', 'sign')).toHaveLength(1);
  });

  test('O-12: after a ban this thread refuses the pair, also when the order leaves the ban out', () => {
    hosts.startSign('one', [1, 2], keys);
    hosts.deliver();
    hosts.startSign('again', [1, 2], keys);
    expect(hosts.last(1, 'again', 'refused').reason).toBe('input/banned');
    expect(hosts.find(1, 'again', 'frames')).toHaveLength(0);
  });

  test('nothing more is said in a session after its ban', () => {
    hosts.startSign('one', [1, 2], keys);
    hosts.deliver();
    const events = hosts.events[0]!.filter((event) => event.id === 'one');
    expect(events.at(-1)?.event).toBe('aborted');
    expect(hosts.find(1, 'one', 'frames').flatMap((event) => event.frames)).toHaveLength(2);
  });

  test('R-7: two different signed messages for one slot name their sender, with the evidence', () => {
    hosts.replace(2, (post) => new EvilSigner(post, (message) => message, true));
    hosts.startSign('one', [1, 2], keys);
    hosts.deliver();
    const { abort } = hosts.last(1, 'one', 'aborted');
    expect(abort).toMatchObject({ reason: 'equivocation', culprits: [2], bans: [] });
    expect(abort.evidence.length).toBeGreaterThan(0);
    for (const message of abort.evidence) {
      expect(message.from).toBe(2);
      expect(Buffer.from(message.signature, 'base64')).toHaveLength(64);
    }
  });
});
