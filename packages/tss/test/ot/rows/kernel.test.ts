/** The kernel's memory, and engines that do not run it. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { thrownBy } from '../../../../../test/support/thrownBy.ts';
import { instantiateKernel } from '../../../src/ot/rows/kernel.ts';
import { type Exports, webAssembly } from '../../../src/ot/rows/kernelExports.ts';
import type { Rows } from '../../../src/ot/rows/types.ts';
import { seededRng } from '../../support/rng.ts';

const rng = seededRng('kernel');
const words = (length: number): Uint32Array => new Uint32Array(rng(4 * length).buffer);
const oracle = (blocks: Uint8Array): Uint8Array => rng(blocks.length);

const real = webAssembly();
if (real === undefined) throw new Error('this engine has no WebAssembly');
/** Its functions; they do not show when the object is spread. */
const api = {
  validate: (bytes: Uint8Array): boolean => real.validate(bytes),
  Module: real.Module,
  Instance: real.Instance,
};

afterEach(() => void vi.unstubAllGlobals());

/** A kernel and the memory behind it. */
const opened = (): { rows: Rows; used: () => number } => {
  let exports: Exports | undefined;
  class Watched extends real.Instance {
    constructor(module: object) {
      super(module);
      ({ exports } = this);
    }
  }
  vi.stubGlobal('WebAssembly', { ...api, Instance: Watched });
  const rows = instantiateKernel();
  if (rows === null || exports === undefined) throw new Error('no kernel');
  const behind = new Uint8Array(exports.memory.buffer, exports.base());
  return { rows, used: () => behind.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0) };
};

/** Every operation with random input; the results of some serve others. */
const operations = (rows: Rows): readonly (readonly [name: string, run: () => unknown])[] => {
  const factors = rows.loadWide(rng(48 * 512));
  const numbers = () => rows.expandRows(oracle, words(2048), words(1536));
  const [some, other] = [numbers(), numbers()];
  const below = rng(1536 * 32).map((byte, at) => (at % 32 === 0 ? byte & 127 : byte));
  return [
    ['expand', () => rows.expand(oracle, words(256), words(192), 2)],
    ['foldLeaves', () => rows.foldLeaves(oracle, words(2048), words(1536), true)],
    ['transpose', () => rows.transpose(words(2560), 128, 640)],
    ['combine', () => rows.combine(words(2560), 4, words(16))],
    ['expandRows', numbers],
    ['loadWide', () => rows.loadWide(rng(48 * 512))],
    ['selectedSum', () => rows.selectedSum(factors, rng(64))],
    ['dotColumn', () => rows.dotColumn(factors, some, 1)],
    ['maskedDifferences', () => rows.maskedDifferences(some, other, below.slice(0, 96))],
    ['addSelected', () => rows.addSelected(some, below, rng(64))],
    [
      'checkRows',
      () => rows.checkRows(some, below.slice(0, 64), { bits: rng(64), addend: below.slice(0, 32) }),
    ],
  ];
};

describe('the memory of the kernel', () => {
  test('W-6: holds nothing but zeros after every operation', () => {
    const { rows, used } = opened();
    const all = operations(rows);
    const named = Object.keys(rows).filter((name) => name !== 'name');
    expect(all.map(([name]) => name).toSorted()).toEqual(named.toSorted());
    for (const [name, run] of all) {
      run();
      expect([name, used()]).toEqual([name, 0]);
    }
  });

  test('W-6: holds nothing but zeros after an oracle that fails, at its first and second question', () => {
    const { rows, used } = opened();
    for (const good of [0, 1]) {
      let asked = 0;
      const failing = (blocks: Uint8Array): Uint8Array => {
        if (asked++ === good) throw new RangeError('no cipher');
        return oracle(blocks);
      };
      const error = thrownBy(() => rows.expandRows(failing, words(2048), words(1536)));
      expect(error).toBeInstanceOf(RangeError);
      expect(used()).toBe(0);
    }
  });

  test('W-6: an answer of the oracle is wiped when it has been read', () => {
    const { rows } = opened();
    const answers: Uint8Array[] = [];
    const kept = (blocks: Uint8Array): Uint8Array => {
      const answer = oracle(blocks);
      answers.push(answer);
      return answer;
    };
    rows.expandRows(kept, words(2048), words(1536));
    expect(answers.map((answer) => answer.every((byte) => byte === 0))).toEqual([true, true]);
  });

  test('has room for 512 rows and no more', () => {
    const { rows, used } = opened();
    const error = thrownBy(() => rows.loadWide(rng(48 * 516)));
    expect(error).toBeInstanceOf(RangeError);
    expect(thrownBy(() => rows.loadWide(rng(48 * 5)))).toBeInstanceOf(RangeError);
    const large = thrownBy(() => rows.transpose(words(2 ** 17), 2 ** 11, 2 ** 11));
    expect(String(large)).toContain('unreachable: more rows than the kernel has room for');
    expect(used()).toBe(0);
  });
});

describe('an engine that does not run the kernel gets the loops', () => {
  const refusing = class {
    constructor() {
      throw new EvalError('unsafe-eval is not allowed');
    }
  };
  test.each([
    ['without WebAssembly', undefined],
    ['without vectors', { ...api, validate: () => false }],
    ['under a policy against compiling', { ...api, Module: refusing }],
  ])('%s', async (_, api) => {
    vi.stubGlobal('WebAssembly', api);
    vi.resetModules();
    expect(instantiateKernel()).toBeNull();
    const { rows } = await import('../../../src/ot/rows/rows.ts');
    expect(rows().name).toBe('loops');
  });

  test('this one runs it, and starts it at the first use', async () => {
    const validate = vi.fn(api.validate);
    vi.stubGlobal('WebAssembly', { ...api, validate });
    vi.resetModules();
    const { rows } = await import('../../../src/ot/rows/rows.ts');
    expect(validate).not.toHaveBeenCalled();
    expect(rows().name).toBe('kernel');
    expect(rows()).toBe(rows());
    expect(validate).toHaveBeenCalledTimes(1);
  });
});
