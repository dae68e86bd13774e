/**
 * Times candidates against a floor in the same run and prints ratios. Rounds are interleaved, so
 * that whatever the machine does meanwhile hits all of them; a ratio is taken within a round, and
 * the median of the rounds is reported. The time is that of the processor, all threads of the
 * process counted, so that a busy machine and the waiting for it do not show. Microseconds are for
 * orientation only: they do not transfer to another machine.
 */

import { publishRows, rowsOf } from "./rows.ts";

export interface Candidate {
  readonly name: string;
  /** One operation. */
  readonly run: () => unknown;
}

export interface Comparison {
  readonly title: string;
  /** Lower bound of all implementations: ratio 1. */
  readonly floor: Candidate;
  readonly candidates: readonly Candidate[];
}

const ROUNDS = 41;
/** Time for one candidate in one round: short, so that a disturbance hits few rounds. */
const SAMPLE_MS = 20;

interface Result {
  readonly name: string;
  readonly medianUs: number;
  readonly ratio: number;
  readonly p25: number;
  readonly p75: number;
}

/** Measures one comparison; the floor comes first in what is returned. */
async function measure(comparison: Comparison): Promise<Result[]> {
  const all = [comparison.floor, ...comparison.candidates];
  const iterations = new Map<Candidate, number>();
  for (const candidate of all) {
    // The first sample compiles; the second is used.
    await sample(candidate, 500);
    const us = await sample(candidate, 500);
    iterations.set(candidate, Math.max(20, Math.round((SAMPLE_MS * 1000) / us)));
  }
  const times = new Map<Candidate, number[]>(all.map((candidate) => [candidate, []]));
  for (let round = 0; round < ROUNDS; round++) {
    // Another one starts each round: none is always first after a pause.
    for (let index = 0; index < all.length; index++) {
      const candidate = all[(index + round) % all.length]!;
      times.get(candidate)!.push(await sample(candidate, iterations.get(candidate)!));
    }
  }
  const floorTimes = times.get(comparison.floor)!;
  return all.map((candidate) => {
    const own = times.get(candidate)!;
    const ratios = own.map((time, round) => time / floorTimes[round]!);
    return {
      name: candidate.name,
      medianUs: quantile(own, 0.5),
      ratio: quantile(ratios, 0.5),
      p25: quantile(ratios, 0.25),
      p75: quantile(ratios, 0.75),
    };
  });
}

/** Microseconds of processor time for one operation. */
async function sample({ run }: Candidate, iterations: number): Promise<number> {
  const start = process.cpuUsage();
  for (let index = 0; index < iterations; index++) {
    const outcome = run();
    // Awaiting what is not a promise would charge the floor for a turn of the event loop it does
    // not need.
    if (outcome instanceof Promise) await outcome;
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / iterations;
}

/** Value at `q` of the sorted values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

/** Prints a comparison as a table. */
function report(title: string, results: readonly Result[]): void {
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log(`\n${title}`);
  for (const { name, medianUs, ratio, p25, p75 } of results) {
    const spread = `(${p25.toFixed(2)}-${p75.toFixed(2)})`;
    console.log(
      `  ${name.padEnd(width)}  ${ratio.toFixed(2).padStart(6)} ${spread.padEnd(13)} ${medianUs.toFixed(1).padStart(8)} us`,
    );
  }
}

/** Measures, prints and publishes. */
export async function runComparisons(comparisons: readonly Comparison[]): Promise<void> {
  console.log(
    `node ${process.version}, ${process.arch}; ratio to the floor, median (p25-p75) of interleaved rounds`,
  );
  for (const comparison of comparisons) {
    const results = await measure(comparison);
    report(comparison.title, results);
    publishRows(
      rowsOf(
        results.slice(1).map(({ name, ratio }) => ({
          what: `${comparison.title}: ${name} / (${comparison.floor.name})`,
          value: ratio,
        })),
      ),
    );
  }
}
