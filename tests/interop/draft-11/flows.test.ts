/**
 * Agents, resources and person servers by different authors, live. `results.json` has the outcome
 * of each cell, with the reason of a refusal; docs/reference/interop.md is generated from it.
 */

import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { consentAt, GUIDE_PORTS, type GuidePrograms, guidePrograms } from "../../support/guide-programs.ts";
import { createSetting, isUnderTest, PEERS, type Setting, verdictOf } from "./peers.ts";
import results from "./results.json" with { type: "json" };

interface Cell {
  readonly agent: string;
  readonly resource: string;
  readonly ps: string;
  /** Arguments of the person server's program. */
  readonly psArgs?: readonly string[];
  /** Arguments of the agent's program. */
  readonly call: readonly string[];
  readonly flow: string;
  readonly verdict: string;
}

const cells = (results.flows as readonly Cell[]).filter(({ agent, resource, ps }) =>
  isUnderTest(agent, resource, ps),
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
    // All agents of a run have the same key, so the same request twice in one second is a replay.
    if (ps.startsWith("ours")) await pause(1_000);
    const steps = await setting.call(agent, call);
    expect(verdictOf(steps, setting.facts()), JSON.stringify(steps)).toBe(verdict);
  });
});

// These have no part for the Rust peer.
if (PEERS.rust === undefined) {
  describe("the agent and the resource of docs/guide.md, as they stand there", () => {
    let setting: Setting;
    let programs: GuidePrograms;
    afterEach(async () => {
      await programs.stop();
      await setting.stop();
    });

    async function startWith(ps: string, args: readonly string[] = []) {
      [setting, programs] = await Promise.all([createSetting(GUIDE_PORTS), guidePrograms()]);
      await Promise.all([setting.start("ps", ps, args), programs.start("resource.ts", /is ready/)]);
      return programs.start("agent.ts");
    }

    test("the person server of introspection-aauth: person identity, three parties in a mission", async () => {
      const agent = await startWith("introspection-aauth");
      expect((await agent.ended).status, agent.text()).toBe(0);
      for (const printed of programs.printed("agent.ts")) expect(agent.stdout()).toContain(`${printed}\n`);
    });

    test("the person server of mockin: person identity after an interaction; its auth tokens are of August", async () => {
      const settings = { auto_approve: false, person_requirement: "interaction" };
      const agent = await startWith("@hellocoop/mockin", [JSON.stringify(settings)]);
      const [, page = ""] = await agent.prints(/^Open (\S+)/m);
      await consentAt(page);
      expect((await agent.ended).status).toBe(1);
      expect(agent.stdout()).toContain(`${programs.printed("agent.ts")[0]}\n`);
      // It reads `person_token_jti`, which is `presented_jti` in section 6.7.
      expect(agent.stderr()).toContain("oauthError: 'invalid_resource_token'");
    });
  });
}
