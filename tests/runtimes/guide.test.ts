/** The servers of the guide, unchanged: they challenge, publish their keys, and are short. */

import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { programsFolder } from "../support/guide-programs.ts";
import { freshKey } from "./parties.ts";
import { startSample } from "./runtime-servers.ts";

const guide = await readFile(new URL("../../docs/guide.md", import.meta.url), "utf8");
const [, chapter = ""] = guide.split("## Any framework, any runtime");
const samples = new Map(
  [...chapter.split("\n## ", 1)[0]!.matchAll(/```ts (\S+)\n([\s\S]*?)```/g)].map(([, name, code]) => [
    name,
    code!,
  ]),
);
// Folder with the installed packages and frameworks.
const folder = await programsFolder();
await symlink(`${process.env.RUNTIMES_UNDER_TEST}/node_modules`, `${folder}/node_modules`);
afterAll(() => rm(folder, { recursive: true }));

const hono = samples.get("hono.ts")!;
const served = (by: string) =>
  `${hono.slice(0, hono.indexOf("const app")).replace(/^import .*hono.*\n/gm, "")}${by}\n`;

describe.each([
  ["node-http.ts", "node", samples.get("node-http.ts")!],
  ["express.ts", "node", samples.get("express.ts")!],
  ["hono.ts", "node", hono],
  ["bun.ts", "bun", served("Bun.serve({ port: 4020, fetch: gate })")],
  ["deno.ts", "deno", served("Deno.serve({ port: 4020 }, gate)")],
  ["worker.ts", "workerd", samples.get("worker.ts")!],
] as const)("%s", (name, runtime, code) => {
  test("has at most 15 lines, challenges unsigned callers, and publishes its key", async () => {
    expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(15);
    await writeFile(`${folder}/${name}`, code);
    const { port, stop } = await startSample(runtime, `${folder}/${name}`, JSON.stringify(freshKey()));
    onTestFinished(async () => void (await stop()));
    const refused = await fetch(`http://127.0.0.1:${port}/me`);
    expect([
      refused.status,
      refused.headers.get("aauth-requirement") ?? refused.headers.get("signature-error"),
    ]).toEqual([401, expect.any(String)]);
    const published = await fetch(`http://127.0.0.1:${port}/jwks.json`);
    expect(await published.json()).toMatchObject({ keys: [{ kid: "resource-1" }] });
  });
});
