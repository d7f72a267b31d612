import type { Session, Signature } from '../../src/index.ts';
import { keygen, type Keyshare, sign, type SignParameters } from '../../src/dkls23/index.ts';
import { seededRng } from './rng.ts';
import { outputs, simulate } from './simulate.ts';

/** A fixed, non-zero session id. */
export const sessionIdOf = (name: string): Uint8Array => seededRng(`session/${name}`)(32);

/** Key-generation sessions of all parties. */
export function keygenSessions(
  threshold: number,
  parties: number,
  seed = `${threshold}-of-${parties}`,
): Map<number, Session<Keyshare>> {
  const sessionId = sessionIdOf(`keygen/${seed}`);
  return new Map(
    Array.from({ length: parties }, (_, at) => {
      const rng = seededRng(`keygen/${seed}/${at + 1}`);
      return [at + 1, keygen({ sessionId, threshold, parties, index: at + 1, rng })];
    }),
  );
}

const keys = new Map<string, Map<number, Keyshare>>();

/** Keyshares of a (t, n) key, made once a test file and seeded. */
export function keysharesOf(threshold: number, parties: number): Map<number, Keyshare> {
  const name = `${threshold}-of-${parties}`;
  const made = keys.get(name) ?? outputs(simulate(keygenSessions(threshold, parties)));
  keys.set(name, made);
  return made;
}

export interface SigningOptions {
  readonly digest?: Uint8Array;
  readonly path?: readonly number[];
  readonly seed?: string;
}

/** Signing sessions of those signers. */
export function signSessions(
  keyshares: ReadonlyMap<number, Keyshare>,
  signers: readonly number[],
  { digest = DIGEST, path = [], seed = 'sign' }: SigningOptions = {},
): Map<number, Session<Signature>> {
  const sessionId = sessionIdOf(`sign/${seed}`);
  return new Map(
    signers.map((index) => {
      const keyshare = keyshares.get(index);
      if (keyshare === undefined) throw new Error(`no keyshare ${index}`);
      const rng = seededRng(`sign/${seed}/${index}`);
      return [index, sign({ sessionId, keyshare, signers, digest, path, bans: [], rng })];
    }),
  );
}

/** The digest that tests sign unless they say otherwise. */
export const DIGEST = seededRng('digest')(32);

/** Parameters of one signer of a 2-of-3 key that signs with all three. */
export function parametersOf(index: number, seed = 'sweep'): SignParameters {
  const keyshare = keysharesOf(2, 3).get(index);
  if (keyshare === undefined) throw new Error(`no keyshare ${index}`);
  const rng = seededRng(`sign/${seed}/${index}`);
  const sessionId = sessionIdOf(`sign/${seed}`);
  return { sessionId, keyshare, signers: [1, 2, 3], digest: DIGEST, bans: [], rng };
}
