/**
 * The command line as a library: for tests, and for programs that want a development cluster.
 *
 * @module
 */
export { type Cluster, type ClusterOptions, startCluster } from './dev/cluster.ts';
export type { Person } from './dev/people.ts';
export type { Program as ClusterProgram } from './dev/program.ts';
export { EXIT, EXIT_MEANINGS, type ExitCode } from './exitCodes.ts';
export { main, processWorld } from './main.ts';
