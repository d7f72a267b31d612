/**
 * The WebSocket protocol as an AsyncAPI 3.0 document.
 */
import { CODES } from '../codes.ts';
import type { CodeEntry } from '../codes/entry.ts';
import { DEADLINES, LIMITS } from '../limits.ts';
import { ClientMessage, ServerMessage } from '../messages/index.ts';
import { VERSION } from '../version.ts';
import { type JsonObject, jsonSchemas, nameOf, referenceTo } from './schemas.ts';

const CHANNEL = '#/channels/coordinator';

/** Builds the document. */
export function asyncapi(): JsonObject {
  const fromClient = namesOf(ClientMessage.options);
  const fromServer = namesOf(ServerMessage.options);
  const names = [...fromClient, ...fromServer];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Quorate coordinator',
      version: VERSION,
      description: describe(),
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      coordinator: {
        address: '/ws',
        description: 'One JSON object per text frame, or an array of up to 64 of them.',
        messages: Object.fromEntries(
          names.map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: {
      fromClient: operation('receive', 'messages from clients', fromClient),
      fromServer: operation('send', 'messages from the server', fromServer),
    },
    components: {
      messages: Object.fromEntries(names.map((name) => [name, message(name)])),
      schemas: jsonSchemas('draft-7', 'messages'),
    },
  };
}

function operation(action: string, summary: string, names: readonly string[]): JsonObject {
  return {
    action,
    summary,
    channel: { $ref: CHANNEL },
    messages: names.map((name) => ({ $ref: `${CHANNEL}/messages/${name}` })),
  };
}

function message(name: string): JsonObject {
  return { name, contentType: 'application/json', payload: referenceTo(name) };
}

function namesOf(options: readonly Parameters<typeof nameOf>[0][]): readonly string[] {
  return options.map((schema) => {
    const name = nameOf(schema);
    if (name === undefined) throw new Error('unreachable: a message without a name');
    return name;
  });
}

function describe(): string {
  const closing = Object.entries(CODES as Record<string, CodeEntry>)
    .filter(([, entry]) => entry.close !== undefined)
    .map(([code, entry]) => `- ${entry.close} ${code}: ${entry.meaning}`);
  const codes = Object.entries(CODES).map(([code, entry]) => `- ${code}: ${entry.meaning}`);
  return [
    'Threshold keys through a coordinator that cannot read what passes.',
    `The first frame is register, within ${DEADLINES.register / 1000} s. ` +
      `A frame holds at most ${LIMITS.frame} bytes.`,
    'Close codes:',
    ...closing,
    'Error codes:',
    ...codes,
  ].join('\n');
}
