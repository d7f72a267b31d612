/**
 * The table of ceremonies. A new kind takes one file beside this one and one line here; message unions,
 * documents and types follow.
 */
import type { z } from 'zod';
import { DESTROY } from './destroy.ts';
import { KEYGEN } from './keygen.ts';
import { type CeremonyShape, type Part, PARTS, type PartType } from './shape.ts';
import { SIGN } from './sign.ts';

/** Every kind of ceremony, in the order of the documents. */
export const CEREMONIES = {
  keygen: KEYGEN,
  sign: SIGN,
  destroy: DESTROY,
} as const;

/** A kind of ceremony. */
export type Kind = keyof typeof CEREMONIES;

// A line with the schemas of another kind does not compile.
const TABLE: { readonly [K in Kind]: CeremonyShape<K> } = CEREMONIES;

/** True for the name of a kind. */
export function isKind(name: string): name is Kind {
  return Object.hasOwn(TABLE, name);
}

/** The names of all kinds. */
export const KINDS: readonly Kind[] = Object.keys(TABLE).filter(isKind);

type Messages = {
  readonly [K in Kind]: { readonly [P in Part]: z.output<(typeof CEREMONIES)[K][P]> };
};

type SchemasOf<K extends Kind> = { readonly [P in Part]: z.ZodType<MessageOf<P, K>> };

const SCHEMAS: { readonly [K in Kind]: SchemasOf<K> } = CEREMONIES;

/** The schema of one message of a ceremony, for code that handles every kind. */
export function schemaFor<K extends Kind, P extends Part>(
  kind: K,
  part: P,
): z.ZodType<MessageOf<P, K>> {
  const schemas: SchemasOf<K> = SCHEMAS[kind];
  return schemas[part];
}

/** One message of a ceremony of kind `K`; without `K`, of any kind. */
export type MessageOf<P extends Part, K extends Kind = Kind> = Messages[K][P];
/** Asks for a ceremony. */
export type RequestOf<K extends Kind = Kind> = MessageOf<'request', K>;
/** Asks one participant to take part. */
export type InviteOf<K extends Kind = Kind> = MessageOf<'invite', K>;
/** Answers an invitation. */
export type ResponseOf<K extends Kind = Kind> = MessageOf<'response', K>;
/** Takes part. */
export type AcceptOf<K extends Kind = Kind> = {
  readonly [J in Kind]: Extract<ResponseOf<J>, { accept: true }>;
}[K];
/** Declines to take part. */
export type DeclineOf<K extends Kind = Kind> = {
  readonly [J in Kind]: Extract<ResponseOf<J>, { accept: false }>;
}[K];
/** Tells one participant to begin. */
export type ParamsOf<K extends Kind = Kind> = MessageOf<'params', K>;
/** Reports how the ceremony ended at one participant. */
export type ResultOf<K extends Kind = Kind> = MessageOf<'result', K>;
/** Reports success at one participant. */
export type SuccessOf<K extends Kind = Kind> = {
  readonly [J in Kind]: Extract<ResultOf<J>, { success: true }>;
}[K];
/** Reports failure at one participant. */
export type FailureOf<K extends Kind = Kind> = {
  readonly [J in Kind]: Extract<ResultOf<J>, { success: false }>;
}[K];
/** Reports how the ceremony ended. */
export type CompleteOf<K extends Kind = Kind> = MessageOf<'complete', K>;

/** The kind of a ceremony and one of its messages. */
export interface KindAndPart {
  readonly kind: Kind;
  readonly part: Part;
}

const BY_TYPE: ReadonlyMap<string, KindAndPart> = new Map(
  KINDS.flatMap((kind) => PARTS.map((part) => [`${kind}_${part}`, { kind, part }] as const)),
);

/** The kind and the part of a message by its type; undefined if it belongs to no ceremony. */
export function partOf(type: string): KindAndPart | undefined {
  return BY_TYPE.get(type);
}

/** The kind of a ceremony's message. */
export function kindOf({ type }: { readonly type: PartType<Kind, Part> }): Kind {
  const known = BY_TYPE.get(type);
  if (known === undefined) throw new Error(`unreachable: no ceremony has a ${type}`);
  return known.kind;
}

/** Narrows a message to one part of a ceremony of any kind. */
export function isPart<M extends { readonly type: string }, P extends Part>(
  message: M,
  part: P,
): message is Extract<M, { readonly type: PartType<Kind, P> }> {
  return partOf(message.type)?.part === part;
}

/** Narrows a message to one part of a ceremony of one kind. */
export function isPartOf<M extends { readonly type: string }, K extends Kind, P extends Part>(
  message: M,
  kind: K,
  part: P,
): message is M & MessageOf<P, K> {
  return message.type === `${kind}_${part}`;
}
