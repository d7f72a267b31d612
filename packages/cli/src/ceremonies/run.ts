/**
 * Runs a ceremony of any kind in the role of coordinator, with progress, and tells its outcome.
 *
 * @module
 */
import type { OutcomeOf } from '@quorate/agent';
import type { Kind } from '@quorate/wire';
import { loginPath } from '../commands/users/index.ts';
import type { Context } from '../context.ts';
import { writeDurably } from '../files.ts';
import { loginApi } from '../remote/api.ts';
import { withClient } from './client.ts';
import { explainInterrupt, sameCommand } from './interrupt.ts';
import { newSessionKey } from './options.ts';
import type { CeremonyOptions, CliCeremony } from './shape.ts';
import { showState } from './state.ts';

/** Asks for a ceremony, waits for its end, and tells how it ended. @throws CliError */
export async function runCeremony<K extends Kind, O extends CeremonyOptions>(
  context: Context,
  ceremony: CliCeremony<K, O>,
  options: O,
): Promise<void> {
  const { output, progress } = context;
  const { kind } = ceremony;
  let opened: ReturnType<typeof loginApi> | undefined;
  const open = (): ReturnType<typeof loginApi> =>
    (opened ??= loginApi(loginPath(context, options)));
  const asking = await ceremony.begin(context, options, open);
  const api = open();
  const sessionKey = options.sessionKey ?? newSessionKey(kind);
  progress.stage('request', asking.label, { session_key: sessionKey });
  const calm = explainInterrupt(output, sessionKey);
  try {
    const order = await asking.order(api, sessionKey);
    const requester = { ...api.login, token: () => api.token() };
    const patience = { sessionKey, seconds: options.wait };
    const outcome = await withClient<OutcomeOf<K>>(requester, patience, (client) =>
      client.ask(kind, order, showState(progress)),
    );
    progress.done();
    const { result, lines, file } = asking.tell(outcome, order);
    output.result({ session_key: sessionKey, ...result }, lines, sameCommand(sessionKey));
    // Written after it was shown: a full disk must not hide a signature.
    if (options.out !== undefined && file !== undefined) {
      writeDurably(options.out, file, { private: false });
    }
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    calm();
  }
}
