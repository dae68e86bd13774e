/**
 * Times candidates against a floor in the same run and prints ratios. Rounds are interleaved, so that whatever the
 * machine does meanwhile hits all of them; a ratio is taken within a round, and the median of the rounds is reported.
 * The time is that of the processor, all threads of the process counted, so that a busy machine and the waiting for
 * it do not show. Microseconds are for orientation only: they say nothing on another machine.
 */

import { judge, MARGIN, printRows, publishRows, type Row } from "./rows.ts";

export interface Candidate {
  readonly name: string;
  /** One operation. */
  readonly run: () => unknown;
  /** Ratio to the floor that is wanted at most. */
  readonly target?: number;
  /** Whether it is in the closing table. Default: whether it has a target. */
  readonly isListed?: boolean;
}

/** Two candidates of a comparison, one against the other. */
export interface Rivalry {
  readonly ours: string;
  readonly peer: string;
  /** `whole` compares what both cost, `overhead` what each costs above the floor. */
  readonly of: "whole" | "overhead";
  /** Ratio wanted at most. */
  readonly target: number;
}

export interface Comparison {
  readonly title: string;
  /** What no implementation can go below: ratio 1. */
  readonly floor: Candidate;
  readonly candidates: readonly Candidate[];
  readonly rivalries?: readonly Rivalry[];
}

export interface MeasureOptions {
  /** Default 41. */
  readonly rounds?: number;
  /** Time for one candidate in one round. Default 20: short, so that a disturbance hits few rounds. */
  readonly sampleMs?: number;
}

export interface Result {
  readonly name: string;
  readonly medianUs: number;
  readonly ratio: number;
  readonly p25: number;
  readonly p75: number;
  readonly target?: number;
  readonly isListed: boolean;
}

/** Measures one comparison; the floor comes first in what is returned. */
export async function measure(comparison: Comparison, options: MeasureOptions = {}): Promise<Result[]> {
  const { rounds = 41, sampleMs = 20 } = options;
  const all = [comparison.floor, ...comparison.candidates];
  const iterations = new Map<Candidate, number>();
  for (const candidate of all) {
    // The first sample compiles, the second is believed.
    await sample(candidate, 500);
    const us = await sample(candidate, 500);
    iterations.set(candidate, Math.max(20, Math.round((sampleMs * 1000) / us)));
  }
  const times = new Map<Candidate, number[]>(all.map((candidate) => [candidate, []]));
  for (let round = 0; round < rounds; round++) {
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
      ...(candidate.target === undefined ? {} : { target: candidate.target }),
      isListed: candidate.isListed ?? candidate.target !== undefined,
    };
  });
}

/** Microseconds of processor time for one operation. */
async function sample({ run }: Candidate, iterations: number): Promise<number> {
  const start = process.cpuUsage();
  for (let index = 0; index < iterations; index++) {
    const outcome = run();
    // Awaiting what is no promise would charge the floor for a turn of the event loop it does not need.
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

/** Prints a comparison as a table; false when a target is missed by more than the margin for noisy machines. */
export function report(title: string, results: readonly Result[]): boolean {
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log(`\n${title}`);
  let good = true;
  for (const { name, medianUs, ratio, p25, p75, target } of results) {
    const spread = `(${p25.toFixed(2)}-${p75.toFixed(2)})`;
    const goal =
      target === undefined
        ? ""
        : `  target <= ${target.toFixed(2)}: ${ratio <= target ? "reached" : "missed"}`;
    console.log(
      `  ${name.padEnd(width)}  ${ratio.toFixed(2).padStart(6)} ${spread.padEnd(13)} ${medianUs.toFixed(1).padStart(8)} us${goal}`,
    );
    if (target !== undefined && ratio > target * MARGIN) good = false;
  }
  return good;
}

/** Measures and prints; exit code 1 when a target is missed by more than the margin. */
export async function runComparisons(
  comparisons: readonly Comparison[],
  options?: MeasureOptions,
): Promise<void> {
  console.log(
    `node ${process.version}, ${process.arch}; ratio to the floor, median (p25-p75) of interleaved rounds`,
  );
  for (const comparison of comparisons) {
    const results = await measure(comparison, options);
    if (!report(comparison.title, results)) process.exitCode = 1;
    publishRows(rowsOf(comparison, results));
    const rivals = rivalryRows(comparison, results);
    if (rivals.length === 0) continue;
    printRows(rivals);
    publishRows(rivals);
  }
}

/** Medians against medians: the overheads of one round are too small to be divided. */
function rivalryRows({ title, rivalries = [] }: Comparison, results: readonly Result[]): Row[] {
  const ratioOf = (name: string) => results.find((result) => result.name === name)?.ratio ?? Number.NaN;
  return judge(
    rivalries.map(({ ours, peer, of, target }) => {
      const above = of === "overhead" ? 1 : 0;
      const value = (ratioOf(ours) - above) / (ratioOf(peer) - above);
      const what = of === "overhead" ? "what is above the floor, " : "";
      return { what: `${title}: ${what}${ours} / ${peer}`, value, target };
    }),
  );
}

/** For the closing table. */
function rowsOf({ title, floor }: Comparison, results: readonly Result[]): Row[] {
  return judge(
    results
      .filter(({ isListed }) => isListed)
      .map(({ name, ratio, target }) => ({
        what: `${title}: ${name} / (${floor.name})`,
        value: ratio,
        ...(target !== undefined && { target }),
      })),
  );
}
