// CPU time of a process and of everything that it started, as Linux counts it.
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of one tick of /proc: Linux reports 100 a second to programs on every platform. */
const TICK_MS = 10;

function readStat(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return { parent: Number(fields[1]), cpu: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
  } catch {
    return undefined; // it has ended
  }
}

function listProcesses() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** CPU time in milliseconds of this process, to the microsecond, and of its living descendants, to the tick. */
export function cpuOfTree() {
  const { user, system } = process.cpuUsage();
  const own = (user + system) / 1000;
  const stats = new Map(listProcesses().map((pid) => [Number(pid), readStat(pid)]));
  let total = own;
  const family = new Set([process.pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, stat] of stats) {
      if (stat === undefined || family.has(pid) || !family.has(stat.parent)) continue;
      family.add(pid);
      total += stat.cpu;
      grown = true;
    }
  }
  return total;
}

/** CPU time in milliseconds and resident memory in megabytes of one process; zeros where /proc is absent. */
export function usageOf(pid) {
  try {
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { cpu: readStat(pid)?.cpu ?? 0, rss: Number(resident[1]) / 1024 };
  } catch {
    return { cpu: 0, rss: 0 };
  }
}
