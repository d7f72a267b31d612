import { afterAll } from 'vitest';

/** Takes a step that runs when something is over: `onTestFinished`, or what {@link whenFileEnds} gives. */
export type Finished = (clean: () => void | Promise<void>) => void;

/**
 * Takes steps that run when the tests of the file, or of the `describe` around the call, are over, the last one first.
 * Vitest forgets an `afterAll` that is called inside of `beforeAll`.
 */
export function whenFileEnds(): Finished {
  const steps: (() => void | Promise<void>)[] = [];
  afterAll(async () => {
    for (const step of steps.reverse()) await step();
  });
  return (step) => void steps.push(step);
}
