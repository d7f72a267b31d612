/** How a test starts the smart card service: alone with itself where the system allows that, in turn otherwise. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const NAMESPACE = ['--user', '--map-root-user', '--mount'];
/** Held by the one service that uses the system's socket. */
const LOCK = '/tmp/quorate-pcscd.lock';

/** A program, its arguments, and where the service then listens; undefined is the system's socket. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly socket: string | undefined;
}

/**
 * In a mount namespace `run` takes the place of the service's own directory, so it meets no other service of this
 * machine. Where namespaces are not allowed, as in many containers, the service waits until no other test has one.
 */
export function launchOf(run: string, configuration: string): Launch {
  if (spawnSync('unshare', [...NAMESPACE, 'true']).status === 0) {
    const script =
      'mkdir -p /run/pcscd && mount --bind "$0" /run/pcscd && exec pcscd --foreground --info --config "$1"';
    const args = [...NAMESPACE, 'sh', '-c', script, run, configuration];
    return { program: 'unshare', args, socket: join(run, 'pcscd.comm') };
  }
  const service = ['pcscd', '--foreground', '--info', '--config', configuration];
  return { program: 'flock', args: ['--no-fork', LOCK, ...service], socket: undefined };
}
