/**
 * Runs work once after the present turn of the event loop, however often the returned function is called in it:
 * messages of one turn share frames.
 */
export function oncePerTurn(work: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    setImmediate(() => {
      isAsked = false;
      work();
    });
  };
}
