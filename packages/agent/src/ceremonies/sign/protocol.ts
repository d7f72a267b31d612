/**
 * Signing in the protocol thread: the share is opened there, and overwritten as soon as the last round is out.
 */
import { PartySession } from '@quorate/holder';
import { toHex } from '@quorate/intent';
import { sign } from '@quorate/tss/dkls23';
import { CEREMONIES } from '@quorate/wire';
import type { ShareStart } from '../../protocol/frames.ts';
import { openKeyshare } from '../../protocol/openKeyshare.ts';
import type { ThreadProtocol } from '../../protocol/protocol.ts';

/** The input of a signature. */
export interface SignStart extends ShareStart {
  readonly signers: readonly number[];
  /** 32 bytes */
  readonly digest: Uint8Array;
}

/** A signature. */
export interface SignatureOutput {
  readonly kind: 'sign';
  /** 65 bytes: r ‖ s ‖ v */
  readonly signature: Uint8Array;
}

/** Signing in its thread. */
export const SIGN_PROTOCOL: ThreadProtocol<SignStart, SignatureOutput> = {
  begin: (start, prepared, bansOf) => {
    const keyshare = openKeyshare(start);
    try {
      const { sid, index, peers, signers, digest } = start;
      const key = toHex(start.expected.keyId);
      const bans = [...new Set([...start.bans, ...bansOf(key)])];
      const session = sign({ sessionId: sid, keyshare, signers, digest, bans });
      const party = new PartySession(session, { sid, index, peers, keys: prepared().keys });
      return {
        party,
        key,
        peers: peers.map((peer) => peer.index),
        // After the last round the share is needed no more: it is wiped before others are awaited.
        lastRound: CEREMONIES.sign.rounds,
        outcome: () => {
          const { outcome } = party;
          if (outcome?.status !== 'completed') return outcome;
          const output = { kind: 'sign', signature: outcome.output.bytes } as const;
          return { status: 'completed', output, secrets: [] };
        },
        wipe: () => keyshare.wipe(),
      };
    } catch (error) {
      keyshare.wipe();
      throw error;
    }
  },
};
