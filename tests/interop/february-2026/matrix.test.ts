/**
 * Every one-box and two-box swap in every mode, and what is refused where the peers are not named.
 * The results are compared with those in results.json, which docs/reference/interop.md is made
 * from; `UPDATE_DOCS=1` writes them.
 *
 * The variables say who takes part: AUTH_SERVER_TEST_URL a Keycloak in the embedded auth server's
 * place, with the published extension where INTEROP_EXTENSION is set; DEMO_UNDER_TEST the published
 * services in place of our Python programs; GATEWAY_UNDER_TEST a gateway program.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, expect, test } from "vitest";
import { keycloakDistribution } from "../../../scripts/keycloak/distribution.ts";
import { startAuthServer } from "../../contract/auth-server/auth-server-under-test.ts";
import { runCell } from "./cell.ts";
import { preparedDemo, publishedPeers } from "./published-peers.ts";
import { publishedLibrary, pythonPeers } from "./python-peers.ts";
import { type Cell, MODES, type Mode, RESULTS, type Results, SWAPS, sectionName } from "./swaps.ts";

installLocalhostLookup();

const { AUTH_SERVER_TEST_URL, INTEROP_EXTENSION, GATEWAY_UNDER_TEST } = process.env;
const IS_UPDATE = process.env.UPDATE_DOCS === "1";
const demo = preparedDemo();
const peers = demo ? publishedPeers(demo) : pythonPeers;
const keycloak = AUTH_SERVER_TEST_URL ? await startAuthServer() : undefined;
const section = sectionName({
  peers: demo ? "published services" : "Python programs",
  authServer: keycloak
    ? INTEROP_EXTENSION
      ? "Keycloak with the published extension"
      : "Keycloak with our provider"
    : "embedded auth server",
  ...(GATEWAY_UNDER_TEST && { gateway: "gateway fork" }),
});
const versions = [
  demo ? `published demo at ${demo.commit.slice(0, 7)}` : publishedLibrary(),
  ...(keycloak && !INTEROP_EXTENSION ? [`Keycloak ${(await keycloakDistribution()).version}`] : []),
];
const results = JSON.parse(readFileSync(RESULTS, "utf8")) as Results;
const recorded = results[section]?.verdicts;
const seen: Record<string, Record<string, Record<string, string>>> = {};

const modes = Object.keys(MODES) as Mode[];
const inModes = (of: readonly Mode[], swaps: readonly Cell["swapped"][], named: Cell["named"]): Cell[] =>
  of.flatMap((mode) => swaps.map((swapped) => ({ mode, swapped, named })));
/**
 * Beside the extension, which has no list of peers, all agents may be ours; one peer at a time
 * tests each of them.
 */
const cells = (
  INTEROP_EXTENSION
    ? inModes(modes, [[], ...SWAPS.slice(0, 3)], "everywhere")
    : [
        ...inModes(modes, SWAPS, "everywhere"),
        ...inModes(["autonomous", "user-delegated"], SWAPS.slice(0, 2), "not at the auth server"),
        ...inModes(modes, SWAPS.slice(0, 3), "nowhere"),
      ]
).map((cell) => ({ ...cell, boxes: cell.swapped.join(" + ") || "none" }));

test.each(cells)("$mode, $boxes, named $named", async ({ boxes, ...cell }) => {
  const { mode, named } = cell;
  const hops = await runCell(cell, peers, {
    keycloak,
    isExtension: INTEROP_EXTENSION !== undefined,
    gatewayProgram: GATEWAY_UNDER_TEST,
  });
  const verdict = hops.join("; ");
  seen[named] ??= {};
  seen[named][mode] = { ...seen[named][mode], [boxes]: verdict };
  if (named === "everywhere")
    expect(hops).toEqual([expect.stringMatching(/^verified/), expect.stringMatching(/^verified/)]);
  if (!IS_UPDATE) expect(verdict).toBe(recorded?.[named]?.[mode]?.[boxes]);
});

test("the recorded results have the same versions", () => {
  if (!IS_UPDATE) expect(results[section]?.versions).toEqual(versions);
});

afterAll(async () => {
  await keycloak?.setAttributes();
  if (!IS_UPDATE) return;
  const all = { ...results, [section]: { versions, verdicts: seen } };
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
});
