/** Tokens for the suites: each chip is a fresh SoftHSM token behind the driver's thread. */
import { openPkcs11Transport } from '../../src/pkcs11/index.ts';
import type { ApduTransport } from '../../src/index.ts';
import type { ChipFactory } from './host.ts';
import { PIN } from './host.ts';
import { makeSoftHsm, MODULE } from './softhsm.ts';

/** Gives out at most `count` chips, all made now: SoftHSM does not see tokens that are added later. */
export function makeTokens(count: number): { factory: ChipFactory; remove: () => void } {
  const store = makeSoftHsm();
  for (let at = 0; at < count; at++) store.addToken(`token ${at}`, PIN.toString());
  let given = 0;
  const factory: ChipFactory = async () => {
    const token = `token ${given}`;
    given += 1;
    const open = (): Promise<ApduTransport> => openPkcs11Transport({ module: MODULE, token });
    let transport = await open();
    return {
      get transport() {
        return transport;
      },
      reset: async () => {
        await transport.close();
        transport = await open();
      },
      resetAndCutPowerAfterWrite: () => Promise.reject(new Error('a token has its own power')),
      dispose: () => transport.close(),
    };
  };
  return { factory, remove: () => store.remove() };
}
