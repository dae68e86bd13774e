/** The agent, the resource and the person server of the guide, as they stand: three programs and a person. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

describe("waiting for a person", { timeout: 120_000 }, () => {
  async function run(file: string, ...args: string[]) {
    const program = await programs.start(file, undefined, ...args);
    expect((await program.ended).status, program.text()).toBe(0);
    return program.stdout();
  }

  test("a call that does not wait survives restarts, a question and a decision", async () => {
    expect(await run("ask.ts")).toBe("https://ps.example asks: What is it for?\n");
    const [, page = ""] = /^Open (\S+)\n$/.exec(await run("ask.ts", "To plan the week"))!;
    expect(await consentAt(page)).toContain("desk.example at https://resource.example To plan the week<");
    expect(await run("ask.ts")).toBe(`${programs.printed("ask.ts")[0]}\n`);
  });

  test("a call that waits is resumed by another process", async () => {
    const first = await programs.start("job.ts", /^Open (\S+)\nThis process may end\.$/m);
    first.process.kill("SIGKILL");
    await first.ended;
    const [, page = ""] = await first.prints(/^Open (\S+)/m);
    const second = await programs.start("job.ts", /^This process may end\.$/m);
    expect(second.text()).not.toContain("Open");
    expect(await consentAt(page)).toContain("at https://resource.example data.read To plan the week<");
    expect((await second.ended).status, second.text()).toBe(0);
    expect(second.stdout()).toContain(programs.printed("job.ts")[0]);
  });
});

test("they fit on a screen", async () => {
  for (const file of ["agent.ts", "resource.ts", "ask.ts", "job.ts"]) {
    expect(programs.text(file).trimEnd().split("\n").length).toBeLessThanOrEqual(30);
  }
});
