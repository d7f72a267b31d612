/** Everything that the tables say about one code. */
export interface CodeEntry {
  /** The status when a REST request ends with it. */
  readonly http: number;
  /** The WebSocket close code, for a code that ends the socket. */
  readonly close?: number;
  /** An `error` that names a session with this code says that the session is over, for every party of it. */
  readonly final?: true;
  /**
   * What a participant is told instead, with the code itself as the reason of `abort`: a participant of
   * the first version knows only the final codes of that version, and would keep the session.
   */
  readonly toParticipants?: 'aborted';
  readonly en: string;
  readonly zhCN: string;
  /** For the documents: when it is given, and what to do. */
  readonly meaning: string;
}
