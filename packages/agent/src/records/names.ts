/** Names inside an agent's directory. */
export const STATE_FILES = {
  localKey: 'local.key',
  journal: 'state.journal',
  pins: 'pins.json',
  link: 'link.json',
  refused: 'pin.refused',
  replacement: 'replacement.json',
  keys: 'keys',
  evidence: 'evidence',
  /** Of former versions, as are the records in `keys`. */
  chips: 'chips.json',
  used: 'used-sessions.log',
  sessions: 'sessions',
} as const;

/** The file of the reserve, in the folder `keys`. */
export const RESERVE_FILE = 'bans.reserve';

/** Keeps former versions from starting, in the folder `keys`. */
export const MOVED_FILE = 'moved-to-state.journal.json';
