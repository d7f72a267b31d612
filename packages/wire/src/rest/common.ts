/** Schemas for all of REST: roles, pages, problems. */
import { z } from 'zod';
import { Code, text } from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { bounded } from '../strings.ts';
import { EXPECTED, saying } from '../expectations.ts';

/** A role allows a user to do something; a user may have several. */
export const Role = z
  .enum(['admin', 'coordinator', 'participant', 'auditor'])
  .meta({ id: 'Role', description: 'a permission of a user' });
export type Role = z.infer<typeof Role>;

/** Distinct roles, at least one. */
export const Roles = z
  .array(Role)
  .min(1)
  .max(4)
  .refine((roles) => new Set(roles).size === roles.length, saying(EXPECTED.roles));

const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(LIMITS.page.max)
  .default(LIMITS.page.default)
  .meta({ description: 'items on the page' });

/** Where a page starts, exclusive, and how long it is. */
export const ListQuery = z.strictObject({ after: text(200).optional(), limit });
export type ListQuery = z.infer<typeof ListQuery>;

/** How many entries to list, newest first. */
export const NewestQuery = z.strictObject({ limit });
export type NewestQuery = z.infer<typeof NewestQuery>;

/** The `next` of a page: pass it as `after` to get the following page. */
export const Next = text(200).optional();

/** Milliseconds in a query string. */
export const TimeQuery = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A number of entries, see {@link ListQuery}. */
export const PageLimit = limit;

/** An error answer: RFC 9457, with a code of the table. */
export const Problem = z
  .strictObject({
    type: bounded(128).meta({ description: 'urn:quorate:error:<code>' }),
    title: bounded(LIMITS.text).meta({
      description: 'for people, in the language of the deployment',
    }),
    status: z.int(),
    detail: bounded(LIMITS.details),
    code: Code,
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details with a stable code' });
export type Problem = z.infer<typeof Problem>;

/** An answer that only confirms. */
export const Done = z.strictObject({ success: z.literal(true) }).meta({ id: 'Done' });
export type Done = z.infer<typeof Done>;
