/** Notes about a session besides its outcome: messages that a party could not use, and the notes of its kind. */
import type { Running } from './ceremony.ts';
import { problemText } from './problems.ts';

/** The most notes that a view shows. */
const MOST = 64;

/** Notes in words, each with the party that it is about. */
export function notesOf({ ceremony, state }: Running): string[] {
  const problems = [...state.problems.values()].map((problem) => problemText(state, problem));
  return [...problems, ...ceremony.view.notes(state)].slice(0, MOST);
}
