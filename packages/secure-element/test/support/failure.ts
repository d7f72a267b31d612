import { SecureElementError } from '../../src/index.ts';

type Told = Pick<SecureElementError, 'code' | 'message' | 'statusWord' | 'triesLeft' | 'unsent'>;

/** The error of a chip's command; undefined if the command succeeds. */
export const failure = (command: Promise<unknown>): Promise<Partial<Told>> =>
  command.then(
    () => ({}),
    (error: unknown) => {
      if (!(error instanceof SecureElementError)) throw error;
      const { code, message, statusWord, triesLeft, unsent } = error;
      return { code, message, statusWord, triesLeft, unsent };
    },
  );
