/** The agent, the resource and the person server of the guide, as they stand: three programs and a person. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { consentAt, type GuidePrograms, guidePrograms } from "../support/guide-programs.ts";

let programs: GuidePrograms;
beforeAll(async () => {
  programs = await guidePrograms();
  await Promise.all(["person-server.ts", "resource.ts"].map((file) => programs.start(file, /is ready/)));
});
afterAll(() => programs.stop());

test("person identity, then three-party authorization, each with the person's consent", async () => {
  const agent = await programs.start("agent.ts");
  const [, toKnow = ""] = await agent.prints(/^Open (\S+)/m);
  expect(await consentAt(toKnow)).toContain("aauth:planner@agent.example at https://resource.example<");
  expect(await (await fetch(toKnow)).text()).toBe("This code is not good, or has been used.");
  const [, toRead = ""] = await agent.prints(/^Open \S+[\s\S]*^Open (\S+)/m);
  expect(await consentAt(toRead)).toContain("https://resource.example data.read<");
  expect((await agent.ended).status, agent.text()).toBe(0);
  for (const printed of programs.printed("agent.ts")) expect(agent.stdout()).toContain(`${printed}\n`);
  expect(programs.printed("agent.ts")).toHaveLength(2);
});

test("they fit on a screen", async () => {
  for (const file of ["agent.ts", "resource.ts"]) {
    expect(programs.text(file).trimEnd().split("\n").length).toBeLessThanOrEqual(30);
  }
});
