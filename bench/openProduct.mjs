// Either product as processes of its own, in one form for whoever loads, watches or profiles it.
import { openCoordinator } from './coordinatorCluster.mjs';
import { openCosigners } from './cosignerPair.mjs';

/**
 * Opens `product`, `coordinator` or `cosigner`: `sign(name, key)` rejects when the signature failed, `processes` are pids
 * by name. `agents` and `keys` are the coordinator's.
 */
export async function openProduct({ product, agents, keys }) {
  if (product === 'cosigner') {
    const pair = await openCosigners();
    const [enterprise, mobile] = pair.processes;
    return {
      async sign(name) {
        const status = await pair.sign(name);
        if (status !== 'completed') throw new Error(status);
      },
      processes: { enterprise, mobile },
      close: () => pair.close(),
    };
  }
  const cluster = await openCoordinator({ agents, keys });
  const names = cluster.agents.map(({ pid }, at) => [`agent ${at + 1}`, pid]);
  return {
    sign: (name, key) => cluster.sign(name, key),
    processes: { coordinator: cluster.coordinator.pid, ...Object.fromEntries(names) },
    close: () => cluster.close(),
  };
}
