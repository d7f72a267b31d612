// The smart card service with a virtual reader, private to this run, and a chip as the card in it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
const ATR = Buffer.from('3b80800101', 'hex');

async function freePort() {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the service; null where it is not installed. */
export async function startReader(directory) {
  if (!existsSync(DRIVER)) return null;
  const run = join(directory, 'run');
  const configuration = join(directory, 'reader.conf.d');
  mkdirSync(run);
  mkdirSync(configuration);
  const port = await freePort();
  const lines = ['FRIENDLYNAME "Bench"', `DEVICENAME /dev/null:${port}`, `LIBPATH ${DRIVER}`];
  writeFileSync(join(configuration, 'vpcd'), `${lines.join('\n')}\nCHANNELID ${port}\n`);
  process.env.PCSCLITE_CSOCK_NAME = join(run, 'pcscd.comm');
  const script =
    'mkdir -p /run/pcscd && mount --bind "$0" /run/pcscd && exec pcscd --foreground --info --config "$1"';
  const inside = ['sh', '-c', script, run, configuration];
  const daemon = spawn('unshare', ['--user', '--map-root-user', '--mount', ...inside], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of daemon.stdout.iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (said.includes('daemon ready')) break;
  }
  daemon.stdout.resume();
  return {
    port,
    stop: async () => {
      daemon.kill('SIGKILL');
      await once(daemon, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Puts a chip into the reader; `powerOn` gives the way to it. */
export async function insertCard(port, powerOn) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const acknowledgeAtOnce = await quickly(socket);
  let chip;
  let input = Buffer.alloc(0);
  const answer = async (message) => {
    if (message.length > 1) return chip.transmit(Uint8Array.from(message));
    if (message[0] === 4) return ATR;
    await chip?.close();
    chip = message[0] === 0 ? undefined : await powerOn();
    return undefined;
  };
  const serve = async () => {
    while (input.length >= 2 && input.length >= 2 + input.readUInt16BE(0)) {
      const length = input.readUInt16BE(0);
      const message = input.subarray(2, 2 + length);
      input = input.subarray(2 + length);
      const bytes = await answer(message);
      if (bytes === undefined) continue;
      const head = Buffer.alloc(2);
      head.writeUInt16BE(bytes.length);
      socket.write(Buffer.concat([head, bytes]));
    }
  };
  let work = Promise.resolve();
  acknowledgeAtOnce();
  socket.on('data', (chunk) => {
    acknowledgeAtOnce();
    work = work.then(() => {
      input = Buffer.concat([input, chunk]);
      return serve();
    });
  });
  socket.on('error', () => undefined);
  return async () => {
    socket.destroy();
    await work;
    await chip?.close();
  };
}

/**
 * vpcd writes a length and then the rest; without TCP_QUICKACK the kernel waits 40 ms before it asks for the rest, which no
 * reader of hardware does. Whoever reaches a reader has koffi.
 */
async function quickly(socket) {
  const { default: koffi } = await import('koffi');
  const types = ['int', 'int', 'int', 'void *', 'uint'];
  const setsockopt = koffi.load(null).func('setsockopt', 'int', types);
  return () => setsockopt(socket._handle?.fd ?? -1, 6, 12, Int32Array.of(1), 4);
}
