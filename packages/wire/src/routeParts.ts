/** The types that the schemas of a route make, for the routes of both servers. */
import type { z } from 'zod';

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** The parts of a request as its route's schemas check them; undefined for a part that the route does not take. */
export interface PartsOf<R> {
  readonly params: R extends { readonly params: infer S } ? Parsed<S> : undefined;
  readonly query: R extends { readonly query: infer S } ? Parsed<S> : undefined;
  readonly body: R extends { readonly body: infer S } ? Parsed<S> : undefined;
}

/** The answer of a route as its schema says; for another answer than JSON, its media type. */
export type AnswerOf<R> = R extends { readonly answer: infer S }
  ? S extends z.ZodType
    ? z.output<S>
    : S
  : never;
