/**
 * Agents, resources and person servers by different authors, live. `results.json` has what each cell comes to, and why where it is a
 * refusal; docs/reference/interop.md is made of it.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSetting, PEERS, type Setting, verdictOf } from "./peers.ts";
import results from "./results.json" with { type: "json" };

const RUST = "aauth-protocol";

interface Cell {
  readonly agent: string;
  readonly resource: string;
  readonly ps: string;
  /** Of the person server's program. */
  readonly psArgs?: readonly string[];
  /** Of the agent's program. */
  readonly call: readonly string[];
  readonly flow: string;
  readonly verdict: string;
}

const cells = (results.flows as readonly Cell[]).filter(
  ({ agent, resource, ps }) => [agent, resource, ps].includes(RUST) === (PEERS.rust !== undefined),
);
const settings = Map.groupBy(
  cells,
  ({ resource, ps, psArgs = [] }) =>
    `a resource of ${resource}, the person server of ${[ps, ...psArgs].join(" ")}`,
);

describe.each([...settings])("%s", (_name, group) => {
  const [{ resource, ps, psArgs }] = group as [Cell, ...Cell[]];
  let setting: Setting;
  beforeAll(async () => {
    setting = await createSetting();
    await Promise.all([setting.start("ps", ps, psArgs), setting.start("resource", resource)]);
  });
  afterAll(() => setting.stop());

  test.each(group)("agent of $agent, $flow: $verdict", async ({ agent, call, verdict }) => {
    const steps = await setting.call(agent, call);
    expect(verdictOf(steps, setting.facts()), JSON.stringify(steps)).toBe(verdict);
  });
});
