import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type AcceptOf,
  CEREMONIES,
  ClientMessage,
  type CompleteOf,
  isKind,
  isPart,
  isPartOf,
  jsonSchemas,
  type Kind,
  KINDS,
  partOf,
  PARTS,
  type RequestOf,
  schemaFor,
  ServerMessage,
  type SignAccept,
  type SignRequest,
} from '../../src/index.ts';
import { nameOf } from '../../src/documents/schemas.ts';
import { CEREMONY_SAMPLES, CLIENT_SAMPLES, SERVER_SAMPLES } from '../support/samples.ts';

const optionsOf = (union: typeof ClientMessage | typeof ServerMessage): readonly object[] =>
  union.options;

describe.each(KINDS)('the shape of %s', (kind) => {
  it('takes a message only as the part that it is', () => {
    const schemas = PARTS.map((part) => CEREMONIES[kind][part]);
    for (const [at, part] of PARTS.entries()) {
      for (const sample of CEREMONY_SAMPLES[kind][part]) {
        const taken = schemas.map((schema) => schema.safeParse(sample).success);
        expect(taken, part).toEqual(PARTS.map((_, index) => index === at));
      }
    }
  });

  it('stands in the union of its direction and in the documents', () => {
    const sent = ['request', 'response', 'result'];
    for (const part of PARTS) {
      const schema = CEREMONIES[kind][part];
      const fromClient = sent.includes(part);
      expect(optionsOf(ClientMessage).includes(schema)).toBe(fromClient);
      expect(optionsOf(ServerMessage).includes(schema)).toBe(!fromClient);
      expect(Object.keys(jsonSchemas('draft-7', 'messages'))).toContain(nameOf(schema));
    }
  });

  it('has every named schema that it uses in the documents', () => {
    const documented = Object.keys(jsonSchemas('draft-7', 'messages'));
    for (const part of PARTS) {
      const { $defs = {} } = z.toJSONSchema(CEREMONIES[kind][part]);
      for (const name of Object.keys($defs)) expect(documented, part).toContain(name);
    }
  });
});

describe('the kind and the part of a message', () => {
  it('are read from its type', () => {
    for (const kind of KINDS) {
      for (const part of PARTS) expect(partOf(`${kind}_${part}`)).toEqual({ kind, part });
    }
  });

  it('are undefined for any other type', () => {
    for (const type of ['round', 'cancel_request', 'sign', 'sign_', '_invite', 'toString_invite']) {
      expect(partOf(type)).toBeUndefined();
    }
  });

  it('narrow a message to its part', () => {
    const [request, other] = ['sign_request', 'cancel_request'].map((type) =>
      ClientMessage.parse(CLIENT_SAMPLES.find((sample) => sample.type === type)),
    );
    if (request === undefined || other === undefined) throw new Error('unreachable: no sample');
    expect(isPart(request, 'request')).toBe(true);
    expect(isPart(request, 'result')).toBe(false);
    expect(isPart(other, 'request')).toBe(false);
    if (isPart(request, 'request')) expectTypeOf(request).toEqualTypeOf<RequestOf>();
  });

  it('narrow a message to its kind and its part', () => {
    const message = ServerMessage.parse(SERVER_SAMPLES.find(({ type }) => type === 'sign_invite'));
    expect(isPartOf(message, 'sign', 'invite')).toBe(true);
    expect(isPartOf(message, 'keygen', 'invite')).toBe(false);
    expect(isPartOf(message, 'sign', 'params')).toBe(false);
    expect(schemaFor('sign', 'invite')).toBe(CEREMONIES.sign.invite);
  });

  it('are no property that every object has', () => {
    expect(['toString', 'constructor', 'Sign'].filter(isKind)).toEqual([]);
  });
});

describe('types by the table', () => {
  it('are those of the schemas', () => {
    expectTypeOf<RequestOf<'sign'>>().toEqualTypeOf<SignRequest>();
    expectTypeOf<AcceptOf<'sign'>>().toEqualTypeOf<SignAccept>();
    expectTypeOf<CompleteOf['type']>().toEqualTypeOf<`${Kind}_complete`>();
    expectTypeOf<Kind>().not.toEqualTypeOf<string>();
    expectTypeOf<Extract<ClientMessage, { type: 'sign_request' }>>().toEqualTypeOf<SignRequest>();
  });
});
