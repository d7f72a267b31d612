/** A disk of a few MiB that a test fills or makes read-only: a tmpfs in a mount namespace of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';

const NAMESPACE = ['--user', '--map-root-user', '--mount'];
const SIZE = '16m';

/** Whether the system lets a test have one. */
export const hasSmallDisks: boolean = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0;

/** One disk, on a folder of the test. */
export class SmallDisk {
  readonly #folder: string;
  readonly #holder: ChildProcess;

  private constructor(folder: string, holder: ChildProcess) {
    this.#folder = folder;
    this.#holder = holder;
  }

  /** Mounts a disk on a folder, and copies another onto it; who does not see the disk sees the copy under it. */
  static async mount(folder: string, original: string): Promise<SmallDisk> {
    cpSync(original, join(folder, basename(original)), { recursive: true });
    const script = `mount -t tmpfs -o size=${SIZE} none "$1" && cp -a "$2" "$1" && echo mounted && exec sleep 100000`;
    const args = [...NAMESPACE, 'sh', '-c', script, 'sh', folder, original];
    const holder = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', (code) => reject(new Error(`no disk: ${code}`)));
    });
    return new SmallDisk(folder, holder);
  }

  /** A path on the disk as this process reaches it. */
  at(...names: string[]): string {
    return join(`/proc/${this.#holder.pid}/root`, this.#folder, ...names);
  }

  /** A command that sees the disk. */
  readonly launch = (...command: string[]): string[] => [
    'nsenter',
    `--target=${this.#holder.pid}`,
    '--user',
    '--mount',
    '--preserve-credentials',
    ...command,
  ];

  /** Leaves not a byte free. */
  fill(): void {
    const file = openSync(this.at('fill'), 'a');
    try {
      for (const block of [Buffer.alloc(1024 * 1024), Buffer.alloc(4096), Buffer.alloc(1)]) {
        while (takes(file, block)) continue;
      }
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.at('fill'));
  }

  /** Makes a folder read-only; files of other folders that are open for writing would keep the whole disk from it. */
  protect(...names: string[]): void {
    const folder = join(this.#folder, ...names);
    this.#mount(['--bind', folder, folder]);
    this.#mount(['-o', 'remount,bind,ro', folder]);
  }

  /** Makes it writable again. */
  unprotect(...names: string[]): void {
    this.#mount(['-o', 'remount,bind,rw', join(this.#folder, ...names)]);
  }

  #mount(options: readonly string[]): void {
    const [command = '', ...args] = this.launch('mount', ...options);
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mount ${options.join(' ')}: ${stderr}`);
  }

  close(): void {
    this.#holder.kill('SIGKILL');
  }
}

function takes(file: number, block: Buffer): boolean {
  try {
    return writeSync(file, block) === block.length;
  } catch {
    return false;
  }
}
