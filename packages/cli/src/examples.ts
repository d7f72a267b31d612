/**
 * An example of every command whose help has none of its own.
 *
 * @module
 */
import type { Command } from 'commander';

const COSIGNER = '--url http://127.0.0.1:8082 --token-file token';
const MOBILE = '--url http://127.0.0.1:8083 --token-file mobile-token';
const KEY = '0123456789abcdef0123456789abcdef';
const ADDRESS = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const COORDINATOR = '--url https://quorate.example:8080';

/** Arguments after `quorate` and the command's own name. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'agent roster import': 'roster.json --directory alice',
  'agent roster show': '--directory alice',
  'agent run': '--directory alice',
  'agent status': '--directory alice',
  'audit checkpoint': '--out checkpoint.json',
  'audit export': '--out audit.jsonl',
  'audit show': '--limit 20',
  'audit verify': 'audit.jsonl --checkpoint checkpoint.json',
  bench: '--json',
  'chips authority': '',
  'chips authorise-unblock': 'quorate-unblock:… --login admin.json',
  'chips init':
    '--directory alice --authority 1a2b-3c4d-5e6f-7081-92a3-b4c5-d6e7-f809 \\\n    --puk-out alice-puk',
  'chips list': '',
  'chips mark': 'chip-alice --state lost',
  'chips state': 'chip-alice --set lost',
  'chips test': '--directory alice/agent',
  'chips replace': '--directory alice/agent --se-id chip-alice-2 --chip new-chip.yaml',
  'chips approve-replacement': 'chip-alice-2',
  'chips cancel-replacement': 'chip-alice-2',
  'chips replacements': '',
  'chips pin': '--directory alice',
  'chips register': '--directory alice --se-id chip-alice',
  'chips show': '--directory alice',
  'chips unblock': '--directory alice --new-pin-file alice/new-pin',
  'cosign approve': `${KEY} ${MOBILE} \\\n    --digest 0x${'5f'.repeat(32)}`,
  'cosign decline': `${KEY} ${MOBILE} \\\n    --reason 'not agreed'`,
  'cosign keygen': `${COSIGNER} --partner mobile-app`,
  'cosign keys': COSIGNER,
  'cosign refresh': `${COSIGNER} --partner mobile-app \\\n    --key ${KEY}`,
  'cosign retire': `${KEY} ${COSIGNER} \\\n    --address ${ADDRESS}`,
  'cosign sessions': `${MOBILE} --status awaiting_approval`,
  'cosigner chip': '--config examples/enterprise.yaml',
  'cosigner init': '--config examples/enterprise.yaml --puk-out enterprise-puk',
  'cosigner pin':
    'mobile-app public.json --config examples/enterprise.yaml \\\n    --fingerprint 1a2b-3c4d-5e6f-7081-92a3-b4c5-d6e7-f809',
  'cosigner token':
    '--config examples/enterprise.yaml --name me \\\n    --roles operator,signer,viewer --out token',
  'cosigner unblock': '--config examples/enterprise.yaml --puk-file enterprise-puk',
  'cosigner tokens list': '--config examples/enterprise.yaml',
  'cosigner tokens revoke': '--config examples/enterprise.yaml --name me',
  health: `${COORDINATOR} --wait 30`,
  'keys grant': `${ADDRESS} treasurer`,
  'keys list': '',
  'keys revoke': `${ADDRESS} treasurer`,
  'keys show': ADDRESS,
  'roster create': '--serial 1 --out roster-draft.json',
  'roster key': '--out roster-key',
  'roster show': 'roster.json',
  'roster sign': 'roster-draft.json --key roster-key --out roster.json',
  'sessions cancel': 'sign-2031',
  'sessions close': 'destroy-7 --reason "carol’s chip is lost and her record damaged"',
  'sessions list': '',
  'sessions show': 'sign-2031',
  'users add': 'alice --role participant',
  'users change': 'alice --disable',
  'users connections': '',
  'users list': '',
  'users login': `${COORDINATOR} --username alice`,
  'users logins': 'alice',
  'users logout': '',
  'users setup': `${COORDINATOR} --username root`,
  'users token': 'alice --days 30 --out token',
  'users tokens': 'alice',
};

/** Adds the examples to the commands below this one. */
export function addExamples(program: Command): void {
  for (const [path, args] of Object.entries(EXAMPLES)) {
    const words = path.split(' ');
    const command = words.reduce<Command | undefined>(
      (parent, word) => parent?.commands.find((child) => child.name() === word),
      program,
    );
    command?.addHelpText('after', `\nExample:\n  quorate ${path} ${args}`.trimEnd());
  }
}
