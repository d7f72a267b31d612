import { LIMITS } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './errors.ts';

/** Accepts JSON bodies only, of bounded size; what is in them is for the schemas to refuse. */
export function addParser(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: LIMITS.restBody },
    async (_request: unknown, body: string | Buffer) => parseJson(String(body)),
  );
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('invalid_request', 'the body is not JSON');
  }
}
