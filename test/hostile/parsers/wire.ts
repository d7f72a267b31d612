import {
  ClientMessage,
  parseFrame,
  parseJson,
  PeerEnvelope,
  Problem,
  readAnswer,
  secretInFile,
  ServerMessage,
} from '@quorate/wire';
import { samplesOf } from '../support/samples.ts';
import type { Schema } from '../support/schemas.ts';
import { OWN, type Parser, REFUSED } from '../support/parsers.ts';

/** One frame for each type of message, with all its fields. */
function frames(
  union: { readonly options: readonly Schema[] },
  from: 'client' | 'server',
): Parser[] {
  return union.options.flatMap(samplesOf).map((sample): Parser => {
    const valid = JSON.stringify(sample);
    const { type } = sample as { type: string };
    return {
      kind: 'text',
      name: `a frame of the ${from} with ${type}`,
      covers: ['wire/src/frame.ts#parseFrame'],
      throws: [],
      valid,
      parse: from === 'client' ? client : server,
    };
  });
}

function client(text: string): unknown {
  return parseFrame(text, { from: 'client' }).ok || REFUSED;
}

function server(text: string): unknown {
  return parseFrame(text, { from: 'server' }).ok || REFUSED;
}

const json: Parser = {
  kind: 'text',
  name: 'the reader of JSON, with the schema of a peer envelope',
  covers: ['wire/src/strictJson.ts#parseJson', 'wire/src/strictJson.ts'],
  throws: [],
  valid: JSON.stringify(samplesOf(PeerEnvelope)[0]),
  parse: (text) => {
    const read = parseJson(text);
    return (read.ok && PeerEnvelope.safeParse(read.value).success) || REFUSED;
  },
};

const answer: Parser = {
  kind: 'text',
  name: 'the reader of a server’s answer, with the schema of a problem',
  covers: ['wire/src/answer.ts#readAnswer'],
  throws: [],
  mayTake: /^added/,
  valid: JSON.stringify(
    Object.assign({}, samplesOf(Problem)[0], { added: { by: ['a newer server'] } }),
  ),
  parse: (text) => {
    const read = parseJson(text);
    return (read.ok && readAnswer(Problem, read.value).success) || REFUSED;
  },
};

const secret: Parser = {
  kind: 'bytes',
  name: 'the reader of a PIN, password or token file',
  covers: ['wire/src/secretFile.ts'],
  throws: [],
  mayTake: OWN,
  valid: new TextEncoder().encode('1234\n'),
  parse: (bytes) => secretInFile(bytes).ok || REFUSED,
};

/** Of @quorate/wire; its schemas are in schemas.test.ts. */
export const WIRE: readonly Parser[] = [
  ...frames(ClientMessage, 'client'),
  ...frames(ServerMessage, 'server'),
  json,
  answer,
  secret,
];
