/**
 * Rows in WebAssembly with vectors of 128 bits: packages/tss/kernel, which scripts/kernel.mjs compiles. One operation
 * at a time uses the memory, and wipes all that it used.
 */
import { hexToBytes } from '@noble/hashes/utils.js';
import { BLOCK_WORDS, bytesOf, type Oracle } from '../blocks.ts';
import { BASE_OTS, DEPTH, FIELD_BITS, ROW_BITS, TREES, WIDTH, XI } from '../parameters.ts';
import { type Exports, type Kernel, webAssembly } from './kernelExports.ts';
import { KERNEL } from './kernelModule.ts';
import { loops } from './loops.ts';
import type { Limbs, Rows } from './types.ts';

/** Numbers of a group, and bytes of its limbs. */
const LANES = 4;
const GROUP_BYTES = 160;
const SCALAR_BYTES = 32;
const WIDE_BYTES = 48;
const BLOCK_BYTES = 16;
const ROW_FANOUT = (WIDTH * WIDE_BYTES) / BLOCK_BYTES;
const ROW_BYTES = ROW_BITS / 8;
/** Bytes of the 128 columns that one field element takes. */
const SPAN = FIELD_BITS * BLOCK_BYTES;

/** The memory during one operation: what is put or reserved lies behind what was before, zeros at first. */
interface Workspace {
  put(bytes: Uint8Array | Uint32Array): number;
  reserve(length: number): number;
  /** Working memory for the kernel's functions. */
  work(): number;
  /** The bytes themselves; gone when the operation ends. */
  view(at: number, length: number): Uint8Array;
  copy(at: number, length: number): Uint8Array;
}

/** Runs one operation and wipes what it used, however it ends. */
type Use = <T>(operation: (space: Workspace) => T) => T;

const workspaceOf = (kernel: Exports): Use => {
  const bytes = new Uint8Array(kernel.memory.buffer);
  const start = Math.ceil(kernel.base() / BLOCK_BYTES) * BLOCK_BYTES;
  const workBytes = kernel.workBytes();
  return (operation) => {
    let top = start;
    const reserve = (length: number): number => {
      const at = top;
      top += Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
      if (top > bytes.length)
        throw new Error('unreachable: more rows than the kernel has room for');
      return at;
    };
    try {
      return operation({
        reserve,
        work: () => reserve(workBytes),
        put: (data) => {
          const at = reserve(data.byteLength);
          bytes.set(data instanceof Uint8Array ? data : bytesOf(data), at);
          return at;
        },
        view: (at, length) => bytes.subarray(at, at + length),
        copy: (at, length) => bytes.slice(at, at + length),
      });
    } finally {
      bytes.fill(0, start, Math.min(top, bytes.length));
    }
  };
};

const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer);

/** Puts blocks through π and their expansions through it again; the address of these. */
const expanded = (
  kernel: Kernel,
  space: Workspace,
  [oracle, blocks, positions]: readonly [Oracle, Uint32Array, Uint32Array],
  fanout: number,
): number => {
  const count = blocks.length / BLOCK_WORDS;
  const length = count * fanout * BLOCK_BYTES;
  const permuted = oracle(bytesOf(blocks)); // π(x)
  const inner = space.put(permuted);
  permuted.fill(0);
  const places = space.put(positions);
  space.reserve(BLOCK_BYTES); // the last position is read with a word behind it
  const out = space.reserve(length);
  kernel.tweak(inner, places, count, fanout, out);
  const again = oracle(space.view(out, length)); // π(π(x) ⊕ i)
  space.view(out, length).set(again);
  again.fill(0);
  kernel.addInner(inner, count, fanout, out);
  return out;
};

/** The vectors of rows of `width` numbers, one for each column, behind one another. */
const vectorsOf = (
  kernel: Kernel,
  space: Workspace,
  source: { readonly bytes: number; readonly count: number; readonly width: number },
): Limbs => {
  const { bytes, count, width } = source;
  const groups = groupsOf(count);
  const work = space.work();
  const length = groups * GROUP_BYTES;
  const vectors = space.reserve(width * length);
  for (let column = 0; column < width; column++) {
    const from = bytes + column * WIDE_BYTES;
    kernel.loadWide(work, vectors + column * length, groups, from, width * WIDE_BYTES);
  }
  return words(space.copy(vectors, width * length));
};

const groupsOf = (count: number): number => {
  if (count % LANES !== 0 || count > XI) throw new RangeError(`${count} rows, 4..512 expected`);
  return count / LANES;
};

const groupsIn = (limbs: Limbs, width: number): number => limbs.byteLength / (width * GROUP_BYTES);

const numbers = (limbs: Limbs): Uint32Array => {
  if (limbs instanceof Uint32Array) return limbs;
  throw new Error('unreachable: limbs of the loops');
};

/** The operations on blocks and bits. */
const bitRows = (
  kernel: Kernel,
  use: Use,
): Pick<Rows, 'expand' | 'foldLeaves' | 'transpose' | 'combine'> => ({
  expand: (oracle, blocks, positions, fanout) =>
    use((space) => {
      const at = expanded(kernel, space, [oracle, blocks, positions], fanout);
      return words(space.copy(at, blocks.byteLength * fanout));
    }),
  foldLeaves: (oracle, leaves, positions, punctured) =>
    use((space) => {
      const at = expanded(kernel, space, [oracle, leaves, positions], ROW_BYTES / BLOCK_BYTES);
      const step = ROW_BYTES * 2 ** DEPTH;
      for (let tree = 0; punctured && tree < TREES; tree++) {
        space.view(at + tree * step, ROW_BYTES).fill(0); // z = 0
      }
      const sums = space.reserve(TREES * ROW_BYTES);
      const rows = space.reserve(BASE_OTS * ROW_BYTES);
      kernel.foldLeaves(at, TREES, DEPTH, ROW_BYTES, sums, rows);
      return {
        sums: words(space.copy(sums, TREES * ROW_BYTES)),
        rows: words(space.copy(rows, BASE_OTS * ROW_BYTES)),
      };
    }),
  transpose: (matrix, rows, columns) =>
    use((space) => {
      const work = space.work();
      const from = space.put(matrix);
      const to = space.reserve(matrix.byteLength);
      kernel.transpose(work, from, rows, columns, to);
      return words(space.copy(to, matrix.byteLength));
    }),
  combine: (columns, stride, coefficients) => {
    if (stride !== BLOCK_WORDS) return loops.combine(columns, stride, coefficients);
    return use((space) => {
      const terms = coefficients.length / BLOCK_WORDS;
      const from = space.put(columns);
      const factors = space.put(coefficients);
      const sums = space.reserve(2 ** terms * SPAN);
      const product = space.reserve(2 * SPAN);
      kernel.combine(from, factors, terms, sums, product);
      return words(space.copy(product, SPAN));
    });
  },
});

/** The operations on numbers. */
const numberRows = (
  kernel: Kernel,
  use: Use,
): Omit<Rows, keyof ReturnType<typeof bitRows> | 'name'> => ({
  expandRows: (oracle, blocks, positions) =>
    use((space) => {
      const bytes = expanded(kernel, space, [oracle, blocks, positions], ROW_FANOUT);
      const count = blocks.length / BLOCK_WORDS;
      return vectorsOf(kernel, space, { bytes, count, width: WIDTH });
    }),
  loadWide: (bytes) =>
    use((space) => {
      const count = bytes.length / WIDE_BYTES;
      return vectorsOf(kernel, space, { bytes: space.put(bytes), count, width: 1 });
    }),
  selectedSum: (factors, bits) =>
    use((space) => {
      const work = space.work();
      const [vector, chosen] = [space.put(numbers(factors)), space.put(bits)];
      const out = space.reserve(SCALAR_BYTES);
      kernel.selectedSum(work, vector, groupsIn(factors, 1), chosen, out);
      return space.copy(out, SCALAR_BYTES);
    }),
  dotColumn: (factors, rows, column) =>
    use((space) => {
      const work = space.work();
      const groups = groupsIn(factors, 1);
      const length = groups * GROUP_BYTES;
      const one = numbers(rows).subarray((column * length) / 4, ((column + 1) * length) / 4);
      const [a, b] = [space.put(numbers(factors)), space.put(one)];
      const out = space.reserve(SCALAR_BYTES);
      kernel.dot(work, a, b, groups, out);
      return space.copy(out, SCALAR_BYTES);
    }),
  maskedDifferences: (rows, others, inputs) =>
    use((space) => {
      const work = space.work();
      const groups = groupsIn(rows, WIDTH);
      const [a, b] = [space.put(numbers(rows)), space.put(numbers(others))];
      const added = space.put(inputs);
      const size = groups * LANES * WIDTH * SCALAR_BYTES;
      const out = space.reserve(size);
      for (let column = 0; column < WIDTH; column++) {
        const at = column * groups * GROUP_BYTES;
        const skip = column * SCALAR_BYTES;
        const stride = WIDTH * SCALAR_BYTES;
        kernel.maskedDifferences(work, a + at, b + at, added + skip, groups, out + skip, stride);
      }
      return space.copy(out, size);
    }),
  addSelected: (rows, addends, bits) =>
    use((space) => {
      const work = space.work();
      const groups = groupsIn(rows, WIDTH);
      const vectors = space.put(numbers(rows));
      const [chosen, added] = [space.put(bits), space.put(addends)];
      for (let column = 0; column < WIDTH; column++) {
        const [at, skip] = [column * groups * GROUP_BYTES, column * SCALAR_BYTES];
        const stride = WIDTH * SCALAR_BYTES;
        kernel.addSelected(work, vectors + at, groups, chosen, added + skip, stride);
      }
      bytesOf(numbers(rows)).set(space.view(vectors, rows.byteLength));
    }),
  checkRows: (rows, factors, selected) =>
    use((space) => {
      const work = space.work();
      const groups = groupsIn(rows, WIDTH);
      const size = groups * LANES * SCALAR_BYTES;
      const [vectors, both] = [space.put(numbers(rows)), space.put(factors)];
      const bits = selected ? space.put(selected.bits) : space.reserve(groups);
      const addend = selected ? space.put(selected.addend) : space.reserve(SCALAR_BYTES);
      const out = space.reserve(size);
      kernel.checkRows(work, vectors, groups, both, bits, addend, out);
      return space.copy(out, size);
    }),
});

/** The kernel, or null where WebAssembly, its vectors, or the right to compile are missing. */
export function instantiateKernel(): Rows | null {
  const api = webAssembly();
  if (api === undefined) return null;
  try {
    const bytes = hexToBytes(KERNEL);
    if (!api.validate(bytes)) return null;
    const { exports } = new api.Instance(new api.Module(bytes));
    const use = workspaceOf(exports);
    return { name: 'kernel', ...bitRows(exports, use), ...numberRows(exports, use) };
  } catch {
    return null; // a content security policy without 'wasm-unsafe-eval'
  }
}
