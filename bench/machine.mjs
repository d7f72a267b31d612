// The machine that figures are of: no figure is printed without it.
import { cpus, loadavg } from 'node:os';

/** Processors, Node, and how busy the machine was in the minute before. */
export function describeMachine() {
  const [cpu] = cpus();
  return {
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}`,
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** The same in one line for people. */
export function machineText() {
  const { machine, node, load } = describeMachine();
  return `${machine}, Node ${node}, load ${load}`;
}
