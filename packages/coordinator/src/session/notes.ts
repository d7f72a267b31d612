/** What is known of a session beside its outcome: messages that somebody could not use, and the notes of its kind. */
import type { Running } from './ceremony.ts';
import { problemText } from './problems.ts';

/** Notes that a view shows at most. */
const MOST = 64;

/** Notes in words, each with the party that it is about. */
export function notesOf({ ceremony, state }: Running): string[] {
  const problems = [...state.problems.values()].map((problem) => problemText(state, problem));
  return [...problems, ...ceremony.view.notes(state)].slice(0, MOST);
}
