/** The types that a route's schemas yield, for the routes of both servers. */
import type { z } from 'zod';

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/**
 * The parts of a request in the form of its route's schemas; undefined for a part that the route does not
 * take.
 */
export interface PartsOf<R> {
  readonly params: R extends { readonly params: infer S } ? Parsed<S> : undefined;
  readonly query: R extends { readonly query: infer S } ? Parsed<S> : undefined;
  readonly body: R extends { readonly body: infer S } ? Parsed<S> : undefined;
}

/** The answer of a route in the form of its schema; for other answers than JSON, the media type. */
export type AnswerOf<R> = R extends { readonly answer: infer S }
  ? S extends z.ZodType
    ? z.output<S>
    : S
  : never;
