/** Routes of keys. */
import { z } from 'zod';
import { KeyName, Username } from '../../fields.ts';
import { Done, ListQuery } from '../common.ts';
import { GrantRequest, KeyAnswer, KeyList } from '../keys.ts';
import { EVERYBODY, ADMIN, type RouteTable } from './route.ts';

const ofKey = z.strictObject({ key: KeyName });
const ofGrant = z.strictObject({ key: KeyName, username: Username });

/** Routes of keys and grants. */
export const KEY_ROUTES = {
  'GET /api/v1/keys': {
    roles: EVERYBODY,
    summary: 'list keys that concern the caller',
    query: ListQuery,
    answer: KeyList,
  },
  'GET /api/v1/keys/{key}': {
    roles: EVERYBODY,
    summary: 'show a key and its holders',
    params: ofKey,
    answer: KeyAnswer,
    codes: ['unknown_key'],
  },
  'POST /api/v1/keys/{key}/grants': {
    roles: ADMIN,
    summary: 'let a user ask for signatures',
    params: ofKey,
    body: GrantRequest,
    status: 201,
    answer: Done,
    codes: ['unknown_key', 'unknown_user'],
  },
  'DELETE /api/v1/keys/{key}/grants/{username}': {
    roles: ADMIN,
    summary: 'revoke the permission',
    params: ofGrant,
    answer: Done,
    codes: ['unknown_key'],
  },
} satisfies RouteTable;

/** The name of one of them. */
export type KeyRoute = keyof typeof KEY_ROUTES;
