/**
 * `npm run test:holes`: takes each check against a known hole out of a copy of the code, and demands that the tests meant for it fail.
 * It is what shows that every row of docs/reference/known-holes.md is refused by its check, and not by accident. About half an hour;
 * `npm run test:holes -- P1 J` runs the rows whose id is P1, or begins with J.
 *
 * @module
 */

import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { judgeMutations } from "./holes/judge-mutations.ts";
import { MUTATIONS } from "./holes/mutations.ts";
import { copyTree } from "./holes/tree-copy.ts";
import { endProgramsOnSignal } from "./run-program.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const isNamedBy = (word: string, id: string) => id === word || (/^[A-Z]$/.test(word) && id[0] === word);
  const ids = [...new Set(MUTATIONS.map(({ id }) => id))];
  const unknown = wanted.find((word) => !ids.some((id) => isNamedBy(word, id)));
  if (unknown !== undefined) {
    console.error(`No row has the id ${unknown}. There are: ${ids.join(" ")}`);
    return 2;
  }
  const chosen = MUTATIONS.filter(
    ({ id }) => wanted.length === 0 || wanted.some((word) => isNamedBy(word, id)),
  );
  endProgramsOnSignal();
  const copy = await copyTree(REPOSITORY_ROOT);
  // Also when the run is interrupted.
  process.once("exit", copy.remove);
  let failed = 0;
  for await (const { mutation, verdict, seconds } of judgeMutations(chosen, copy)) {
    const isFine = verdict === "noticed";
    if (!isFine) failed++;
    const { id, without, test } = mutation;
    console.log(
      `${isFine ? "ok  " : "FAIL"}  ${id.padEnd(4)} ${without.padEnd(64)} ${`${seconds} s`.padStart(6)}`,
    );
    if (!isFine) console.log(`      ${verdict}: ${test.filter(Boolean).join(" › ")}`);
  }
  console.log(`\n${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
