import { describeJsonProblem, parseJson } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './errors.ts';

/** Accepts JSON bodies only, of bounded size; what is in them is for the schemas to refuse. */
export function addParser(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: string | Buffer) => bodyOf(Buffer.from(body)),
  );
}

function bodyOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  // The route's own limit was applied while the body came in.
  const json = parseJson(bytes, { size: bytes.length });
  if (json.ok) return json.value;
  throw new ApiError('invalid_request', {
    en: `the body: ${describeJsonProblem(json)}`,
    zhCN: `请求正文：${describeJsonProblem(json, 'zh-CN')}`,
  });
}
