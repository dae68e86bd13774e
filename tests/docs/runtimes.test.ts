/** The page of frameworks and runtimes names all that are attacked, and the attacks. */

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ATTACKS } from "../runtimes/attacks.ts";
import { NODE_SERVERS } from "../runtimes/node-servers.ts";
import { RUNTIME_SERVERS } from "../runtimes/runtime-servers.ts";

test("the page has each server and each attack, and no other server", async () => {
  const page = await readFile(new URL("../../docs/reference/runtimes.md", import.meta.url), "utf8");
  const servers = [...page.matchAll(/^\| (\S.*?) \| `[\w-]*aauth/gm)].map(([, name]) => name);
  expect(servers).toEqual([...Object.keys(NODE_SERVERS), ...Object.keys(RUNTIME_SERVERS), "Next"]);
  for (const { name } of ATTACKS) expect(page).toContain(name);
});
