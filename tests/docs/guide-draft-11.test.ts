/**
 * The agent, the resource and the person server of the guide, unchanged: three programs and a
 * person.
 */

import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
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
  expect(await consentAt(toKnow)).toContain(
    "aauth:planner@agent.example asks: person-token https://resource.example<",
  );
  expect(await (await fetch(toKnow)).text()).toBe("This code is unknown, or has been used.");
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
    expect(await consentAt(page)).toContain(
      "desk.example asks: person-token https://resource.example To plan the week<",
    );
    expect(await run("ask.ts")).toBe(`${programs.printed("ask.ts")[0]}\n`);
  });

  test("a call that waits is resumed by another process", async () => {
    const first = await programs.start("job.ts", /^Open (\S+)\nThis process may end\.$/m);
    first.process.kill("SIGKILL");
    await first.ended;
    const [, page = ""] = await first.prints(/^Open (\S+)/m);
    const second = await programs.start("job.ts", /^This process may end\.$/m);
    expect(second.text()).not.toContain("Open");
    expect(await consentAt(page)).toContain(
      "auth-token https://resource.example data.read To plan the week<",
    );
    expect((await second.ended).status, second.text()).toBe(0);
    expect(second.stdout()).toContain(programs.printed("job.ts")[0]);
  });
});

async function startAgain(change: (folder: string) => Promise<void>, ...files: string[]) {
  await programs.stop();
  programs = await guidePrograms();
  await change(programs.folder);
  await Promise.all(files.map((file) => programs.start(file, /is ready/)));
}

describe("a mission", () => {
  beforeAll(() =>
    startAgain(
      (folder) => {
        const server = programs
          .text("person-server.ts")
          .replace("createPersonServer({", "$& missions: true,");
        return writeFile(`${folder}/person-server.ts`, server);
      },
      "person-server.ts",
      "resource.ts",
    ),
  );

  test("is completed by 60 lines, with four decisions of the person", async () => {
    const agent = await programs.start("mission.ts");
    const pages: string[] = [];
    for (const asked of [
      "mission Plan Dana's week from her documents. Mail the plan to Bob. To plan the week<",
      "auth-token https://resource.example data.read To plan the week<",
      "permission mail To plan the week<",
      "mission-completion  To plan the week<",
    ]) {
      const opened = `^Open (?!${pages.join("|") || "-"})(\\S+)`;
      const [, page = ""] = await agent.prints(new RegExp(opened, "m"));
      pages.push(page.replaceAll(/[.?]/g, "\\$&"));
      expect(await consentAt(page)).toContain(`aauth:desk@desk.example asks: ${asked}`);
    }
    expect((await agent.ended).status, agent.text()).toBe(0);
    const printed = programs.printed("mission.ts");
    expect(printed).toHaveLength(3);
    for (const line of printed) expect(agent.stdout()).toContain(`${line}\n`);
    const lines = ["key.ts", "desk.ts", "mission.ts"].flatMap((file) => programs.text(file).match(/^.*\S/gm));
    expect(lines.length).toBeLessThanOrEqual(60);
  });
});

describe("MCP", () => {
  beforeAll(() => startAgain(async () => {}, "person-server.ts", "mcp-server.ts"));

  test("a client is challenged for each tool, and calls it with the person's consent", async () => {
    const client = await programs.start("mcp-client.ts");
    const [, toKnow = ""] = await client.prints(/^Open (\S+)/m);
    await consentAt(toKnow);
    const [, toRead = ""] = await client.prints(/^Open \S+[\s\S]*^Open (\S+)/m);
    expect(await consentAt(toRead)).toContain("https://resource.example data.read<");
    expect((await client.ended).status, client.text()).toBe(0);
    for (const printed of programs.printed("mcp-client.ts")) expect(client.stdout()).toContain(printed);
  });

  test("a host that starts the bridge calls the same tools", async () => {
    const provider = await programs.start("desk.ts");
    await vi.waitFor(() => fetch("http://127.0.0.1:4014/jwks.json"), 20_000);
    const { command, args, env } = programs.host.mcpServers.files!;
    expect(command).toBe("npx");
    const [bridge, url] = args as [string, string];
    // Without an installed package, `npx` would ask the registry for it.
    const run =
      process.env.INSTALLED_PACKAGES === undefined
        ? [process.execPath, new URL(`../../packages/${bridge}/src/main.ts`, import.meta.url).pathname, url]
        : [command, "--no", bridge, url];
    const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
    const [program, ...rest] = run as [string, ...string[]];
    const transport = new StdioClientTransport({
      command: program,
      args: rest,
      cwd: programs.folder,
      env: { ...env, PATH },
    });
    const host = new Client({ name: "host", version: "1" });
    await host.connect(transport);
    const { content } = await host.callTool({ name: "whoami" });
    expect(content).toEqual([{ type: "text", text: "https://ps.example" }]);
    const read = await host.callTool({ name: "read" });
    expect(read.content).toEqual([{ type: "text", text: "data.read" }]);
    await host.close();
    provider.process.kill("SIGTERM");
  });
});

test("they fit on a screen", async () => {
  for (const file of ["agent.ts", "resource.ts", "ask.ts", "job.ts"]) {
    expect(programs.text(file).trimEnd().split("\n").length).toBeLessThanOrEqual(30);
  }
  for (const file of ["files.ts", "mcp-server.ts", "mcp-client.ts"]) {
    expect(programs.text(file).trimEnd().split("\n").length).toBeLessThanOrEqual(15);
  }
});
