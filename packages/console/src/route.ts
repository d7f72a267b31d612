import type { TextKey } from './texts.ts';

/** The views of the page. */
export const VIEWS = ['sessions', 'keys', 'chips', 'users', 'audit'] as const satisfies TextKey[];

/** A view of the page. */
export type View = (typeof VIEWS)[number];

/** The route of the page: a view, or one item in it. */
export interface Route {
  readonly view: View;
  readonly id?: string;
}

const ROLES: Readonly<Record<View, readonly string[]>> = {
  sessions: ['admin', 'coordinator', 'participant', 'auditor'],
  keys: ['admin', 'coordinator', 'participant', 'auditor'],
  chips: ['admin', 'coordinator', 'participant', 'auditor'],
  users: ['admin', 'auditor', 'coordinator'],
  audit: ['admin', 'auditor'],
};

/** The views that the server allows for these roles. */
export function viewsFor(roles: readonly string[]): readonly View[] {
  return VIEWS.filter((view) => ROLES[view].some((role) => roles.includes(role)));
}

/** Reads the fragment of the address bar; anything unknown shows the sessions. */
export function parseRoute(fragment: string): Route {
  const [, name = '', id = ''] = /^#\/([a-z]+)(?:\/(.+))?$/.exec(fragment) ?? [];
  const view = VIEWS.find((known) => known === name) ?? 'sessions';
  const named = decoded(id);
  return named === '' ? { view } : { view, id: named };
}

/** The link to a view, or to one item in it. */
export function hrefOf({ view, id }: Route): string {
  return id === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(id)}`;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return '';
  }
}
