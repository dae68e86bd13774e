import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfigError, openKeys, type ServiceKeys } from "../../../src/service/index.ts";

const NAME = "backend";
const logger = { info: vi.fn(), error: vi.fn() };
const opened: ServiceKeys[] = [];
let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "keys-")), "own");
  vi.clearAllMocks();
});
afterEach(async () => {
  for (const keys of opened.splice(0)) keys.close();
  vi.useRealTimers();
  await rm(join(folder, ".."), { recursive: true });
});

/** Opens the folder as another process would. */
async function open(): Promise<ServiceKeys> {
  const keys = await openKeys({ folder, service: "backend", logger });
  opened.push(keys);
  return keys;
}
const openRing = async (options = {}) => (await open()).signingKeys(NAME, options);
const path = (file: string) => join(folder, file);

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems.map(({ name }) => name)).toEqual(["AAUTH_KEYS"]);
  return (error as ConfigError).message;
}

describe("keys in a folder", () => {
  it("are the same after a restart, and at other processes", async () => {
    const first = await open();
    const ring = await first.signingKeys(NAME);
    const second = await open();
    expect((await second.signingKeys(NAME)).current().publicJwk).toEqual(ring.current().publicJwk);
    expect(await second.secret("subjects")).toEqual(await first.secret("subjects"));
    expect(await second.secret("cookies")).not.toEqual(await first.secret("subjects"));
  });

  it("are in files that their owner alone can read", async () => {
    const keys = await open();
    await keys.signingKeys(NAME);
    await keys.secret("store");
    expect((await readdir(folder)).sort()).toEqual(["backend.1.json", "store.json"]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of await readdir(folder)) expect((await stat(path(file))).mode & 0o777).toBe(0o600);
  });

  it("K1: can be read by others, and the start is refused", async () => {
    const keys = await open();
    await keys.signingKeys(NAME);
    await keys.secret("store");
    for (const file of ["backend.1.json", "store.json"]) await chmod(path(file), 0o640);
    expect(await refusal(openRing())).toContain("backend.1.json can be read by others: chmod 600 it");
    expect(await refusal(keys.secret("store"))).toContain("store.json can be read by others");
  });
});
