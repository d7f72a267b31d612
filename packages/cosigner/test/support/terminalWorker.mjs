// A P1 for which every failed proof is one that passed, with a signature behind it that failed.
import { Session } from '../../../tss/dist/round/session.js';

const honest = Object.getOwnPropertyDescriptor(Session.prototype, 'outcome');
Object.defineProperty(Session.prototype, 'outcome', {
  get() {
    const outcome = honest.get.call(this);
    return outcome?.keyUnsafe === 'refreshable' ? { ...outcome, keyUnsafe: 'terminal' } : outcome;
  },
});
await import('../../dist/worker/main.js');
