/** Secrets on their way to a thread. */

/** Hands a secret to a thread by transfer: nothing of it stays here, whether the thread gets it or not (J-9). */
export function transferSecret(
  secret: Uint8Array,
  post: (own: Uint8Array<ArrayBuffer>, transfer: readonly ArrayBuffer[]) => void,
): void {
  const own = new Uint8Array(secret);
  secret.fill(0);
  try {
    post(own, [own.buffer]);
  } finally {
    if (own.byteLength > 0) own.fill(0); // not transferred: the session is ending, or there is no thread
  }
}
