import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import {
  AGENTGATEWAY_VERSION,
  findOrBuildAgentgateway,
} from "../../scripts/agentgateway/find-agentgateway.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";

let folder: string;
let built: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "find-agentgateway-"));
  built = join(folder, "built/");
});
afterEach(() => rm(folder, { recursive: true }));

const find = (env: NodeJS.ProcessEnv) => findOrBuildAgentgateway(env, () => {}, built);

async function program(path: string): Promise<string> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, "#!/bin/sh\n");
  await chmod(path, 0o755);
  return path;
}

test("the program that is installed, else the one that was built, with its schema", async () => {
  const kept = await program(join(built, "agentgateway"));
  expect(await find({ PATH: "" })).toEqual({ AGENTGATEWAY_BIN: kept });
  const schema = await program(join(built, "schema/config.json"));
  const named = await program(join(folder, "mine"));
  const found = { AGENTGATEWAY_BIN: named, AGENTGATEWAY_SCHEMA: schema };
  expect(await find({ PATH: "", AGENTGATEWAY_BIN: named })).toEqual(found);
  await expect(find({ PATH: "", AGENTGATEWAY_BIN: "/none" })).rejects.toThrow(/AGENTGATEWAY_BIN.*\/none/);
});

test("without a clone, cargo or the release in the clone: the reason, and no program", async () => {
  expect(await find({ PATH: "" })).toContain(`git clone --depth 1 --branch ${AGENTGATEWAY_VERSION} https://`);
  const AGENTGATEWAY_SOURCE = join(folder, "clone");
  expect(await find({ PATH: "", AGENTGATEWAY_SOURCE })).toMatch(/cargo/);
  await program(join(folder, "bin/cargo"));
  execFileSync("git", ["init", "--quiet", AGENTGATEWAY_SOURCE]);
  expect(await find({ PATH: join(folder, "bin"), AGENTGATEWAY_SOURCE })).toMatch(/could not be built: \S/);
  expect(existsSync(join(built, "agentgateway"))).toBe(false);
});

test("Compose has the image of this release, and gives it our files", () => {
  const servicesOf = (file: string) =>
    parse(readFileSync(REPOSITORY_ROOT + file, "utf8"), { merge: true }).services;
  const { image } = servicesOf("docker-compose.yml").agentgateway;
  expect(image).toBe(`ghcr.io/agentgateway/agentgateway:${AGENTGATEWAY_VERSION}`);
  const profiles = ["february-2026", "draft-11"].map((profile) => servicesOf(`compose/${profile}.yml`));
  const commands = profiles.flatMap((services) => [services.agentgateway, services["agentgateway-policy"]]);
  for (const { command } of commands)
    expect(existsSync(REPOSITORY_ROOT + command[1].replace("/etc/", "")), command[1]).toBe(true);
});
