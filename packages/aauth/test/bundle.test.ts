import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { expect, onTestFinished, test } from "vitest";
import { startChild } from "../../../tests/support/child.ts";

const ENTRY = new URL("../src/program.ts", import.meta.url).pathname;
const PROGRAM = `
  import { createAgent } from "./agent/index.ts";
  import { createDiscovery, generateSigningKey } from "./index.ts";
  const key = await generateSigningKey({ kid: "agent-1" });
  const discovery = createDiscovery();
  const agent = createAgent({ id: "aauth:a@agent.example", key, discovery });
  const refused = await agent.fetchFor()("http://127.0.0.1:1/").catch((error) => error.code);
  console.log("ended with", refused);
`;

test("an agent bundled for Node into one module starts, and connects by undici", async () => {
  const build = await rolldown({
    input: ENTRY,
    platform: "node",
    logLevel: "silent",
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? { code: PROGRAM, moduleType: "ts" as const } : undefined),
      },
    ],
  });
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { output } = await build.write({ format: "esm", file: join(folder, "agent.mjs") });
  await build.close();
  expect(output.length).toBe(1);
  const child = startChild(process.execPath, ["agent.mjs"], { cwd: folder, timeout: 20_000 });
  await child.ended;
  expect(child.text()).toBe("ended with ECONNREFUSED\n");
});
