import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ConfigError, loadConfig, storeSettings } from "../../../src/service/config/index.ts";
import { openState, statePlaces } from "../../../src/service/index.ts";

const TERMS = { owner: "alice", ttlSeconds: 100 };
const CLAIM = { owner: "alice", quota: "own", ttlSeconds: 100 } as const;
const logger = pino({ level: "silent" });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "state-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const configOf = (env: NodeJS.ProcessEnv, port = 8000) => ({
  ...loadConfig({ service: "tiny", settings: storeSettings, env, argv: [] }),
  port,
  profile: "draft-11",
});
const open = (service: string, env: NodeJS.ProcessEnv) => openState(service, configOf(env), logger);
const inFiles = (name: string) => ({
  AAUTH_STORE: `sqlite:${folder}/${name}`,
  AAUTH_KEYS: `${folder}/${name}-keys`,
});

describe("where state is kept", () => {
  test("is a folder of the profile and the port, with the keys in another", () => {
    expect(statePlaces("tiny", configOf({}))).toEqual({
      store: { kind: "sqlite", folder: ".data/draft-11-8000" },
      keysFolder: ".keys/draft-11-8000",
    });
  });

  test("is nowhere with memory, and keys end with the process", () => {
    expect(statePlaces("tiny", configOf({ AAUTH_STORE: "memory" }))).toEqual({
      store: { kind: "memory" },
      keysFolder: undefined,
    });
  });

  test.each([
    ["AAUTH_STORE", { AAUTH_STORE: "mysql://127.0.0.1/aauth" }],
    ["AAUTH_STORE", { AAUTH_STORE: "sqlite:" }],
    ["AAUTH_REPLAY_STORE", { AAUTH_REPLAY_STORE: "http://127.0.0.1" }],
    ["AAUTH_REPLICAS", { AAUTH_REPLICAS: "0" }],
  ])("is refused under the name %s: %j", (name, env) => {
    expect(() => configOf(env)).toThrow(name);
  });

  test("no message repeats a password", () => {
    const env = { AAUTH_REPLAY_STORE: "http://:hunter2@127.0.0.1" };
    expect(() => configOf(env)).toThrow(expect.not.stringContaining("hunter2"));
  });
});

describe("a service with replicas", () => {
  const shared = { AAUTH_STORE: "postgres://127.0.0.1/aauth", AAUTH_KEYS: "/run/keys" };

  test.each([
    ["AAUTH_STORE", { ...shared, AAUTH_STORE: "memory" }],
    ["AAUTH_STORE", { ...shared, AAUTH_STORE: "sqlite:.data/shared" }],
    ["AAUTH_STORE", { AAUTH_KEYS: "/run/keys" }],
    ["AAUTH_KEYS", { AAUTH_STORE: shared.AAUTH_STORE }],
  ])("V20: does not start where replicas share no %s: %j", async (name, env) => {
    const starting = open("tiny", { ...env, AAUTH_REPLICAS: "2" });
    await expect(starting).rejects.toThrow(ConfigError);
    await expect(starting).rejects.toThrow(name);
  });

  test("starts where they share both", () => {
    expect(() => statePlaces("tiny", configOf({ ...shared, AAUTH_REPLICAS: "2" }))).not.toThrow();
  });
});

describe("state in files", () => {
  test("is there again after a restart", async () => {
    const first = await open("tiny", inFiles("restart"));
    await first.stores.records<string>("runs").put("r-1", "waits", TERMS);
    expect(await first.stores.claims("nonces").putIfAbsent("n-1", CLAIM)).toBe(true);
    const secret = await first.keys.secret("subjects");
    await first.close();
    const second = await open("tiny", inFiles("restart"));
    expect(await second.stores.records<string>("runs").get("r-1")).toBe("waits");
    expect(await second.stores.claims("nonces").putIfAbsent("n-1", CLAIM)).toBe(false);
    expect(await second.keys.secret("subjects")).toEqual(secret);
    await second.close();
  });

  test("is encrypted with a key that is not in its folder", async () => {
    const state = await open("tiny", inFiles("encrypted"));
    await state.stores.records<string>("runs").put("r-1", "hunter2", TERMS);
    await state.close();
    expect(await readFile(`${folder}/encrypted/tiny.db`, "latin1")).not.toContain("hunter2");
  });

  test("that was written with another key ends the start under the name of the setting", async () => {
    const before = await open("tiny", inFiles("rekeyed"));
    await before.stores.records<string>("runs").put("r-1", "waits", TERMS);
    await before.close();
    const env = { ...inFiles("rekeyed"), AAUTH_KEYS: `${folder}/other-keys` };
    await expect(open("tiny", env)).rejects.toThrow(/AAUTH_KEYS.*another key/s);
  });

  test("that cannot be written ends the start under the name of the setting", async () => {
    const file = `${folder}/file`;
    await writeFile(file, "");
    await chmod(file, 0o400);
    const env = { ...inFiles("unwritable"), AAUTH_STORE: `sqlite:${file}` };
    await expect(open("tiny", env)).rejects.toThrow(/AAUTH_STORE.*store_not_writable/s);
  });

  test.each([
    ["the keys are others", { AAUTH_KEYS: "other-keys" }, "AAUTH_KEYS"],
    [
      "the store of used signatures does not answer",
      { AAUTH_REPLAY_STORE: "valkey://127.0.0.1:1" },
      "AAUTH_REPLAY_STORE",
    ],
  ])("is closed where %s", async (_what, { AAUTH_KEYS, ...rest }: NodeJS.ProcessEnv, message) => {
    const env = inFiles("closed");
    await (await open("tiny", env)).close();
    const close = vi.spyOn(DatabaseSync.prototype, "close");
    const keys = AAUTH_KEYS === undefined ? {} : { AAUTH_KEYS: `${folder}/${AAUTH_KEYS}` };
    await expect(open("tiny", { ...env, ...rest, ...keys })).rejects.toThrow(message);
    expect(close).toHaveBeenCalledOnce();
    close.mockRestore();
  });
});
