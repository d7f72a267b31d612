/** Ends sessions, or excuses a party from them, for reasons outside the session. */
import type { AuditLog } from '../audit/index.ts';
import type { Users } from '../auth/index.ts';
import type { Chip } from '../chips/index.ts';
import type { Clock } from '../clock.ts';
import type { KeyRecord } from '../keys/index.ts';
import type { Tx } from '../store/database.ts';
import type { Running } from './ceremony.ts';
import { isBound } from './progress.ts';
import { type Refusal, refuse } from './refusal.ts';
import { openSessionsOf } from './repository.ts';
import { isAdmin, lostRight } from './rights.ts';
import type { Sessions } from './sessions.ts';

/** Orders about an open session; each returns the refusal if it is not carried out. */
export interface SessionOrders {
  /** Cancels a session for its asker or an administrator. */
  cancel(tx: Tx, actor: string, sessionKey: string): Promise<Refusal | undefined>;
  /** Closes a destruction that still waits, for an administrator. */
  close(
    tx: Tx,
    actor: string,
    order: { readonly sessionKey: string; readonly reason: string },
  ): Promise<Refusal | undefined>;
}

/** Parts of the server that endings use. */
export interface EndingOptions {
  readonly users: Users;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** Ends sessions from outside. */
export class Endings {
  readonly #sessions: Sessions;
  readonly #options: EndingOptions;

  constructor(sessions: Sessions, options: EndingOptions) {
    this.#sessions = sessions;
    this.#options = options;
  }

  /**
   * Cancels a session for its asker or an administrator; returns the session after that. The outcome says
   * whether a party may already hold a signature. An ended session stays as it ended.
   */
  async cancel(tx: Tx, actor: string, sessionKey: string): Promise<Running | Refusal> {
    const { users, audit, clock } = this.#options;
    const loaded = await this.#sessions.load(tx, sessionKey);
    const user = await users.find(tx, actor);
    const mayCancel = loaded?.state.coordinator === actor || isAdmin(user);
    if (loaded === undefined || !mayCancel) {
      return refuse('unknown_session', 'no session of yours has this session_key');
    }
    const { ceremony, state } = loaded;
    if (state.outcome !== undefined) return loaded;
    if (isBound(ceremony.rules, state)) {
      const why = 'every holder has consented to this destruction: it can no longer be cancelled';
      return refuse('wrong_state', why);
    }
    const at = clock.now();
    const action = 'session.cancel';
    await audit.append(tx, {
      at,
      actor,
      action,
      subject: sessionKey,
      outcome: 'ok',
      details: { kind: state.kind, coordinator: state.coordinator },
    });
    const why = { code: 'cancelled', details: `cancelled by ${actor}`, concerned: [] } as const;
    return this.#sessions.store(tx, loaded, { type: 'ended', at, ...why });
  }

  /**
   * Closes a waiting destruction that every party consented to, for an administrator: it ends as not proven
   * for those who have not answered. Returns the session after that.
   */
  async close(
    tx: Tx,
    actor: string,
    { sessionKey, reason }: { readonly sessionKey: string; readonly reason: string },
  ): Promise<Running | Refusal> {
    const { users, audit, clock } = this.#options;
    if (!isAdmin(await users.find(tx, actor))) {
      return refuse('forbidden_role', 'only an administrator can close a destruction');
    }
    const loaded = await this.#sessions.load(tx, sessionKey);
    if (loaded === undefined) return refuse('unknown_session', 'no such session');
    const { ceremony, state } = loaded;
    if (!ceremony.rules.irrevocable) {
      return refuse(
        'wrong_state',
        `only a destruction can be closed: cancel this ${state.kind} session`,
      );
    }
    if (state.outcome !== undefined) return loaded;
    if (!isBound(ceremony.rules, state)) {
      return refuse('wrong_state', 'not every holder has consented: cancel it instead');
    }
    const at = clock.now();
    const address = ceremony.rules.intent(state).address ?? '';
    await audit.append(tx, {
      at,
      actor,
      action: 'session.close',
      subject: sessionKey,
      outcome: 'ok',
      details: { kind: state.kind, address, reason },
    });
    return this.#sessions.store(tx, loaded, { type: 'closed', at, by: actor, reason });
  }

  /** Ends every open session of a user who may no longer ask for it or take part in it. */
  async userChanged(tx: Tx, username: string, at: number): Promise<void> {
    await this.#endUnauthorised(tx, await openSessionsOf(tx, { username }), at);
    await this.#endUnauthorised(tx, await openSessionsOf(tx, { coordinator: username }), at);
  }

  /** Ends every open session of a key that its asker may no longer use. */
  async grantRevoked(tx: Tx, key: Pick<KeyRecord, 'key_id'>, at: number): Promise<void> {
    await this.#endUnauthorised(tx, await openSessionsOf(tx, { keyId: key.key_id }), at);
  }

  /** Ends every open session of a chip that is no longer active, or excuses the chip from it. */
  async chipInactive(
    tx: Tx,
    { seId, username, state: chipState }: Chip,
    at: number,
  ): Promise<void> {
    for (const sessionKey of await openSessionsOf(tx, { username })) {
      const loaded = await this.#sessions.load(tx, sessionKey);
      const party = loaded?.state.parties.find((one) => one.seId === seId);
      if (loaded === undefined || party === undefined) continue;
      const from = party.index;
      if (!isBound(loaded.ceremony.rules, loaded.state)) {
        const details = `the chip ${seId} of ${username} is ${chipState}`;
        const why = { code: 'chip_unavailable', details, concerned: [from] } as const;
        await this.#sessions.store(tx, loaded, { type: 'ended', at, ...why });
      } else if (chipState === 'lost' || chipState === 'destroyed') {
        await this.#sessions.store(tx, loaded, { type: 'excused', at, from, chipState });
      }
    }
  }

  async #endUnauthorised(tx: Tx, sessionKeys: readonly string[], at: number): Promise<void> {
    for (const sessionKey of sessionKeys) {
      const loaded = await this.#sessions.load(tx, sessionKey);
      if (loaded === undefined || loaded.state.outcome !== undefined) continue;
      const lost = await lostRight(tx, this.#options.users, loaded);
      if (lost === undefined) continue;
      const ended = { type: 'ended', at, code: 'cancelled' } as const;
      await this.#sessions.store(tx, loaded, { ...ended, ...lost });
    }
  }
}

/** Makes the orders that REST gives; REST reads the session itself. */
export function ordersOf(endings: Endings): SessionOrders {
  const refusalOf = (ended: Running | Refusal): Refusal | undefined =>
    'code' in ended ? ended : undefined;
  return {
    cancel: async (tx, actor, sessionKey) => refusalOf(await endings.cancel(tx, actor, sessionKey)),
    close: async (tx, actor, order) => refusalOf(await endings.close(tx, actor, order)),
  };
}
