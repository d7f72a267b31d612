/**
 * `quorate coordinator`: the server.
 *
 * @module
 */
import type { CoordinatorConfig, CoordinatorServer, ServerKeyName } from '@quorate/coordinator';
import { type Command, Option } from 'commander';
import type { Attach, Context } from '../context.ts';
import { createServerLog } from '../coordinator/log.ts';
import { consoleFiles } from '../coordinator/page.ts';
import { notListening } from '../errors.ts';
import { addStopOptions, type StopOptions, untilStopped } from '../dev/interrupt.ts';
import { writeDurably } from '../files.ts';
import { parseLogLevel } from '../terminal/log.ts';
import { parsePort } from './dev.ts';

interface CoordinatorOptions extends StopOptions {
  readonly config?: string;
  readonly data?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly allowInsecure?: boolean;
  readonly language?: string;
  readonly logLevel?: string;
  readonly init?: boolean;
  readonly adoptKey?: readonly ServerKeyName[];
  readonly adoptLog?: boolean;
  readonly setupTokenOut?: string;
}

const SERVER_KEYS: readonly ServerKeyName[] = ['authorisation', 'audit', 'token'];

/** Adds the command. */
export function registerCoordinator(program: Command, attach: Attach): void {
  const command = program
    .command('coordinator')
    .description('run the server until SIGTERM or Ctrl-C')
    .option('--config <file>', 'YAML configuration; QUORATE_* variables and options override it')
    .option('--data <dir>', 'database and keys (default: ./quorate-data)')
    .option('--init', 'first start: create the database and the keys')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <port>', 'port, 0 for any (default: 8080)', parsePort)
    .option('--tls-cert <file>', 'TLS certificate, PEM')
    .option('--tls-key <file>', 'its private key, PEM')
    .option('--allow-insecure', 'serve other hosts without TLS, e.g. behind a TLS proxy')
    .option('--language <language>', 'language of messages for people: en or zh-CN')
    .option('--log-level <level>', 'debug, info, warn or error', parseLogLevel)
    .option(
      '--setup-token-out <file>',
      'write the first start’s setup token to this file, not to stdout',
    )
    .addOption(
      new Option(
        '--adopt-key <name...>',
        'accept the key file as it is, or replace a lost key: authorisation, audit or token',
      ).choices(SERVER_KEYS),
    )
    .option(
      '--adopt-log',
      'continue an audit log other than the last signed one, e.g. of a restored backup',
    );
  addStopOptions(command);
  command.addHelpText(
    'after',
    `
The first start (--init) creates the database and the keys and prints a one-time token for the first
administrator (quorate users setup). Every later start refuses a directory without a database, and
key files that the database does not know.

Set only in the file or the environment: origins, trusted proxies, deadlines, keys and lives of
tokens, limits, time-outs. docs/operating.md lists every setting with its default and bounds.

Examples:
  quorate coordinator --data ./quorate-data --init
  quorate coordinator --data ./quorate-data
  quorate coordinator --config /etc/quorate/coordinator.yaml --json`,
  );
  attach<CoordinatorOptions>(command, coordinator, { serves: true });
}

async function coordinator(context: Context, options: CoordinatorOptions): Promise<void> {
  // No other command needs the server's code at its start, so it is loaded here.
  const { createServer, loadCoordinatorConfig, serverOptionsOf } = await import(
    '@quorate/coordinator'
  );
  const config = loadCoordinatorConfig({
    file: options.config,
    env: context.world.environment,
    flags: {
      data: options.data,
      'listen.host': options.host,
      'listen.port': options.port,
      'tls.certificate_file': options.tlsCert,
      'tls.key_file': options.tlsKey,
      allow_insecure: options.allowInsecure,
      language: options.language,
      'log.level': options.logLevel,
    },
  });
  await untilStopped(options, async ({ asked, ending }) => {
    const server = await createServer({
      ...serverOptionsOf(config),
      init: options.init === true,
      adoptKeys: options.adoptKey ?? [],
      adoptLog: options.adoptLog === true,
      logger: createServerLog(context.output, config.log.level),
      consoleFiles: consoleFiles(),
    });
    try {
      const { url, wsUrl } = await listen(server, config);
      announce(context, options, { config, server, url, wsUrl });
      await asked;
      context.output.note('stopping');
    } finally {
      await server.close(ending);
    }
  });
}

async function listen(
  server: CoordinatorServer,
  { listen: { host, port } }: CoordinatorConfig,
): Promise<{ url: string; wsUrl: string }> {
  try {
    return await server.listen();
  } catch (error) {
    const where = {
      choosePort: 'with --port or listen.port',
      chooseHost: 'with --host or listen.host',
    };
    throw notListening(error, { host, port, ...where });
  }
}

interface Listening {
  readonly config: CoordinatorConfig;
  readonly server: CoordinatorServer;
  readonly url: string;
  readonly wsUrl: string;
}

function announce(context: Context, options: CoordinatorOptions, listening: Listening): void {
  const { config, server, url, wsUrl } = listening;
  const { output } = context;
  if (config.tls === undefined && config.allow_insecure) {
    output.warn('no TLS: passwords and tokens cross the network in clear');
  }
  const token = server.setupToken;
  if (token !== undefined && options.setupTokenOut !== undefined) {
    writeDurably(options.setupTokenOut, `${token}\n`, { private: true });
  }
  const printed = options.setupTokenOut === undefined ? token : undefined;
  output.event({
    event: 'listening',
    url,
    ws_url: wsUrl,
    ...(printed === undefined ? {} : { setup_token: printed }),
  });
  if (output.json) return;
  output.lines([
    `listening on ${url} (WebSocket ${wsUrl})`,
    ...(printed === undefined ? [] : firstSteps(url, printed)),
  ]);
}

function firstSteps(url: string, token: string): string[] {
  const setUp = `  quorate users setup --url ${url} --username NAME`;
  return [`setup token, shown once: ${token}`, setUp];
}
