// Measures one operation: warm, wall time beside CPU time, medians.
//
// A first run compiles, fills caches and grows heaps, so operations run in windows until the medians of two windows in
// a row differ by at most a twentieth. Wall time means nothing on a busy machine; CPU time hardly depends on it.
const WINDOW = 5;
const DIFFERENCE = 0.05;
const MOST_WINDOWS = 12;
/** An operation that takes longer than this for a window gets one run of warm-up: it is warm by its own length. */
const LONG_MS = 10_000;

/** CPU milliseconds of this process, all its threads counted. */
export function ownCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return (sorted[Math.floor(at)] + sorted[Math.ceil(at)]) / 2;
}

/** To three digits after the point. */
export function round(value) {
  return Math.round(value * 1000) / 1000;
}

/** The value below which this part of them lies; `sorted` ascending. */
export function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/**
 * Runs an operation until it is stable: windows of `window` runs, at most `windows`. `work` may give a time of its own, in
 * milliseconds, in place of the clock's. Gives the number of runs, and whether it became stable.
 */
export async function warmUp(work, { windows: most = MOST_WINDOWS, window: size = WINDOW } = {}) {
  let runs = 0;
  let before;
  const one = async () => {
    const began = performance.now();
    const told = await work();
    runs += 1;
    return typeof told === 'number' ? told : performance.now() - began;
  };
  for (let window = 0; window < most; window += 1) {
    const times = [await one()];
    if (times[0] > LONG_MS / size) return { runs, stable: true };
    while (times.length < size) times.push(await one());
    const now = median(times);
    if (before !== undefined && Math.abs(now - before) <= DIFFERENCE * before) {
      return { runs, stable: true };
    }
    before = now;
  }
  return { runs, stable: false };
}

/**
 * Measures `work`, which may give `{bytes}`: a line of figures. `cpu` reads the clock of CPU time whose difference
 * counts, in milliseconds; `windows` are the most windows of warm-up; `onWarm` is called behind it.
 */
export async function measure(name, work, { runs, windows, cpu = ownCpu, onWarm }) {
  const warm = await warmUp(async () => void (await work()), { windows });
  onWarm?.();
  const times = [];
  let bytes = 0;
  const before = cpu();
  for (let run = 0; run < runs; run += 1) {
    const began = performance.now();
    ({ bytes = 0 } = (await work()) ?? {});
    times.push(performance.now() - began);
  }
  const spent = (cpu() - before) / runs;
  return {
    name,
    median_ms: round(median(times)),
    min_ms: round(Math.min(...times)),
    max_ms: round(Math.max(...times)),
    cpu_ms: round(spent),
    runs,
    warm_runs: warm.runs,
    stable: warm.stable,
    bytes,
  };
}

/** A line of figures for people. */
export function lineText({ name, median_ms, min_ms, max_ms, cpu_ms, runs, stable, bytes }) {
  const notes = [
    `${runs} runs`,
    ...(stable ? [] : ['not stable']),
    ...(bytes > 0 ? [`${bytes} bytes`] : []),
  ];
  return `${name.padEnd(38)} ${median_ms} ms (${min_ms}–${max_ms}), CPU ${cpu_ms} ms; ${notes.join(', ')}`;
}
