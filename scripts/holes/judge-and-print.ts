import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { judgeMutations } from "./judge-mutations.ts";
import type { Mutation } from "./mutation.ts";
import { copyTree } from "./tree-copy.ts";

const SUMMARY_CHARACTERS = 64;

/** Judges mutations in a copy of the checkout, and prints a line for each. */
export async function judgeAndPrint(
  mutations: readonly Mutation[],
): Promise<{ misses: readonly Mutation[]; tookMs: number }> {
  const startedAt = performance.now();
  const copy = await copyTree(REPOSITORY_ROOT);
  // Also when the run is interrupted.
  process.once("exit", copy.remove);
  const width = Math.max(...mutations.map(({ id }) => id.length));
  const misses: Mutation[] = [];
  for await (const { mutation, verdict, seconds } of judgeMutations(mutations, copy)) {
    const isNoticed = verdict === "noticed";
    const summary = mutation.without.slice(0, SUMMARY_CHARACTERS).padEnd(SUMMARY_CHARACTERS);
    console.log(
      `${isNoticed ? "ok  " : "FAIL"}  ${mutation.id.padEnd(width)} ${summary} ${`${seconds} s`.padStart(6)}`,
    );
    if (isNoticed) continue;
    console.log(`      ${verdict}: vitest ${mutation.runs.at(-1)?.join(" ")}`);
    misses.push(mutation);
  }
  return { misses, tookMs: performance.now() - startedAt };
}
