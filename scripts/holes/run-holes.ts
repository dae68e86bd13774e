import type { PartResult } from "../test-report.ts";
import { judgeAndPrint } from "./judge-and-print.ts";
import { rowOf } from "./marked-checks.ts";
import type { Mutation } from "./mutation.ts";
import { allMutations } from "./mutations.ts";

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

/** Judges these mutations: each must be noticed. */
export async function runHoles(mutations: readonly Mutation[]): Promise<PartResult> {
  const { misses, tookMs } = await judgeAndPrint(mutations);
  const failures = misses.map(({ id, without }) => `${id}: ${without}`);
  return { part: "holes", passed: mutations.length - misses.length, skipped: 0, failures, tookMs };
}
