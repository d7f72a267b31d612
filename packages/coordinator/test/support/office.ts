import { acceptAll, type MadeKey, makeKey, signRequest } from './ceremony.ts';
import { Participant } from './participant.ts';
import type { Received, TestSocket } from './socket.ts';
import { openWorld, type World } from './world.ts';

/** A world whose people are connected. */
export interface Office {
  readonly world: World;
  readonly coordinator: TestSocket;
  readonly participants: Participant[];
}

/** Opens a world and connects a coordinator and these participants; `extra` are fields of its register message. */
export async function openOffice(names: readonly string[], extra: object = {}): Promise<Office> {
  const world = await openWorld(names);
  const coordinator = await world.connect('coordinator', 'coordinator', extra);
  const participants = await Promise.all(names.map((name) => Participant.connect(world, name)));
  return { world, coordinator, participants };
}

/** An {@link openOffice} whose participants hold a key. */
export async function openOfficeWithKey(
  names: readonly string[],
  threshold: number,
  extra: object = {},
): Promise<Office & { readonly key: MadeKey }> {
  const office = await openOffice(names, extra);
  const { world, coordinator, participants } = office;
  return { ...office, key: await makeKey(world, coordinator, participants, threshold) };
}

/** A signature that everybody was asked for and has accepted. */
export async function acceptedSignature(
  { coordinator, participants }: Omit<Office, 'world'>,
  key: MadeKey,
  digest: string,
): Promise<{ sessionKey: string; params: Received[] }> {
  const names = participants.map(({ person }) => person.username);
  const request = signRequest(key, names, digest);
  const sessionKey = String(request['session_key']);
  coordinator.send(request);
  return { sessionKey, params: await acceptAll(participants, 'sign', key, sessionKey) };
}
