import { fileURLToPath } from "node:url";
import { createWorld, startProgram, VERIFY_CHECKS } from "aauth-conformance";
import { rowTests } from "./row-tests.ts";

const PROGRAM = fileURLToPath(new URL("targets/own-verifier.ts", import.meta.url));

rowTests(VERIFY_CHECKS, async () => {
  const target = startProgram(`"${process.execPath}" "${PROGRAM}"`);
  const bench = { target, world: createWorld("conformance.example"), claims: new Set<string>() };
  return { bench, close: async () => target.close() };
});
