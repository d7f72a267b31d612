/** Routes of sessions. */
import { z } from 'zod';
import { SessionKey } from '../../fields.ts';
import { CloseSession, SessionAnswer, SessionList, SessionQuery } from '../sessions.ts';
import { EVERYBODY, ADMIN, type RouteTable } from './route.ts';

const ofSession = z.strictObject({ session_key: SessionKey });

/** Routes of sessions and of orders about them. */
export const SESSION_ROUTES = {
  'GET /api/v1/sessions': {
    roles: EVERYBODY,
    summary: 'list sessions that concern the caller',
    query: SessionQuery,
    answer: SessionList,
  },
  'GET /api/v1/sessions/{session_key}': {
    roles: EVERYBODY,
    summary: 'a session',
    params: ofSession,
    answer: SessionAnswer,
    codes: ['unknown_session'],
  },
  'POST /api/v1/sessions/{session_key}/cancel': {
    roles: ['admin', 'coordinator'],
    summary: 'cancel a session: its asker, or an administrator',
    params: ofSession,
    answer: SessionAnswer,
    codes: ['unknown_session', 'wrong_state'],
  },
  'POST /api/v1/sessions/{session_key}/close': {
    roles: ADMIN,
    summary: 'close a waiting destruction as unproven for the missing holders',
    params: ofSession,
    body: CloseSession,
    answer: SessionAnswer,
    codes: ['unknown_session', 'wrong_state'],
  },
} satisfies RouteTable;

/** The name of one of them. */
export type SessionRoute = keyof typeof SESSION_ROUTES;
