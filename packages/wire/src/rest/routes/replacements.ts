/** Routes of the replacement of a chip (docs/spec/replace.md). */
import { z } from 'zod';
import type { ErrorCode } from '../../codes.ts';
import { KeyName } from '../../fields.ts';
import { LIMITS } from '../../limits.ts';
import { ListQuery, type Role } from '../common.ts';
import {
  ReplacementAnswer,
  ReplacementApproval,
  ReplacementId,
  ReplacementList,
  ReplacementReceipt,
  ReplacementRequest,
  ReplacementSeal,
  ReplacementStepAnswer,
  ReplacementStepRequest,
} from '../replacements.ts';
import { EVERYBODY, ADMIN, type RouteTable } from './route.ts';

const ofReplacement = z.strictObject({ id: ReplacementId });
const ofReplacedShard = z.strictObject({ id: ReplacementId, key: KeyName });
const HOLDER: readonly Role[] = ['participant'];
const STEP_CODES: readonly ErrorCode[] = [
  'unknown_replacement',
  'unknown_key',
  'replacement_state',
  'replacement_busy',
  'chip_unavailable',
  'chip_mismatch',
  'invalid_certificate',
];

/** Routes of a participant's new chip, step by step. */
export const REPLACEMENT_ROUTES = {
  'GET /api/v1/chips/replacements': {
    roles: EVERYBODY,
    summary: 'list replacements of chips; participants see their own',
    query: ListQuery,
    answer: ReplacementList,
  },
  'POST /api/v1/chips/replacements': {
    roles: HOLDER,
    summary: 'ask to replace the active chip with a new one',
    body: ReplacementRequest,
    status: 201,
    answer: ReplacementAnswer,
    codes: [
      'chip_unavailable',
      'chip_conflict',
      'replacement_conflict',
      'invalid_challenge',
      'invalid_proof',
    ],
  },
  'GET /api/v1/chips/replacements/{id}': {
    roles: EVERYBODY,
    summary: 'a replacement',
    params: ofReplacement,
    answer: ReplacementAnswer,
    codes: ['unknown_replacement'],
  },
  'POST /api/v1/chips/replacements/{id}/approval': {
    roles: ADMIN,
    summary: 'approve a replacement after comparing the new fingerprint',
    params: ofReplacement,
    body: ReplacementApproval,
    answer: ReplacementAnswer,
    codes: ['unknown_replacement', 'replacement_state', 'chip_mismatch'],
  },
  'DELETE /api/v1/chips/replacements/{id}': {
    roles: ['admin', 'participant'],
    summary: 'cancel a replacement before the switch',
    params: ofReplacement,
    answer: ReplacementAnswer,
    codes: ['unknown_replacement', 'replacement_state'],
  },
  'POST /api/v1/chips/replacements/{id}/shards/{key}/authorisation': {
    roles: HOLDER,
    summary: 'authorise one command of one of the two chips',
    params: ofReplacedShard,
    body: ReplacementStepRequest,
    answer: ReplacementStepAnswer,
    codes: STEP_CODES,
  },
  'POST /api/v1/chips/replacements/{id}/shards/{key}/ciphertext': {
    roles: HOLDER,
    summary: 'store the ciphertext for the new chip',
    params: ofReplacedShard,
    body: ReplacementSeal,
    bodyLimit: LIMITS.restShardBody,
    answer: ReplacementAnswer,
    codes: STEP_CODES,
  },
  'POST /api/v1/chips/replacements/{id}/switch': {
    roles: HOLDER,
    summary: 'switch from the old chip to the new one, all shards at once',
    params: ofReplacement,
    answer: ReplacementAnswer,
    codes: ['unknown_replacement', 'replacement_state', 'replacement_busy', 'chip_unavailable'],
  },
  'POST /api/v1/chips/replacements/{id}/shards/{key}/receipt': {
    roles: HOLDER,
    summary: 'report that the old chip deleted its record',
    params: ofReplacedShard,
    body: ReplacementReceipt,
    answer: ReplacementAnswer,
    codes: STEP_CODES,
  },
} satisfies RouteTable;

/** The name of one of them. */
export type ReplacementRoute = keyof typeof REPLACEMENT_ROUTES;
