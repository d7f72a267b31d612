/** Recipients, for whom messages are numbered. */

/**
 * A user in one role with one of its clients: the unit for which messages are numbered and acknowledged. A
 * participant has one client, a coordinator one for each name that its clients give (docs/spec/wire.md §2).
 */
export interface Recipient {
  readonly username: string;
  readonly role: 'coordinator' | 'participant';
  /** The `client_id` of its registration; empty for a client without one. */
  readonly client: string;
}

/** The client without a name. */
export const NAMELESS = '';

/** A user as participant. */
export const participant = (username: string): Recipient => ({
  username,
  role: 'participant',
  client: NAMELESS,
});

/** A client of a user as coordinator. */
export const coordinator = (username: string, client: string = NAMELESS): Recipient => ({
  username,
  role: 'coordinator',
  client,
});

/** Selects the rows of a recipient; takes the parameters of `keyOf`. */
export const OF_RECIPIENT = 'username = ? AND role = ? AND client = ?';

/** The key of a recipient's rows. */
export const keyOf = ({ username, role, client }: Recipient): [string, string, string] => [
  username,
  role,
  client,
];
