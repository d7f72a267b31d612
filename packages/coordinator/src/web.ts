/** Serves the web page from memory: no path of a request ever reaches the file system. */
import type { FastifyInstance } from 'fastify';

/** A file of the page. */
export interface ConsoleFile {
  /** Content type. */
  readonly type: string;
  readonly body: Uint8Array;
}

/** The files of the page by path, `/` included. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/** Adds one route for each file. */
export function registerConsole(app: FastifyInstance, files: ConsoleFiles): void {
  app.register(async (scope) => {
    for (const [path, file] of files) {
      scope.get(path, async (_request, reply) =>
        reply.headers(HEADERS).type(file.type).send(Buffer.from(file.body)),
      );
    }
  });
}
