import { readFileSync } from 'node:fs';
import { DecodeError } from '@quorate/tss';
import { Keyshare } from '@quorate/tss/dkls23';
import { TwoPartyKeyshare } from '@quorate/tss/lindell17';
import * as dkls23 from '../../../packages/tss/src/dkls23/messages.ts';
import * as lindell17 from '../../../packages/tss/src/lindell17/messages.ts';
import type { Parser } from '../support/parsers.ts';

interface Codec {
  decode(bytes: Uint8Array, path: string): unknown;
}

/** The functions that the modules of messages export, with arguments that give a message. */
const MADE: Readonly<Record<string, () => unknown>> = {
  keygenRound2: () => dkls23.keygenRound2(2, 3),
  preParams: () => lindell17.preParams(2048),
  keygenP1Data: () => lindell17.keygenP1Data(3072),
  refreshP1Data: () => lindell17.refreshP1Data(2048),
  signP2Partial: () => lindell17.signP2Partial(3072),
};
/** Functions that only write, and tables. */
const NO_MESSAGES = [
  'KEYGEN_SHAPE',
  'SIGN_SHAPE',
  'SETUP_MESSAGES',
  'SIGN_MESSAGES',
  'shapeFor',
  'pedersenField',
  'encodeDealing',
  'encodeShareOpening',
  'encodeProvenNonce',
];

/** Every codec of every message that a module exports; one that this table does not know is an error. */
function messagesOf(protocol: string, module: object): Parser[] {
  return Object.entries(module).flatMap(([name, value]: [string, unknown]) => {
    if (NO_MESSAGES.includes(name)) return [];
    const message = typeof value === 'function' ? MADE[name]?.() : value;
    const codecs = Object.entries(Object(message)).filter(
      (entry): entry is [string, Codec] => typeof Object(entry[1]).decode === 'function',
    );
    if (codecs.length === 0) throw new Error(`${protocol}: ${name} is in no table of the suite`);
    return codecs.map(([part, codec]): Parser => {
      const where = `${name}.${part}`;
      return {
        kind: 'bytes',
        name: `the message ${where} of ${protocol}`,
        covers: [`tss/src/${protocol}/messages.ts`],
        throws: [DecodeError],
        valid: null,
        parse: (bytes) => codec.decode(bytes, where),
      };
    });
  });
}

function keyshare(name: string, decode: (bytes: Uint8Array) => unknown): Parser {
  const file = new URL(
    `../../../packages/tss/test/vectors/keyshare/v1-${name}.hex`,
    import.meta.url,
  );
  return {
    kind: 'bytes',
    name: `the keyshare ${name}`,
    covers: ['tss/src/dkls23/keyshare.ts#decode', 'tss/src/lindell17/keyshare.ts#decode'],
    throws: [DecodeError],
    valid: new Uint8Array(Buffer.from(readFileSync(file, 'utf8').replaceAll('\n', ''), 'hex')),
    parse: decode,
  };
}

/** Of @quorate/tss. */
export const TSS: readonly Parser[] = [
  ...messagesOf('dkls23', dkls23),
  ...messagesOf('lindell17', lindell17),
  keyshare('2-of-3-party-1', (bytes) => Keyshare.decode(bytes)),
  keyshare('two-party-2048-p1', (bytes) => TwoPartyKeyshare.decode(bytes)),
  keyshare('two-party-2048-p2', (bytes) => TwoPartyKeyshare.decode(bytes)),
];
