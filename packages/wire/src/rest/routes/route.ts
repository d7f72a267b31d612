/** The terms of one route, and the list that a table of them makes. */
import type { z } from 'zod';
import type { ErrorCode } from '../../codes.ts';
import { Role } from '../common.ts';

/** The media types of answers without a schema. */
type MediaType = 'application/json' | 'application/x-ndjson' | 'text/plain';

/** The terms of a route: who may use it, what it takes and what it answers. */
interface RouteTerms {
  /** One of these roles is needed; `anyone` needs no token. */
  readonly roles: readonly Role[] | 'anyone';
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Bytes of the body, if more than usual. */
  readonly bodyLimit?: number;
  /** 200 unless given. */
  readonly status?: 200 | 201;
  /** A JSON schema, or the media type of another answer. */
  readonly answer: z.ZodType | MediaType;
  /** Codes besides those of every route. */
  readonly codes?: readonly ErrorCode[];
}

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

/** Routes by method and path, with `{name}` for a parameter. */
export type RouteTable = Readonly<Record<`${Method} /${string}`, RouteTerms>>;

/** One route with its method and path. */
export interface Route extends RouteTerms {
  /** Method and path, as the table writes them. */
  readonly name: string;
  readonly method: Method;
  readonly path: string;
  readonly status: 200 | 201;
  readonly codes: readonly ErrorCode[];
}

/** The routes of a table, in its order. */
export function routesOf(table: RouteTable): readonly Route[] {
  return Object.entries(table).map(([name, terms]) => {
    const method = METHODS.find((each) => name.startsWith(`${each} `)) ?? 'GET';
    const path = name.slice(method.length + 1);
    return { name, method, path, status: 200, codes: [], ...terms };
  });
}

/** Every role. */
export const EVERYBODY: readonly Role[] = Role.options;
/** Administrators only. */
export const ADMIN: readonly Role[] = ['admin'];
/** Overseers of the server. */
export const OVERSIGHT: readonly Role[] = ['admin', 'auditor'];
