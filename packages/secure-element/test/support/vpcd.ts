/** The real smart card service with the virtual readers of vpcd, private to one test file, and cards for them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import type { ApduTransport } from '../../src/index.ts';
import { LEAVE, loadPcsc } from '../../src/pcsc/native.ts';
import { type Launch, launchOf } from './launchPcscd.ts';

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
/** The readers of vpcd, in the order of their ports. */
export const READERS = ['Quorate Test 00 00', 'Quorate Test 00 01'] as const;

/** The service with two readers. */
export interface Pcscd {
  /** Ports at which the readers wait for their cards. */
  readonly ports: readonly [number, number];
  /** Kills the service and starts it again. */
  restart(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Why tests with the service cannot run here; null when they can. In CI they must. */
export function missingPcscd(): string | null {
  const lacks = spawnSync('pcscd', ['--version']).error
    ? 'pcscd is not installed'
    : existsSync(DRIVER)
      ? null
      : 'vsmartcard-vpcd is not installed';
  if (lacks === null) return null;
  if (process.env.CI === 'true') throw new Error(`${lacks}; CI does not skip the tests of readers`);
  process.stderr.write(`skipped: readers (${lacks}; apt-get install pcscd vsmartcard-vpcd)\n`);
  return lacks;
}

/** Starts the service with two readers and nothing else. */
export async function startPcscd(): Promise<Pcscd> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-pcscd-'));
  const run = join(directory, 'run');
  const configuration = join(directory, 'reader.conf.d');
  mkdirSync(run);
  mkdirSync(configuration);
  const port = await freePair();
  const lines = [
    'FRIENDLYNAME "Quorate Test"',
    `DEVICENAME /dev/null:${port}`,
    `LIBPATH ${DRIVER}`,
    `CHANNELID ${port}`,
  ];
  writeFileSync(join(configuration, 'vpcd'), `${lines.join('\n')}\n`);
  const how = launchOf(run, configuration);
  if (how.socket !== undefined) process.env.PCSCLITE_CSOCK_NAME = how.socket;
  let daemon = await launch(how);
  const kill = async (): Promise<void> => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    // On the system's socket it has to clean up after itself.
    daemon.kill(how.socket === undefined ? 'SIGTERM' : 'SIGKILL');
    await once(daemon, 'exit');
    rmSync(run, { recursive: true, force: true });
    mkdirSync(run);
  };
  return {
    ports: [port, port + 1],
    kill,
    restart: async () => {
      await kill();
      daemon = await launch(how);
    },
    stop: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function launch({ program, args }: Launch): Promise<ChildProcess> {
  const daemon = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      said.push(chunk.toString());
      if (said.join('').includes('daemon ready')) resolve();
    };
    daemon.stdout.on('data', read);
    daemon.stderr.on('data', read);
    daemon.once('exit', (code) => reject(new Error(`pcscd ended with ${code}: ${said.join('')}`)));
  });
  await untilAnswering();
  return daemon;
}

/** The service says that it is ready shortly before it listens. */
async function untilAnswering(): Promise<void> {
  const pcsc = await loadPcsc();
  for (;;) {
    const context = await pcsc.establish().catch(() => null);
    if (context !== null) return pcsc.release(context);
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
}

/** Two free ports, one after the other. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = await listen(0);
    const port = portOf(first);
    const second = await listen(port + 1).catch(() => null);
    first.close();
    second?.close();
    await once(first, 'close');
    if (second) return port;
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '0.0.0.0');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A card's electronics: what it says at power on, and how it is powered. */
export interface CardBody {
  readonly atr?: Uint8Array;
  /** Power on, also after a reset. */
  power(): Promise<ApduTransport>;
}

/** A card that talks T=1. */
const ATR_T1: Uint8Array = Buffer.from('3b80800101', 'hex');
/** A card that talks T=0. */
export const ATR_T0: Uint8Array = Buffer.from('3b00', 'hex');

/** A card in a reader of vpcd: a 2-byte length before every message, one byte is a control code. */
export class VpcdCard {
  readonly #body: CardBody;
  readonly #port: number;
  readonly #reader: string;
  #socket: Socket | undefined;
  #chip: ApduTransport | undefined;
  #input = Buffer.alloc(0);
  #work: Promise<void> = Promise.resolve();
  /** Sees every command before the card does; may pull the card. */
  onCommand: (apdu: Buffer) => void = () => undefined;

  constructor(pcscd: Pcscd, slot: 0 | 1, body: CardBody) {
    this.#body = body;
    this.#port = pcscd.ports[slot];
    this.#reader = READERS[slot];
  }

  /** Puts the card in and waits until the service has noticed. */
  async insert(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    await once(socket, 'connect');
    this.#socket = socket;
    this.#input = Buffer.alloc(0);
    acknowledgeAtOnce(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      acknowledgeAtOnce(socket);
      this.#work = this.#work.then(() => this.#receive(socket, chunk));
    });
    await untilReader(this.#reader, true);
  }

  /** Takes the card out and waits until the service has noticed. */
  async remove(): Promise<void> {
    this.pull();
    await this.#work;
    await this.#powerOff();
    await untilReader(this.#reader, false);
  }

  /** Takes the card out, in the middle of whatever goes on. */
  pull(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #receive(socket: Socket, chunk: Buffer): Promise<void> {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (this.#input.length >= 2) {
      const length = this.#input.readUInt16BE(0);
      if (this.#input.length < 2 + length) return;
      const message = this.#input.subarray(2, 2 + length);
      this.#input = this.#input.subarray(2 + length);
      const answer = length === 1 ? await this.#control(message[0]) : await this.#command(message);
      if (answer && !socket.destroyed) {
        const head = Buffer.alloc(2);
        head.writeUInt16BE(answer.length);
        socket.write(Buffer.concat([head, answer]));
      }
    }
  }

  async #control(code: number | undefined): Promise<Uint8Array | null> {
    if (code === 0) await this.#powerOff();
    if (code === 1 || code === 2) {
      await this.#powerOff();
      this.#chip = await this.#body.power().catch(() => undefined);
    }
    return code === 4 ? (this.#body.atr ?? ATR_T1) : null;
  }

  async #command(apdu: Buffer): Promise<Uint8Array | null> {
    this.onCommand(apdu);
    if (this.#socket === undefined) return null;
    if (this.#chip === undefined) return Buffer.from('6f00', 'hex');
    return this.#chip.transmit(Uint8Array.from(apdu)).catch(() => Buffer.from('6f00', 'hex'));
  }

  async #powerOff(): Promise<void> {
    await this.#chip?.close();
    this.#chip = undefined;
  }
}

/**
 * Waits until the service sees, or misses, a card in a reader. The driver of vpcd does not see a card go that has no
 * power, so a card that goes is kept connected meanwhile, unless somebody else does that.
 */
async function untilReader(reader: string, present: boolean): Promise<void> {
  const pcsc = await loadPcsc();
  const context = await pcsc.establish();
  try {
    const held = present ? null : await pcsc.connect(context, reader).catch(() => null);
    for (;;) {
      const [state] = await pcsc.states(context, [reader]);
      if (state?.present === present) break;
      await pause();
    }
    if (held) await pcsc.disconnect(held.card, LEAVE);
  } finally {
    await pcsc.release(context);
  }
}

const setsockopt = koffi
  .load(null)
  .func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint']);

/** vpcd writes a length and then the rest; without this the kernel waits 40 ms before it asks for the rest. */
function acknowledgeAtOnce(socket: Socket): void {
  const { fd = -1 } = Object(Reflect.get(socket, '_handle'));
  setsockopt(fd, 6, 12, Int32Array.of(1), 4);
}
