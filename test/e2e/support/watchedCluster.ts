// A cluster whose agents reach the coordinator through a recorder, and somebody who asks for ceremonies.
import { type Cluster, startCluster } from '@quorate/cli';
import { Requester } from './ceremonies.ts';
import { recordedRoute } from './recorder.ts';

/** A running cluster of three. */
export interface WatchedCluster {
  readonly cluster: Cluster;
  readonly requester: Requester;
  /**
   * Acts as soon as so many frames of agents with such a message have reached the coordinator, and settles then.
   * Only the last call counts.
   */
  at(type: string, nth: number, act: () => void): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it. */
export async function startWatchedCluster(): Promise<WatchedCluster> {
  let onFrame: (text: string) => void = () => undefined;
  const { route, recording } = recordedRoute((direction, text) => {
    if (direction === 'to-server') onFrame(text);
  });
  const cluster = await startCluster({ parties: 3, port: 0, route });
  const requester = await Requester.of(cluster);
  return {
    cluster,
    requester,
    at: (type, nth, act) =>
      new Promise((resolve) => {
        let seen = 0;
        onFrame = (text) => {
          if (!text.includes(`"type":"${type}"`)) return;
          seen += 1;
          if (seen !== nth) return;
          onFrame = () => undefined;
          act();
          resolve();
        };
      }),
    async stop() {
      requester.client.close();
      await cluster.stop();
      await recording().close();
    },
  };
}
