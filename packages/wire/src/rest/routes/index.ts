/**
 * Every route of the coordinator: who may use it, what it takes and what it answers.
 *
 * The server registers from this table, its handlers take their types from it, and the OpenAPI document is
 * made from it, so that they cannot disagree.
 */
import { CHIP_ROUTES } from './chips.ts';
import { KEY_ROUTES } from './keys.ts';
import { OPERATION_ROUTES } from './operation.ts';
import { OVERSIGHT_ROUTES } from './oversight.ts';
import { PEOPLE_ROUTES } from './people.ts';
import { REPLACEMENT_ROUTES } from './replacements.ts';
import { type Route, routesOf } from './route.ts';
import { SESSION_ROUTES } from './sessions.ts';

export type { ChipRoute } from './chips.ts';
export type { KeyRoute } from './keys.ts';
export type { OperationRoute } from './operation.ts';
export type { OversightRoute } from './oversight.ts';
export type { PeopleRoute } from './people.ts';
export type { ReplacementRoute } from './replacements.ts';
export type { Route } from './route.ts';
export type { SessionRoute } from './sessions.ts';

const TABLE = {
  ...PEOPLE_ROUTES,
  ...CHIP_ROUTES,
  ...REPLACEMENT_ROUTES,
  ...KEY_ROUTES,
  ...SESSION_ROUTES,
  ...OVERSIGHT_ROUTES,
  ...OPERATION_ROUTES,
};

/** The table of routes, by method and path. */
export type Routes = typeof TABLE;

/** Every route, in the order of the document. */
export const ROUTES: readonly Route[] = routesOf(TABLE);
