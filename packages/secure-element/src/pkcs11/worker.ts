/** The thread of one PKCS#11 module: Cryptoki's calls block, and generating a key takes long. */
import { parentPort, workerData } from 'node:worker_threads';
import { SecureElementError } from '../errors.ts';
import { ModuleHost } from './host.ts';
import type { Order, PostedError, Reply, Results } from './protocol.ts';
import type { TokenRunner } from './runner.ts';

/** The start data of the thread. */
export interface ModuleThreadData {
  readonly module: string;
  /** The module's own parameters of C_Initialize. */
  readonly parameters?: string | undefined;
}

const port = parentPort;
if (port === null) throw new Error('unreachable: this program is a thread');
const { module, parameters }: ModuleThreadData = workerData;
const elements = new Map<number, TokenRunner>();
let host: ModuleHost | null = null;
let opened = 0;

function run(order: Order): Results[keyof Results] {
  host ??= ModuleHost.load(module, parameters);
  switch (order.kind) {
    case 'list':
      return host.list();
    case 'open': {
      opened += 1;
      elements.set(opened, host.open(order.choice));
      return opened;
    }
    case 'reset-pin':
      return resetPin(host, order);
    case 'transmit':
      return transmit(order.element, order.apdu);
    case 'damaged':
      return element(order.element).damaged();
    case 'close': {
      element(order.element).close();
      elements.delete(order.element);
      return null;
    }
  }
}

function element(number: number): TokenRunner {
  const runner = elements.get(number);
  if (runner === undefined) throw new SecureElementError('closed', 'the token is closed');
  return runner;
}

function transmit(number: number, apdu: Uint8Array): Uint8Array {
  try {
    return element(number).process(apdu);
  } finally {
    apdu.fill(0);
  }
}

function resetPin(
  loaded: ModuleHost,
  { choice, pins }: Extract<Order, { readonly kind: 'reset-pin' }>,
): null {
  try {
    loaded.resetPin(choice, pins);
    return null;
  } finally {
    pins.securityOfficerPin.fill(0);
    pins.pin.fill(0);
  }
}

function refusal(error: unknown): PostedError {
  if (error instanceof SecureElementError) {
    const { code, message, unsent, triesLeft } = error;
    return { code, message, unsent, triesLeft };
  }
  const message = error instanceof Error ? error.message : 'no reason';
  return { code: 'chip-failure', message, unsent: false };
}

port.on('message', (order: Order | 'end') => {
  if (order === 'end') {
    for (const runner of elements.values()) runner.close();
    host?.close();
    port.close();
    return;
  }
  let reply: Reply;
  try {
    reply = { id: order.id, value: run(order) };
  } catch (error) {
    reply = { id: order.id, error: refusal(error) };
  }
  // Moved instead of copied, because an answer may hold a secret.
  const moved =
    'value' in reply &&
    reply.value instanceof Uint8Array &&
    reply.value.buffer instanceof ArrayBuffer
      ? [reply.value.buffer]
      : [];
  port.postMessage(reply, moved);
});
