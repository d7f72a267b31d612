/** Payloads decoded for the people who approve them (N-14, R-16). docs/spec/intent.md §5. */
import { fromHex } from './bytes.ts';
import { decodeCall, isUnlimited } from './calldata.ts';
import { escapeForDisplay } from './display.ts';
import type { TypedData, TypedValue } from './eip712/parse.ts';
import type { Payload } from './payload.ts';
import { signInWarnings } from './signIn.ts';
import type { Eip1559Transaction, LegacyTransaction } from './transaction.ts';

/** One line of a description. */
export interface DescriptionLine {
  readonly label: string;
  readonly value: string;
}

/** A payload for people. Every string is one line and escaped. */
export interface Description {
  readonly title: string;
  readonly lines: readonly DescriptionLine[];
  /** Why this payload is more dangerous than it looks. */
  readonly warnings: readonly string[];
}

/** The reader's expectations. */
export interface DescribeOptions {
  /**
   * Chains that raise no warning. Without it, every chain does for transactions, and main chain 1 for typed
   * data.
   */
  readonly expectedChains?: readonly (string | number | bigint)[];
}

const CHAINS: ReadonlyMap<string, string> = new Map([
  ['1', 'Ethereum main chain'],
  ['10', 'OP Mainnet'],
  ['137', 'Polygon'],
  ['8453', 'Base'],
  ['42161', 'Arbitrum One'],
  ['11155111', 'Sepolia test chain'],
]);

/** Decodes a payload for people. */
export function describePayload(payload: Payload, options: DescribeOptions = {}): Description {
  const described = describe(payload, options);
  return {
    title: described.title,
    lines: described.lines.map(({ label, value }) => ({
      label: escapeForDisplay(label),
      value: escapeForDisplay(value),
    })),
    warnings: described.warnings.map(escapeForDisplay),
  };
}

function describe(payload: Payload, options: DescribeOptions): Description {
  switch (payload.kind) {
    case 'eip1559':
      return describeTransaction('Ethereum transaction', payload.transaction, options, [
        { label: 'max fee per gas', value: `${payload.transaction.max_fee_per_gas} wei` },
        { label: 'max priority fee', value: `${payload.transaction.max_priority_fee_per_gas} wei` },
        ...payload.transaction.access_list.map(({ address, storage_keys }) => ({
          label: 'access list',
          value: `${address}, ${storage_keys.length} slots`,
        })),
      ]);
    case 'legacy':
      return describeTransaction('Ethereum transaction (legacy)', payload.transaction, options, [
        { label: 'gas price', value: `${payload.transaction.gas_price} wei` },
      ]);
    case 'eip712':
      return describeTypedData(payload.typed_data, options);
    case 'eip191':
      return describeMessage(payload.message);
    case 'digest':
      return {
        title: 'Bare digest',
        lines: [{ label: 'digest', value: payload.digest }],
        warnings: ['bare digest: nobody can see what this signature allows'],
      };
  }
}

function describeTransaction(
  title: string,
  transaction: Eip1559Transaction | LegacyTransaction,
  options: DescribeOptions,
  fees: readonly DescriptionLine[],
): Description {
  const call = decodeCall(transaction.data);
  const maxFee = 'gas_price' in transaction ? transaction.gas_price : transaction.max_fee_per_gas;
  return {
    title,
    lines: [
      { label: 'chain', value: chainName(transaction.chain_id) },
      { label: 'to', value: transaction.to ?? 'nobody: a new contract' },
      { label: 'value', value: formatWei(BigInt(transaction.value)) },
      { label: 'nonce', value: transaction.nonce },
      ...describeData(transaction.data),
      { label: 'gas limit', value: transaction.gas_limit },
      ...fees,
      { label: 'fee at most', value: formatWei(BigInt(transaction.gas_limit) * BigInt(maxFee)) },
    ],
    warnings: [
      ...expectedChain(transaction.chain_id, options.expectedChains),
      ...(transaction.to === null ? ['this creates a contract'] : []),
      ...(call?.warnings ?? []),
      ...(transaction.to !== null && transaction.data !== '0x' && call === null
        ? ['unknown contract call: its effect cannot be shown']
        : []),
    ],
  };
}

function describeData(data: string): DescriptionLine[] {
  if (data === '0x') return [];
  const call = decodeCall(data);
  if (call === null) return [{ label: 'data', value: `${fromHex(data).length} bytes: ${data}` }];
  return [
    { label: 'call', value: call.signature },
    ...call.arguments.map(({ label, value }) => ({ label: `call ${label}`, value })),
  ];
}

function describeMessage(message: string): Description {
  const texts = message.split('\n');
  const hidden = texts.some((line) => escapeForDisplay(line) !== line.replaceAll('\\', '\\\\'));
  const looksLikeHash = /^(0x)?[0-9a-fA-F]{64}$/.test(message);
  return {
    title: 'Message (EIP-191)',
    lines: texts.map((value, at) => ({ label: `message line ${at + 1}`, value })),
    warnings: [
      ...(hidden ? ['the message has invisible characters, shown escaped'] : []),
      ...signInWarnings(texts),
      ...(looksLikeHash ? ['the message is a hash: nobody can see what it stands for'] : []),
    ],
  };
}

function describeTypedData(data: TypedData, options: DescribeOptions): Description {
  const lines = [...leaves('domain', data.domain), ...leaves('message', data.message)];
  const chain = data.domain['chainId'];
  const expected = options.expectedChains ?? ['1'];
  return {
    title: 'Typed data (EIP-712)',
    lines: [{ label: 'type', value: data.primaryType }, ...lines],
    warnings: [
      ...(typeof chain === 'string'
        ? expectedChain(chain, expected)
        : ['the domain names no chain: this signature may be used on every chain']),
      ...(data.domain['verifyingContract'] === undefined
        ? ['the domain names no contract: every contract may accept this signature']
        : []),
      ...permitWarnings(data),
    ],
  };
}

/**
 * Warns of permits, which are approvals by signature: nothing on the chain asks again (ERC-2612, DAI's
 * variant, Permit2).
 */
function permitWarnings(data: TypedData): string[] {
  const names = Object.keys(data.types).join(' ');
  const isPermit = /permit|approv|allowance/i.test(names);
  const amounts = leaves('message', data.message).filter(
    ({ label, value }) =>
      /(value|amount|allowance|wad)$/i.test(label) &&
      /^[0-9]{1,78}$/.test(value) &&
      isUnlimited(BigInt(value)),
  );
  const allowed = data.message['allowed'] === true;
  return [
    ...(isPermit ? ['permit: this signature alone lets the spender take tokens'] : []),
    ...(amounts.length > 0 || (isPermit && allowed)
      ? ['unlimited amount: the spender may take every token of this kind']
      : []),
  ];
}

function leaves(label: string, value: TypedValue): DescriptionLine[] {
  if (typeof value === 'string') return [{ label, value }];
  if (typeof value === 'boolean') return [{ label, value: String(value) }];
  const entries = Object.entries(value);
  if (entries.length === 0) return [{ label, value: '(empty)' }];
  return entries.flatMap(([name, item]: [string, TypedValue]) =>
    leaves(Array.isArray(value) ? `${label}[${name}]` : `${label}.${name}`, item),
  );
}

function chainName(chain: string): string {
  const name = CHAINS.get(chain);
  return name === undefined ? chain : `${chain} (${name})`;
}

function expectedChain(chain: string, expected: DescribeOptions['expectedChains']): string[] {
  if (expected === undefined || expected.some((one) => String(one) === chain)) return [];
  return [`another chain: ${chainName(chain)}, expected ${expected.map(String).join(' or ')}`];
}

/** Formats wei as a decimal number with 18 places, exactly. */
function formatWei(wei: bigint): string {
  const digits = wei.toString().padStart(19, '0');
  const fraction = digits.slice(-18).replace(/0+$/, '');
  const whole = digits.slice(0, -18);
  return `${fraction === '' ? whole : `${whole}.${fraction}`} coins (${wei} wei)`;
}
