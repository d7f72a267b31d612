/** The rooms of the coordinator: users, chips, delivery and sessions, over their common ground. */
import { CLOSE, DEADLINES } from '@quorate/wire';
import { type Auth, createAuth } from './auth/index.ts';
import { CEREMONIES } from './ceremonies/index.ts';
import { type ChipRegistry, createChips } from './chips/index.ts';
import { Outbox, RETENTION } from './delivery/outbox.ts';
import type { Ground } from './ground.ts';
import { REQUEST_LIMITS } from './limits/defaults.ts';
import type { Endings } from './session/endings.ts';
import { SessionService } from './session/service.ts';
import type { Deadlines } from './session/types.ts';

/** The rooms behind REST and sockets. */
export interface Rooms {
  readonly auth: Auth;
  readonly chips: ChipRegistry;
  readonly outbox: Outbox;
  readonly sessions: SessionService;
}

/** Opens the rooms. */
export async function openRooms(ground: Ground): Promise<Rooms> {
  const { options, database, audit, tally, clock, hub, language, onError } = ground;
  // Users and chips end sessions, and sessions are made of users and chips: so these look up sessions late.
  const endings = (): Endings => sessions.endings;
  const auth = await openAuth(ground, endings);
  const kept = { ...RETENTION, ...options.retention };
  const outbox = new Outbox(
    (to, message) => hub.deliver(to, message),
    kept,
    (who) => hub.isConnected(who),
  );
  const chips = createChips({
    database,
    audit,
    tally,
    clock,
    users: auth.users,
    key: ground.keys.authorisation,
    onInactive: (tx, chip, at) => endings().chipInactive(tx, chip, at),
  });
  const sessions: SessionService = new SessionService({
    ceremonies: CEREMONIES,
    database,
    users: auth.users,
    chips,
    audit,
    tally,
    outbox,
    hub,
    clock,
    language,
    onError,
    deadlines: { ...defaultDeadlines, ...options.deadlines },
    limits: { ...REQUEST_LIMITS, ...options.requestLimits },
  });
  return { auth, chips, outbox, sessions };
}

function openAuth(ground: Ground, endings: () => Endings): Promise<Auth> {
  const { options, database, audit, clock, keys, tokens, tally, rates, hub, metrics } = ground;
  return createAuth({
    database,
    audit,
    clock,
    keys: { ...tokens, ...(keys.token === undefined ? {} : { key: keys.token }) },
    ...(options.lifetimes === undefined ? {} : { lifetimes: options.lifetimes }),
    ...(options.passwordCost === undefined ? {} : { cost: options.passwordCost }),
    onChanged: (tx, username, at) => endings().userChanged(tx, username, at),
    tally,
    rates,
    ...(options.knownFor === undefined ? {} : { knownFor: options.knownFor }),
    onRevoked: (revoked) => hub.disconnect(revoked, CLOSE.tokenExpired, 'register again'),
    onGuess: (outcome) => metrics.login(outcome),
  });
}

const defaultDeadlines: Deadlines = {
  invitation: DEADLINES.invitation,
  round: DEADLINES.round,
  session: DEADLINES.session,
};
