/** The Java Card applet on jCardSim: one Java process, a new blank card for each connection to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ApduTransport } from '../../src/index.ts';
import type { ChipUnderTest } from './host.ts';
import type { CardBodyChip } from './pcscHarness.ts';

const TARGET = fileURLToPath(new URL('../../../../applet/target/', import.meta.url));
const JAR = join(TARGET, 'quorate-applet.jar');
const CLASS_PATH = [JAR, join(TARGET, 'test-classes'), join(TARGET, 'lib', '*')].join(':');

const POWER_OFF = 0;
const POWER_ON = 1;
const CUT_AFTER_WRITE = 0x40;
const TOO_SHORT = Uint8Array.of(0x67, 0x00);

/** Whether `mvn -f applet package` was run. */
export function isAppletBuilt(): boolean {
  return existsSync(JAR);
}

/** A program that makes simulated cards. */
export interface CardServer {
  readonly makeCard: () => Promise<ChipUnderTest>;
  /** A card whose power is a reader's. */
  readonly makeBody: () => Promise<CardBodyChip>;
  close(): Promise<void>;
}

/** Starts the card server of `applet/`. */
export async function startCardServer(): Promise<CardServer> {
  const child = startJava(['--listen']);
  const port = await portOf(child);
  return {
    makeCard: async () => makeCard(await connectTo(port)),
    makeBody: async () => bodyOf(makeCard(await connectTo(port))),
    close: () => end(child),
  };
}

function startJava(options: readonly string[]): ChildProcess {
  const main = ['-cp', CLASS_PATH, 'quorate.card.simulator.CardServer', ...options];
  return spawn('java', ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...main], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** The program ends with its input. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, port] = /^listening (\d+)$/m.exec(text) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the card server ended with ${code}`)));
  });
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function makeCard(socket: Socket): ChipUnderTest {
  const line = new FrameLine(socket);
  const transport: ApduTransport = {
    transmit: async (apdu) => {
      if (apdu.length === 1) return TOO_SHORT; // one byte is control here, so that the line answers
      const answer = await line.ask(apdu);
      if (answer.length === 0) throw new Error('no answer: the card has no power');
      return answer;
    },
    close: async () => line.close(),
  };
  const control = async (byte: number): Promise<void> => line.send(Uint8Array.of(byte));
  return {
    transport,
    reset: async () => {
      await control(POWER_OFF);
      await control(POWER_ON);
    },
    resetAndCutPowerAfterWrite: (count) => control(CUT_AFTER_WRITE + count),
    dispose: () => transport.close(),
  };
}

function bodyOf(card: ChipUnderTest): CardBodyChip {
  // The card stays when a reader takes its power away.
  const powered: ApduTransport = {
    transmit: (apdu) => card.transport.transmit(apdu),
    close: async () => undefined,
  };
  return {
    power: () => card.reset().then(() => powered),
    powerUntilWrite: (count) => card.resetAndCutPowerAfterWrite(count).then(() => powered),
    remove: () => card.dispose(),
  };
}

/** Starts a card that puts itself into the reader of vpcd that waits at a port, until it is taken out. */
export function insertItself(port: number): { remove: () => Promise<void> } {
  const child = startJava(['--vpcd', String(port)]);
  return { remove: () => end(child) };
}

/** Frames of 2 bytes of length and a body; each question has one answer, in order. */
class FrameLine {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (body: Uint8Array) => void; reject: (error: Error) => void }[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the card server closed the connection')));
  }

  send(body: Uint8Array): void {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(body.length);
    this.#socket.write(Buffer.concat([length, body]));
  }

  ask(body: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection is closed'));
      this.#waiting.push({ resolve, reject });
      this.send(body);
    });
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 2) {
      const end = 2 + this.#received.readUInt16BE(0);
      if (this.#received.length < end) return;
      const body = Uint8Array.from(this.#received.subarray(2, end));
      this.#received = this.#received.subarray(end);
      this.#waiting.shift()?.resolve(body);
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
