/** How long a session was in each of its steps. */
import type { Step, TwoPartyType } from '@quorate/wire';

/** Is told of a step that is over. */
export type SeeStep = (type: TwoPartyType, step: Step, seconds: number) => void;

/** Gives what is called as each step begins; the step before it ends then. The last one has no end. */
export function stepTimes(type: TwoPartyType, see: SeeStep): (step: Step) => void {
  let current: { readonly step: Step; readonly since: number } | undefined;
  return (step) => {
    if (current?.step === step) return;
    const now = performance.now();
    if (current !== undefined) see(type, current.step, (now - current.since) / 1000);
    current = { step, since: now };
  };
}
