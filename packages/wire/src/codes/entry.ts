/** The entry of one code. */
export interface CodeEntry {
  /** The status of a REST request that ends with it. */
  readonly http: number;
  /** The WebSocket close code, for a code that ends the socket. */
  readonly close?: number;
  /** An `error` with this code that names a session ends that session, for every party. */
  readonly final?: true;
  /**
   * The code that participants get instead, with the original code as the reason of `abort`: a participant of
   * the first version knows only the final codes of that version, and would keep the session.
   */
  readonly toParticipants?: 'aborted';
  readonly en: string;
  readonly zhCN: string;
  /** For the documents: when it occurs, and what to do. */
  readonly meaning: string;
}
