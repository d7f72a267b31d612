/**
 * Why Node's HTTP parser rejected a request, in the codes of both servers.
 *
 * @module
 */

/** Why the bytes are not a request. */
export interface UnreadableRequest {
  readonly code: 'request_timeout' | 'headers_too_large' | 'payload_too_large' | 'invalid_request';
  readonly detail: string;
}

/** The refusal for an error of the parser or the server; undefined if the connection just broke. */
export function unreadableRequest(error: Error): UnreadableRequest | undefined {
  const code = 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'request_timeout', detail: 'the request did not arrive in time' };
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'headers_too_large', detail: 'at most 16 KiB of headers' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { code: 'payload_too_large', detail: 'chunk extensions are too large' };
    default:
      return code.startsWith('HPE_')
        ? { code: 'invalid_request', detail: 'this is not an HTTP request' }
        : undefined;
  }
}
