import type { SecureElement } from '@quorate/secure-element';

/** A chip that answers some commands in another way. */
export function changedChip(chip: SecureElement, change: Partial<SecureElement>): SecureElement {
  return new Proxy(chip, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in change ? change : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A chip that is pulled and put back when it is given a command for the nth time, and then carries that out. */
export async function pulledAt(
  command: 'read' | 'signSession',
  open: () => Promise<SecureElement>,
  nth = 1,
): Promise<SecureElement> {
  let current = await open();
  let given = 0;
  return new Proxy(current, {
    get: (_, name) => {
      if (name === command) {
        return async (request: never) => {
          given += 1;
          if (given === nth) {
            await current.close();
            current = await open();
          }
          return current[command](request);
        };
      }
      const value: unknown = Reflect.get(current, name);
      return typeof value === 'function' ? value.bind(current) : value;
    },
  });
}
