/**
 * The signed messages that convinced this agent of a peer's deviation, kept for a third party.
 */
import {
  HolderError,
  makePrivateDirectory,
  readIfPresent,
  replaceFile,
  type SignedMessage,
} from '@quorate/holder';
import { join } from 'node:path';
import { AgentError } from '../errors.ts';
import { SESSION_KEY } from './commonRecord.ts';
import type { Algorithm } from '@quorate/wire';

/** Everything that a third party needs to judge an abort. */
interface Evidence {
  /** Null: of a key generation, or kept by a version that did not name the key. */
  readonly key_id: string | null;
  readonly algorithm: Algorithm | null;
  readonly session_key: string;
  readonly session_id: string;
  readonly reason: string;
  readonly culprits: readonly number[];
  readonly round: number;
  /** Base64 certificates in index order: they bind the round keys to the chips. */
  readonly certificates: readonly string[];
  readonly messages: readonly SignedMessage[];
}

/** The folder of evidence of one agent. */
export interface EvidenceStore {
  write(evidence: Evidence): void;
  read(sessionKey: string): Evidence | undefined;
}

/** Opens the folder of evidence. */
export function openEvidence(directory: string): EvidenceStore {
  makePrivateDirectory(directory);
  const path = (sessionKey: string): string => {
    if (!SESSION_KEY.test(sessionKey)) throw new AgentError('session/refused', 'bad session key');
    return join(directory, `${sessionKey}.evidence.json`);
  };
  return {
    write: (evidence) =>
      replaceFile(path(evidence.session_key), `${JSON.stringify(evidence, null, 2)}\n`),
    read: (sessionKey) => {
      const text = readIfPresent(path(sessionKey))?.toString('utf8');
      if (text === undefined) return undefined;
      try {
        return { key_id: null, algorithm: null, ...JSON.parse(text) };
      } catch (error) {
        throw new HolderError('store/tampered', `evidence ${path(sessionKey)} is not JSON`, error);
      }
    },
  };
}
