/** The agent and the resource of docs/guide.md, as they stand there, with person servers by different authors. */

import { afterEach, expect, test } from "vitest";
import { consentAt, GUIDE_PORTS, type GuidePrograms, guidePrograms } from "../../support/guide-programs.ts";
import { createSetting, PEERS, type Setting } from "./peers.ts";

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

// They are no cells of the Rust peer.
const live = test.skipIf(PEERS.rust !== undefined);

live("introspection-aauth: a mission, person identity, three-party authorization", async () => {
  const agent = await startWith("introspection-aauth");
  expect((await agent.ended).status, agent.text()).toBe(0);
  for (const printed of programs.printed("agent.ts")) expect(agent.stdout()).toContain(`${printed}\n`);
  expect(setting.facts()).toEqual(
    expect.arrayContaining([expect.objectContaining({ path: expect.stringMatching(/mission/) })]),
  );
});

live(
  "@hellocoop/mockin: person identity after an interaction; its auth tokens are of an August text",
  async () => {
    const settings = { auto_approve: false, person_requirement: "interaction" };
    const agent = await startWith("@hellocoop/mockin", [JSON.stringify(settings)]);
    const [, page = ""] = await agent.prints(/^Open (\S+)/m);
    await consentAt(page);
    expect((await agent.ended).status).toBe(1);
    expect(agent.stdout()).toContain(`${programs.printed("agent.ts")[0]}\n`);
    // It reads `person_token_jti`, which is `presented_jti` in section 6.7.
    expect(agent.stderr()).toContain("oauthError: 'invalid_resource_token'");
  },
);
