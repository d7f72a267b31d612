/** Translates the names and units of a configuration into those of the server. */
import type { TokenKeySettings } from '../auth/index.ts';
import type { Rates, RequestLimits, Timeouts } from '../limits/defaults.ts';
import type { ServerOptions } from '../options.ts';
import type { CoordinatorConfig } from './settings.ts';
import { readTls } from './tls.ts';

const DAY = 86_400_000;

/** Makes the options of a server from its configuration; reads the TLS files. */
export function serverOptionsOf(config: CoordinatorConfig): ServerOptions {
  const { tls, tokens, deadlines, limits, timeouts, rates, retention } = config;
  return {
    dataDirectory: config.data,
    host: config.listen.host,
    port: config.listen.port,
    hsts: config.hsts,
    allowInsecure: config.allow_insecure,
    language: config.language,
    origins: config.origins,
    deadlines: {
      invitation: deadlines.invitation * 1000,
      round: deadlines.round * 1000,
      session: deadlines.session * 1000,
    },
    tokens: tokenSettings(tokens),
    lifetimes: { access: tokens.access * 1000, refresh: tokens.refresh * 1000 },
    requestLimits: {
      openSessions: limits.open_sessions,
      unansweredPerParticipant: limits.unanswered_per_participant,
    } satisfies RequestLimits,
    connections: {
      total: limits.connections,
      perAddress: limits.connections_per_address,
      ...(limits.connections_reserved === undefined
        ? {}
        : { reserved: limits.connections_reserved }),
    },
    trustedProxies: config.trusted_proxies,
    timeouts: {
      handshake: timeouts.handshake * 1000,
      headers: timeouts.headers * 1000,
      request: timeouts.request * 1000,
      keepAlive: timeouts.keep_alive * 1000,
      register: timeouts.register * 1000,
    } satisfies Timeouts,
    rates: {
      loginsPerAddress: rates.logins_per_address,
      refreshesPerAddress: rates.refreshes_per_address,
      requestsPerUser: rates.requests_per_user,
      guessesPerPlace: rates.guesses_per_place,
      guessesPerName: rates.guesses_per_name,
      messagesPerSecond: rates.messages_per_second,
      messagesAtOnce: rates.messages_at_once,
    } satisfies Rates,
    maxConnectionsPerUser: limits.connections_per_user,
    retention: { messages: retention.messages * DAY, clients: retention.clients * DAY },
    knownFor: retention.known_devices * DAY,
    ...(tls === undefined ? {} : { tls: readTls(tls) }),
  };
}

function tokenSettings(tokens: CoordinatorConfig['tokens']): Partial<TokenKeySettings> {
  const { algorithm, key_file: keyFile } = tokens;
  const { jwks_file: file, jwks_issuer: issuer, jwks_audience: audience } = tokens;
  const own = { algorithm, ...(keyFile === undefined ? {} : { keyFile }) };
  if (file === undefined || issuer === undefined || audience === undefined) return own;
  const terms = {
    type: tokens.jwks_type,
    rolesClaim: tokens.jwks_roles_claim,
    maxLife: tokens.jwks_max_life * 1000,
    clockTolerance: tokens.clock_tolerance * 1000,
  };
  return { ...own, jwks: { file, issuer, audience, ...terms } };
}
