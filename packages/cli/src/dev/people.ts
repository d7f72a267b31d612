/**
 * The people of a development cluster, set up by the same steps as real ones.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { resolvePath, virtualChip } from '@quorate/agent';
import { makeDirectories } from '@quorate/intent/directory';
import { writeDurably } from '../files.ts';
import { importRoster, setUpAgent } from '../operations/agents.ts';
import {
  type Authority,
  authorityOf,
  makeChip,
  registerChip,
  withChip,
} from '../operations/chips.ts';
import { makeRosterKey, rosterFromRegistry, signWithFile } from '../operations/rosters.ts';
import { readSecretFile } from '../secrets.ts';
import {
  addUser,
  type Credentials,
  issueToken,
  logIn,
  setUpAdministrator,
} from '../operations/users.ts';
import { type Api, tokenApi } from '../remote/api.ts';
import type { Endpoint } from '../remote/http.ts';

/** scrypt cost of the virtual chips here: they hold keys of a directory that is deleted at the end. */
const CHIP_SCRYPT_COST = 2 ** 12;
const TOKEN_SECONDS = 30 * 86_400;
const ADMINISTRATOR = 'admin';

/** A user with a token. Secret. */
export interface Person {
  readonly username: string;
  readonly role: 'coordinator' | 'participant';
  readonly token: string;
}

/** A participant with an agent. */
interface Participant extends Person {
  readonly directory: string;
}

/** Everybody. */
export interface People {
  readonly administrator: Credentials;
  readonly adminToken: string;
  readonly coordinator: Person;
  readonly participants: readonly Participant[];
}

/** The options of the set-up. */
export interface PeopleOptions {
  readonly endpoint: Endpoint;
  readonly setupToken: string;
  /** Where agents connect. */
  readonly wsUrl: string;
  readonly directory: string;
  readonly parties: number;
  readonly onStep: (text: string) => void;
}

/** Administrator, users, tokens, agents with chips, and a signed roster that every agent pins. */
export async function setUpPeople(options: PeopleOptions): Promise<People> {
  const { endpoint, onStep } = options;
  const administrator = { username: ADMINISTRATOR, password: randomText() };
  const admin = await makeAdministrator(endpoint, options.setupToken, administrator);
  const api = tokenApi(endpoint, () => Promise.resolve(admin));
  onStep('users');
  const [coordinator, ...persons] = await Promise.all([
    makePerson(api, 'coordinator', 'coordinator'),
    ...Array.from({ length: options.parties }, (_, at) =>
      makePerson(api, `user${at + 1}`, 'participant'),
    ),
  ]);
  onStep('chips');
  const rosterKeyFile = join(options.directory, 'roster-key');
  const rosterKey = makeRosterKey(rosterKeyFile);
  const authority = await authorityOf(api);
  const participants: Participant[] = [];
  for (const person of persons) {
    participants.push(await equip(person, authority, rosterKey, options));
  }
  onStep('roster');
  const roster = signWithFile(await rosterFromRegistry(api, 1), rosterKeyFile);
  for (const { directory } of participants) {
    await importRoster(directory, roster, () => true);
  }
  return { administrator, adminToken: admin, coordinator, participants };
}

async function makeAdministrator(
  endpoint: Endpoint,
  setupToken: string,
  credentials: Credentials,
): Promise<string> {
  await setUpAdministrator(endpoint, setupToken, credentials);
  const login = await logIn(endpoint, credentials);
  const api = tokenApi(endpoint, () => Promise.resolve(login.access_token));
  return (await issueToken(api, ADMINISTRATOR, TOKEN_SECONDS)).token;
}

async function makePerson(api: Api, username: string, role: Person['role']): Promise<Person> {
  await addUser(api, { username }, [role]);
  return { username, role, token: (await issueToken(api, username, TOKEN_SECONDS)).token };
}

/** The agent's directory, its chip with a PIN, registered with the participant's own token. */
async function equip(
  person: Person,
  authority: Authority,
  rosterKey: Uint8Array,
  options: PeopleOptions,
): Promise<Participant> {
  const directory = join(options.directory, person.username);
  makeDirectories(directory);
  const seId = `chip-${person.username}`;
  const config = setUpAgent({
    directory,
    url: options.wsUrl,
    username: person.username,
    approval: 'auto',
    rosterKey,
    settings: { se_id: seId, allow_destroy: true },
  });
  writeDurably(resolvePath(directory, config.token_file), `${person.token}\n`, { private: true });
  const pin = Buffer.from(randomText().slice(0, 12));
  writeDurably(resolvePath(directory, config.pin_file), pin, { private: true });
  const { file, passphrase_file } = virtualChip(directory, config);
  const passphrase = readSecretFile(passphrase_file, 'passphrase');
  try {
    const chip = { file, passphrase };
    await makeChip({ ...chip, scryptCost: CHIP_SCRYPT_COST }, authority, pin);
    const api = tokenApi(options.endpoint, () => Promise.resolve(person.token));
    await withChip(chip, (element) =>
      registerChip(api, element, pin, { username: person.username, seId, kind: 'virtual' }),
    );
  } finally {
    pin.fill(0);
    passphrase.fill(0);
  }
  return { ...person, directory };
}

function randomText(): string {
  return randomBytes(18).toString('base64url');
}
