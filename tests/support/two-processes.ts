import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { startChild } from "./child.ts";

/** A database, as the program of this test opens it. */
export interface Database {
  readonly kind: "sqlite" | "postgres" | "valkey";
  readonly url: string;
}

const PROGRAM = `${REPOSITORY_ROOT}tests/support/fixtures/store-worker.ts`;

/** Lines of two processes that do the same to one database at the same time. */
async function ofTwoProcesses(verb: string, { kind, url }: Database): Promise<string[][]> {
  const args = [PROGRAM, verb, kind, url];
  const children = [startChild(process.execPath, args), startChild(process.execPath, args)];
  for (let round = 1; round <= (verb === "count" ? 1 : 10); round++) {
    await Promise.all(children.map((child) => child.prints(new RegExp(`(?:^ready$[^]*?){${round}}`, "m"))));
    // Each of them begins every other round, so that neither does all the work on a busy machine.
    for (const child of round % 2 ? children : children.toReversed()) child.process.kill("SIGUSR2");
  }
  const statuses = await Promise.all(children.map(({ ended }) => ended));
  children.forEach((child, index) => {
    if (statuses[index]!.status !== 0) throw new Error(child.text());
  });
  return children.map((child) =>
    child
      .stdout()
      .split("\n")
      .filter((line) => line !== "ready" && line !== ""),
  );
}

/** Claims 500 keys from each of two processes: the number made, and by how many of them. */
export async function claimsOfTwoProcesses(database: Database) {
  const made = await ofTwoProcesses("claim", database);
  const keys = made.flat();
  if (new Set(keys).size !== keys.length) throw new Error("a key was claimed twice");
  return { claims: keys.length, owners: made.filter(({ length }) => length > 0).length };
}

/** Puts, takes and counts in each of two processes. */
export async function recordsOfTwoProcesses(database: Database) {
  const put = (await ofTwoProcesses("put", database)).flat();
  const taken = (await ofTwoProcesses("take", database)).flat();
  const counted = (await ofTwoProcesses("count", database)).flat().map(Number);
  return {
    put: put.length,
    differentPut: new Set(put).size,
    taken: taken.length,
    differentTaken: new Set(taken).size,
    count: Math.max(...counted),
    differentCounts: new Set(counted).size,
  };
}
