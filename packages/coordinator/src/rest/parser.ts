import { describeJsonProblem, parseJson } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './errors.ts';

/** Accepts only JSON bodies of bounded size; the schemas refuse wrong content. */
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
  // The route's own limit was applied while the body arrived.
  const json = parseJson(bytes, { size: bytes.length });
  if (json.ok) return json.value;
  throw new ApiError('invalid_request', {
    en: `the body: ${describeJsonProblem(json)}`,
    zhCN: `请求正文：${describeJsonProblem(json, 'zh-CN')}`,
  });
}
