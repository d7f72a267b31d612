/**
 * A client of the coordinator for the time of one request.
 *
 * @module
 */
import { silentLogger } from '@quorate/holder';
import { CoordinatorClient } from '@quorate/agent';
import { CliError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { webSocketUrl } from '../remote/http.ts';
import { sameCommand } from './interrupt.ts';
import { refusalOf } from './refusals.ts';

/** The person who asks, and the coordinator. */
interface Requester {
  /** Base URL of the coordinator. */
  readonly url: string;
  readonly ca?: string | undefined;
  readonly username: string;
  readonly token: () => Promise<string>;
}

/** The session to wait for, and how long. */
interface Patience {
  readonly sessionKey: string;
  readonly seconds: number;
}

/** Connects, lets `ask` do its work, and disconnects; gives up when it takes too long. */
export async function withClient<T>(
  requester: Requester,
  patience: Patience,
  ask: (client: CoordinatorClient) => Promise<T>,
): Promise<T> {
  const client = new CoordinatorClient({
    url: webSocketUrl(requester.url),
    username: requester.username,
    token: requester.token,
    logger: silentLogger,
    ...(requester.ca === undefined ? {} : { ca: requester.ca }),
    // A login over plain http to another host was made with --allow-insecure.
    allowInsecure: requester.url.startsWith('http:'),
  });
  try {
    const work = client.connect().then(() => ask(client));
    return await within(patience, work);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    await client.close();
  }
}

async function within<T>({ sessionKey, seconds }: Patience, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const hint = `the session may go on; to follow it, run ${sameCommand(sessionKey)}`;
      const message = `no result within ${seconds} seconds`;
      reject(new CliError('no_answer', message, { exit: EXIT.refused, hint }));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
