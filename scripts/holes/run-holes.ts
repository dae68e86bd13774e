import { REPOSITORY_ROOT } from "../demo/stack.ts";
import type { PartResult } from "../test-report.ts";
import { judgeMutations } from "./judge-mutations.ts";
import { rowOf } from "./marked-checks.ts";
import { allMutations, type Mutation } from "./mutations.ts";
import { copyTree } from "./tree-copy.ts";

/**
 * The mutations whose id is one of the words, or begins with a word of one letter; all without
 * words. A string says which id is unknown.
 */
export function holesNamed(words: readonly string[]): readonly Mutation[] | string {
  const isNamedBy = (word: string, id: string) =>
    [id, rowOf(id)].includes(word) || (/^[A-Z]$/.test(word) && id[0] === word);
  const mutations = allMutations();
  const ids = [...new Set(mutations.map(({ id }) => id))];
  const unknown = words.find((word) => !ids.some((id) => isNamedBy(word, id)));
  if (unknown !== undefined) return `No row has the id ${unknown}. There are: ${ids.join(" ")}`;
  return mutations.filter(({ id }) => words.length === 0 || words.some((word) => isNamedBy(word, id)));
}

/** Judges these mutations and prints a line for each. */
export async function runHoles(mutations: readonly Mutation[]): Promise<PartResult> {
  const startedAt = performance.now();
  const copy = await copyTree(REPOSITORY_ROOT);
  // Also when the run is interrupted.
  process.once("exit", copy.remove);
  const failures: string[] = [];
  for await (const { mutation, verdict, seconds } of judgeMutations(mutations, copy)) {
    const isFine = verdict === "noticed";
    const { id, without, test } = mutation;
    console.log(
      `${isFine ? "ok  " : "FAIL"}  ${id.padEnd(4)} ${without.padEnd(64)} ${`${seconds} s`.padStart(6)}`,
    );
    if (isFine) continue;
    console.log(`      ${verdict}: ${test.filter(Boolean).join(" › ")}`);
    failures.push(`${id}: ${without}`);
  }
  const passed = mutations.length - failures.length;
  return { part: "holes", passed, skipped: 0, failures, tookMs: performance.now() - startedAt };
}
