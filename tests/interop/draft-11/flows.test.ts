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
  /** Not run yet. */
  readonly todo?: boolean;
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
  let setting: Setting | undefined;
  beforeAll(async () => {
    if (group.every(({ todo }) => todo)) return;
    setting = await createSetting();
    await Promise.all([setting.start("ps", ps, psArgs), setting.start("resource", resource)]);
  });
  afterAll(() => setting?.stop());

  for (const { agent, call, flow, verdict, todo } of group) {
    const name = `agent of ${agent}, ${call[0]}, ${flow}: ${verdict}`;
    if (todo) test.todo(name);
    else
      test(name, async () => {
        const steps = await setting!.call(agent, call);
        expect(verdictOf(steps, setting!.facts()), JSON.stringify(steps)).toBe(verdict);
      });
  }
});
