/** A file of the built page. */
export interface ConsoleFile {
  /** Content type. */
  readonly type: string;
  readonly body: Uint8Array;
}

/**
 * The built page by path, `/` included, read into memory once; empty when it was not built. For
 * `createServer({ consoleFiles })` of the coordinator.
 */
export function consoleFiles(): Promise<Map<string, ConsoleFile>>;
