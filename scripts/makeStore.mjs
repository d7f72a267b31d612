// `node scripts/makeStore.mjs CHECKOUT FOLDER`: a store as the version in CHECKOUT leaves it, for tests of the
// migrations after it. CHECKOUT is a built work tree of that version; Node 22.18 or newer runs its sources.
// Written are the database as SQL, the files beside it, and what the test has to know of keys, chips and people.
// Everything in it was made for this purpose and opens nothing else.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const [checkout, folder] = process.argv.slice(2).map((path) => resolve(path));
if (folder === undefined) {
  process.stderr.write('usage: node scripts/makeStore.mjs CHECKOUT FOLDER\n');
  process.exit(2);
}
const coordinatorPackage = join(checkout, 'packages/coordinator');
const packageOf = createRequire(join(coordinatorPackage, 'package.json'));
const load = (file) => import(pathToFileURL(join(coordinatorPackage, 'test/support', file)).href);
const named = (name) => import(pathToFileURL(packageOf.resolve(name)).href);

const intent = await named('@quorate/intent');
const secureElement = await named('@quorate/secure-element');
const { openWorld } = await load('world.ts');
const { Participant, plainKey, keyIdOf } = await load('participant.ts');
const ceremony = await load('ceremony.ts');

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const { toHex, fromHex } = intent;
const PIN = new TextEncoder().encode('123456');

const world = await openWorld(['alice', 'bob', 'carol', 'dave', 'erin']);
await world.rest('POST', '/users', { username: 'other', roles: ['coordinator'] });
const coordinator = await world.connect('coordinator', 'coordinator');
const people = new Map();
for (const name of ['alice', 'bob', 'carol', 'dave', 'erin']) {
  people.set(name, await Participant.connect(world, name));
}
const of = (...names) => names.map((name) => people.get(name));

async function call(method, path, body, as) {
  const { status, body: answer } = await world.rest(method, path, body, as);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer;
}

/** A key as the test has to know it. */
function noteKey(key, participants) {
  return {
    address: key.address,
    publicKey: key.publicKey,
    secret: toHex(key.secret),
    keyId: toHex(key.keyId),
    threshold: key.threshold,
    holders: key.holders.map(({ person }) => person.username),
    openers: Object.fromEntries([...key.openers].map(([name, opener]) => [name, toHex(opener)])),
    ciphertexts: Object.fromEntries(
      participants.map(({ person, shards }) => [person.username, shards.get(key.address)]),
    ),
  };
}

async function makeKey(threshold, ...names) {
  const participants = of(...names);
  const key = await ceremony.makeKey(world, coordinator, participants, threshold);
  return { key, noted: noteKey(key, participants) };
}

// A key that has signed, and that another coordinator may use.
const used = await makeKey(2, 'alice', 'bob', 'carol');
const digest = toHex(randomBytes(32));
{
  const request = ceremony.signRequest(used.key, ['alice', 'bob'], digest);
  coordinator.send(request);
  const signers = of('alice', 'bob');
  const params = await ceremony.acceptAll(signers, 'sign', used.key, request.session_key);
  await ceremony.runRounds(signers, params, 3);
  ceremony.sendSignatures(used.key, signers, params, digest);
  await coordinator.next('sign_complete');
  await call('POST', `/keys/${used.key.address}/grants`, { username: 'other' });
}

// A key that is destroyed.
const gone = await makeKey(2, 'alice', 'bob');
{
  const request = ceremony.destroyRequest(gone.key, ['alice', 'bob']);
  coordinator.send(request);
  const holders = of('alice', 'bob');
  const params = await ceremony.acceptAll(holders, 'destroy', gone.key, request.session_key);
  for (const [at, holder] of holders.entries()) {
    await holder.destroy(params[at]);
    holder.socket.send(await holder.destroyResult(params[at], gone.key));
  }
  await coordinator.next('destroy_complete');
}

// A key generation that failed after alice had stored her record.
async function begin(threshold, ...names) {
  const request = ceremony.keygenRequest(names, threshold);
  coordinator.send(request);
  const participants = of(...names);
  const facts = ceremony.factsOf(world, names);
  const params = await ceremony.acceptAll(participants, 'keygen', facts, request.session_key);
  await ceremony.runRounds(participants, params, 1);
  return { sessionKey: request.session_key, participants, params };
}
async function report(participant, params, key) {
  const opener = await participant.store(params, key);
  participant.socket.send(participant.keygenResult(params, key));
  await participant.socket.settled();
  return opener;
}
const failed = await begin(2, 'alice', 'bob');
const lost = plainKey();
await report(failed.participants[0], failed.params[0], lost);
failed.participants[1].socket.send({
  type: 'keygen_result',
  session_key: failed.sessionKey,
  part_index: 2,
  address: '',
  cpic: people.get('bob').person.cpic,
  success: false,
  message: 'the disk is full',
});
await coordinator.next('keygen_complete');

/** Asks for a new chip, and has it approved. */
async function replace(name, seId) {
  const { person: from } = people.get(name);
  const file = join(world.directory, 'chips', `${seId}.sealed`);
  const transport = await secureElement.createVirtualChip({
    file,
    passphrase: new TextEncoder().encode(name),
    scryptCost: 2 ** 10,
  });
  const chip = new secureElement.ApduSecureElement(transport, { kind: 'virtual' });
  const authorisation = await call('GET', '/authorisation-key');
  await chip.personalise(fromHex(String(authorisation.public_key)), PIN);
  await chip.verifyPin(PIN);
  const publicKey = await chip.publicKey();
  const { nonce } = await call('POST', '/chips/challenge', {}, name);
  const hash = intent.replacementRequestHash({
    nonce: fromHex(nonce),
    username: name,
    oldChip: from.publicKey,
    newChip: publicKey,
    seId,
    retire: 'destroyed',
    kind: 'virtual',
  });
  const cpic = toHex(await chip.cplc());
  const order = {
    se_id: seId,
    cpic,
    public_key: `0x${toHex(publicKey)}`,
    nonce,
    old_proof: base64(await from.chip.register(hash)),
    new_proof: base64(await chip.register(hash)),
    retire: 'destroyed',
    kind: 'virtual',
  };
  const { id } = await call('POST', '/chips/replacements', order, name);
  const fingerprint = intent.shortFingerprint(intent.chipFingerprint(publicKey));
  await call('POST', `/chips/replacements/${id}/approval`, { new_fingerprint: fingerprint });
  return { id, name, from, to: { seId, cpic, publicKey, chip } };
}

/** A certificate by one of the chips for one step of a replacement. */
async function certify({ id, name, from, to }, key, step, { chip, shardHash } = {}) {
  const index = key.holders.findIndex(({ person }) => person.username === name) + 1;
  const intentHash = intent.replacementStepHash(
    step,
    {
      replacementId: id,
      username: name,
      keyId: key.keyId,
      address: intent.parseAddress(key.address),
      partIndex: index,
      epoch: 0,
      recordId: intent.recordId(key.keyId, index, 0),
      oldChip: from.publicKey,
      newChip: to.publicKey,
    },
    shardHash,
  );
  const payload = intent.encodeCertificatePayload({
    operation: 'replace',
    sessionKey: intent.replacementSessionKey(id),
    partIndex: index,
    nonce: randomBytes(32),
    x25519: randomBytes(32),
    ed25519: randomBytes(32),
    intentHash,
    notAfter: world.clock.now() + 60_000,
  });
  return base64(intent.concat(payload, await chip.signSession(payload)));
}

/** Seals a shard for the new chip, and puts its opener there. */
async function seal(replacement, key) {
  const { id, name, to } = replacement;
  const index = key.holders.findIndex(({ person }) => person.username === name) + 1;
  const opener = randomBytes(32);
  await to.chip.store({
    recordId: intent.recordId(key.keyId, index, 0),
    address: intent.parseAddress(key.address),
    secret: opener,
  });
  const ciphertext = randomBytes(900);
  const shardHash = (await import('node:crypto')).createHash('sha256').update(ciphertext).digest();
  const certificate = await certify(replacement, key, 'seal', { chip: to.chip, shardHash });
  const path = `/chips/replacements/${id}/shards/${key.address}/ciphertext`;
  await call('POST', path, { encrypted_shard: base64(ciphertext), certificate }, name);
  return { opener: toHex(opener), ciphertext: base64(ciphertext) };
}

// A key of which dave's shard has moved to another chip, and erin's is about to.
const moved = await makeKey(2, 'carol', 'dave', 'erin');
const finished = await replace('dave', 'SE-dave-2');
const sealedDave = await seal(finished, moved.key);
await call('POST', `/chips/replacements/${finished.id}/switch`, {}, 'dave');
{
  const certificate = await certify(finished, moved.key, 'deleted', { chip: finished.from.chip });
  const path = `/chips/replacements/${finished.id}/shards/${moved.key.address}/receipt`;
  await call('POST', path, { certificate }, 'dave');
}
const open = await replace('erin', 'SE-erin-2');
const sealedErin = await seal(open, moved.key);

// A key generation of which one result is in.
const half = await begin(2, 'alice', 'bob');
const coming = plainKey();
await report(half.participants[0], half.params[0], coming);

const at = world.clock.now();
const { directory } = world;
for (const { socket } of people.values()) await socket.close();
await coordinator.close();
await world.server.close();
const chips = world.people.map(({ username, seId, cpic, publicKey }) => {
  const chip = { username, seId, cpic, publicKey: toHex(publicKey) };
  return { ...chip, file: `chips/${encodeURIComponent(username)}.sealed` };
});
for (const { name, to } of [finished, open]) {
  const { seId, cpic, publicKey } = to;
  const file = `chips/${seId}.sealed`;
  chips.push({ username: name, seId, cpic, publicKey: toHex(publicKey), file });
}
const shardOf = (participant, key) => participant.shards.get(key.address);
const facts = {
  at,
  chips,
  digest,
  keys: { used: used.noted, gone: gone.noted, moved: moved.noted },
  failed: {
    sessionKey: failed.sessionKey,
    ciphertext: shardOf(failed.participants[0], lost),
    recordId: toHex(intent.recordId(keyIdOf(failed.params[0]), 1, 0)),
  },
  half: {
    sessionKey: half.sessionKey,
    keyId: toHex(keyIdOf(half.params[0])),
    secret: toHex(coming.secret),
    ciphertext: shardOf(half.participants[0], coming),
    params: half.params[1],
  },
  replacements: {
    finished: { id: finished.id, ...sealedDave },
    open: { id: open.id, ...sealedErin },
  },
  files: filesBelow(directory),
};

/** Every file beside the database, in base64, by its path. */
function filesBelow(top) {
  const names = readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/^quorate\.db|\.lock$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    names.map((name) => [relative(top, name), readFileSync(name).toString('base64')]),
  );
}

/** A value as SQL writes it. */
function literal(value) {
  if (value === null) return 'NULL';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return `x'${Buffer.from(value).toString('hex')}'`;
}

/** The database as statements, one a line: rows before what refers to them. */
function dump(file) {
  const database = new DatabaseSync(file, { readOnly: true });
  const made = database
    .prepare(
      "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    .all();
  const lines = ['PRAGMA foreign_keys = OFF;'];
  for (const { sql } of made.filter(({ type }) => type === 'table')) {
    lines.push(`${sql.replaceAll(/\s+/g, ' ')};`);
  }
  for (const { name } of made.filter(({ type }) => type === 'table')) {
    for (const row of database.prepare(`SELECT * FROM "${name}" ORDER BY rowid`).all()) {
      lines.push(`INSERT INTO "${name}" VALUES (${Object.values(row).map(literal).join(', ')});`);
    }
  }
  for (const { sql } of made.filter(({ type }) => type === 'index')) {
    lines.push(`${sql.replaceAll(/\s+/g, ' ')};`);
  }
  database.close();
  return `${lines.join('\n')}\n`;
}

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'store.sql'), dump(join(directory, 'data', 'quorate.db')));
writeFileSync(join(folder, 'facts.json'), `${JSON.stringify(facts, null, 2)}\n`);
await world.end().catch(() => undefined);
process.stdout.write(`written: ${folder}\n`);
process.exit(0);
