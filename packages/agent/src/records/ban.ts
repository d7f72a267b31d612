/** One ban: the pair with this party never signs with the key again (O-12). */
export interface Ban {
  readonly part_index: number;
  readonly session_key: string;
  readonly reason: string;
  readonly at: number;
}
