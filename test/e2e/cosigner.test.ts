// examples/*.yaml as they are, on their own ports, as two processes.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf, fromHex, parsePayload, recoverAddress } from '@quorate/intent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScript, type Scripted } from './support/page.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const STOCK = fileURLToPath(new URL('support/stockPrimes.mjs', import.meta.url));

const SCRIPT = `
umask 077
for side in enterprise mobile-app; do
  quorate cosigner init --config examples/$side.yaml
  quorate cosigner token --config examples/$side.yaml --name me --roles operator,signer,approver,viewer --out $side.token
done
node '${STOCK}' examples/enterprise.yaml examples/mobile-app.yaml
quorate cosigner --config examples/enterprise.yaml &
quorate cosigner --config examples/mobile-app.yaml < /dev/null &
quorate health --url http://127.0.0.1:8083 --wait 120
enterprise() { quorate cosign "$@" --url http://127.0.0.1:8082 --token-file enterprise.token; }
phone() { quorate cosign "$@" --url http://127.0.0.1:8083 --token-file mobile-app.token; }
field() { tail -n 1 | node -p "JSON.parse(require('fs').readFileSync(0)).$1"; }
waiting() { phone sessions --status awaiting_approval --wait 120 --json | field "sessions[0].$1"; }

enterprise keygen --partner mobile-app --json > keygen.jsonl & KEYGEN=$!
phone approve $(waiting session_id)
wait $KEYGEN
KEY=$(field session_id < keygen.jsonl)
enterprise sign --partner mobile-app --key $KEY --message 'pay 5' --json > sign.jsonl & SIGN=$!
phone approve $(waiting session_id) --digest $(waiting digest)
wait $SIGN
echo "address $(field address < keygen.jsonl)"
echo "signature $(field signature < sign.jsonl)"
echo "theirs $(phone sessions $(field session_id < sign.jsonl) --json | field signature)"

code=0; enterprise sign --partner nobody --key $KEY --message x || code=$?; echo "unknown partner $code"
code=0; quorate cosigner --config examples/enterprise.yaml || code=$?; echo "second start $code"
sed 's/^approval/aproval/; s/^store: .*/store: other/' examples/enterprise.yaml > wrong.yaml
code=0; quorate cosigner --config wrong.yaml || code=$?; echo "mistake $code"
sed 's/^store: .*/store: other/; s/mobile-app.public/examples\\/&/; s/enterprise-policy/examples\\/&/' examples/enterprise.yaml > other.yaml
quorate cosigner init --config other.yaml
code=0; quorate cosigner --config other.yaml || code=$?; echo "taken port $code"
kill $(jobs -p); wait
`;

let ran: Scripted;

beforeAll(async () => {
  ran = await runScript(SCRIPT, (work) => {
    // The files themselves; nothing that a user's own try has left beside them.
    for (const name of ['enterprise', 'enterprise-policy', 'mobile-app']) {
      cpSync(join(EXAMPLES, `${name}.yaml`), join(work, 'examples', `${name}.yaml`));
    }
  });
}, 300_000);

afterAll(() => {
  rmSync(ran.directory, { recursive: true, force: true });
});

/** The text after a word at the beginning of a line. */
const said = (word: string): string =>
  new RegExp(`^${word} (\\S+)$`, 'm').exec(ran.stdout)?.[1] ?? '';

describe('the examples of both sides', () => {
  test('make a key of 3072 bits and sign, after a person at the mobile side approved', () => {
    expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
    const digest = digestOf(parsePayload({ kind: 'eip191', message: 'pay 5' }));
    expect(recoverAddress(digest, fromHex(said('signature')))).toBe(said('address'));
    expect(said('theirs')).toBe(said('signature'));
  });

  test('a wrong command ends with 2 and says what was wrong', () => {
    for (const wrong of ['unknown partner', 'second start', 'mistake', 'taken port']) {
      expect(said(wrong), wrong).toBe('2');
    }
    expect(ran.stderr).toContain('did you mean approval?');
    expect(ran.stderr).toContain(
      'port 8082 is in use; choose another in other.yaml, key listen.port',
    );
    expect(ran.stderr).not.toMatch(/EADDRINUSE|\n +at /);
  });
});
