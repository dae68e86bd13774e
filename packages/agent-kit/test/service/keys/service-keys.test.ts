import { generateKeyPairSync } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KeyRing } from "aauth";
import { createTestClock, type TestClock } from "aauth/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startChild } from "../../../../../tests/support/child.ts";
import { ConfigError } from "../../../src/service/config/index.ts";
import { memoryKeys, openKeys, removeMadeKeys, type ServiceKeys } from "../../../src/service/index.ts";

const FOLLOW_MS = 2_000;
const logger = { info: vi.fn(), error: vi.fn() };
const opened: ServiceKeys[] = [];
let folder: string;
let clock: TestClock;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "keys-")), "own");
  clock = createTestClock(Math.floor(Date.now() / 1000));
  vi.clearAllMocks();
});
afterEach(async () => {
  vi.useRealTimers();
  for (const keys of opened.splice(0)) keys.close();
  await rm(join(folder, ".."), { recursive: true });
});

/** Opens the folder as another process would. */
async function open(): Promise<ServiceKeys> {
  const keys = await openKeys({ folder, service: "backend", logger });
  opened.push(keys);
  return keys;
}
const openRing = async () => (await open()).signingKeys("backend", { keepSeconds: 100, now: clock.now });
const kidsOf = (ring: KeyRing) => ring.published().map(({ kid }) => kid);
const path = (file: string) => join(folder, file);

/** Replaces a file, as an operator does. */
async function put(file: string, content: object | string, mode = 0o600): Promise<void> {
  await mkdir(folder, { recursive: true });
  const text = typeof content === "string" ? content : JSON.stringify(content);
  await writeFile(path(`${file}.new`), text, { mode });
  await chmod(path(`${file}.new`), mode);
  await rename(path(`${file}.new`), path(file));
}
const newKey = () => generateKeyPairSync("ed25519").privateKey;
const newJwk = (kid: string) => ({ ...newKey().export({ format: "jwk" }), kid });

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ConfigError)) throw new Error("expected a ConfigError", { cause: error });
  expect(error.problems.map(({ name }) => name)).toEqual(["AAUTH_KEYS"]);
  return error.message;
}

describe("keys in a folder", () => {
  it("are the same after a restart, and at other processes", async () => {
    const first = await open();
    const second = await open();
    const ring = await first.signingKeys("backend");
    expect((await second.signingKeys("backend")).current().publicJwk).toEqual(ring.current().publicJwk);
    expect(await second.secret("subjects")).toEqual(await first.secret("subjects"));
    expect(await second.secret("cookies")).not.toEqual(await first.secret("subjects"));
  });

  it("are in files that their owner alone can read", async () => {
    const keys = await open();
    await keys.signingKeys("backend");
    await keys.secret("store");
    expect((await readdir(folder)).sort()).toEqual(["backend.1.json", "store.json"]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of await readdir(folder)) expect((await stat(path(file))).mode & 0o777).toBe(0o600);
  });

  it.each([0o640, 0o604, 0o620])("K1: refuses files that others can read or write: %o", async (mode) => {
    const keys = await open();
    await keys.signingKeys("backend");
    await keys.secret("store");
    for (const file of await readdir(folder)) await chmod(path(file), mode);
    expect(await refusalOf(openRing())).toContain("backend.1.json can be read by others: chmod 600 it");
    expect(await refusalOf(keys.secret("store"))).toContain("store.json can be read by others");
  });

  it("K5: refuses a folder that others can write, but for one with the sticky bit", async () => {
    const keys = await open();
    await keys.signingKeys("backend");
    await chmod(folder, 0o777);
    expect(await refusalOf(openRing())).toContain("can be written by others");
    await chmod(folder, 0o1777);
    expect((await openRing()).current().kid).toEqual(expect.any(String));
  });

  it.runIf(process.getuid?.() === 0)("K5: refuses a file of another user", async () => {
    const keys = await open();
    await keys.signingKeys("backend");
    for (const file of await readdir(folder)) await chown(path(file), 12_345, 12_345);
    expect(await refusalOf(openRing())).toContain("backend.1.json belongs to another user");
  });

  it("K2: are one key, however many processes start at once", async () => {
    const kids = await Promise.all(Array.from({ length: 16 }, async () => (await openRing()).current().kid));
    expect(new Set(kids).size).toBe(1);
    const secrets = await Promise.all(Array.from({ length: 16 }, async () => (await open()).secret("store")));
    expect(new Set(secrets.map(String)).size).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["backend.1.json", "store.json"]);
  });

  it("K2: are rotated once, however many processes rotate at once", async () => {
    const rings = await Promise.all(Array.from({ length: 8 }, openRing));
    const made = await Promise.all(rings.map((ring) => ring.rotate()));
    expect(new Set(made.map(({ kid }) => kid)).size).toBe(1);
    expect(new Set(rings.map((ring) => String(kidsOf(ring)))).size).toBe(1);
    expect(kidsOf(rings[0]!)).toHaveLength(2);
    expect(await readdir(folder)).toEqual(["backend.2.json"]);
  });

  it("K2: are those of the process that was first, for one that has not seen its rotation", async () => {
    const [one, other] = [await openRing(), await openRing()];
    const { kid } = await one.rotate();
    expect((await other.rotate()).kid).toBe(kid);
    expect([kidsOf(one), kidsOf(await openRing())]).toEqual([kidsOf(other), kidsOf(other)]);
  });

  it("K2: are one key for separate processes that start together", async () => {
    const script = fileURLToPath(new URL("fixtures/open-keys.ts", import.meta.url));
    const processes = [1, 2, 3].map(() => startChild(process.execPath, [script, folder]));
    await Promise.all(processes.map(({ ended }) => ended));
    const [printed, ...others] = processes.map(({ text }) => text());
    expect(printed).toContain(Buffer.from(await (await open()).secret("store")).toString("hex"));
    expect(others).toEqual([printed, printed]);
  }, 30_000);

  it("K3: names a key after the key, so that a name never means two keys", async () => {
    const first = await openRing();
    await first.rotate();
    await rm(folder, { recursive: true });
    const second = await openRing();
    await second.rotate();
    const kids = [...kidsOf(first), ...kidsOf(second)];
    expect(new Set(kids).size).toBe(4);
    for (const key of first.published()) expect(key.thumbprint).toContain(key.kid.replace("backend-", ""));
  });

  it("gives the first key of a folder the requested name, and later ones generated names", async () => {
    const options = { kidPrefix: "backend-ephemeral", firstKid: "backend-ephemeral-1" };
    for (const keys of [await open(), memoryKeys()]) {
      const ring = await keys.signingKeys("backend", options);
      expect(ring.current().kid).toBe("backend-ephemeral-1");
      expect((await ring.rotate()).kid).toMatch(/^backend-ephemeral-[\w-]{8}$/);
    }
  });

  it("keep their times over a restart: a new key signs once all can have read it", async () => {
    const before = await openRing();
    await before.rotate();
    const [second, first] = kidsOf(before);
    clock.advance(11);
    const after = await openRing();
    expect([after.current().kid, kidsOf(after)]).toEqual([first, [second, first]]);
    clock.advance(1);
    expect(after.current().kid).toBe(second);
    clock.advance(99);
    expect(kidsOf(after)).toHaveLength(2);
    clock.advance(1);
    expect([kidsOf(after), kidsOf(await openRing())]).toEqual([[second], [second]]);
  });

  it("follow a rotation of another process within seconds", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const [one, other] = [await openRing(), await openRing()];
    const { kid } = await one.rotate();
    expect(kidsOf(other)).not.toContain(kid);
    vi.advanceTimersByTime(FOLLOW_MS);
    await expect.poll(() => kidsOf(other)[0]).toBe(kid);
    expect(logger.info).toHaveBeenCalledExactlyOnceWith({ kid }, expect.any(String));
    expect((await other.rotate()).kid).not.toBe(kid);
    expect(kidsOf(other)).toHaveLength(3);
  });

  it("stay as they are while the folder is missing", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const ring = await openRing();
    const kids = kidsOf(ring);
    await rm(folder, { recursive: true });
    vi.advanceTimersByTime(FOLLOW_MS);
    await expect.poll(() => logger.error).toHaveBeenCalled();
    expect(kidsOf(ring)).toEqual(kids);
    await expect(ring.rotate()).rejects.toThrow("cannot be written: ENOENT");
    expect(kidsOf(ring)).toEqual(kids);
  });

  it.each([
    ["is cut", (text: string) => text.slice(0, -20)],
    ["is empty", () => ""],
    ["is no set of keys", () => '{"keys":[]}'],
    ["has a key without its private half", (text: string) => text.replace('"d"', '"e"')],
    ["has a private half of another key", (text: string) => text.replace(/"d": "..../, '"d": "AAAA')],
    ["has a key of another kind", () => JSON.stringify({ kty: "oct", k: "A".repeat(43) })],
    [
      "has a key twice",
      (text: string) => JSON.stringify({ keys: [1, 2].map(() => JSON.parse(text).keys[0]) }),
    ],
    [
      "has a time that is none",
      (text: string) => text.replace(/"announced_at": \d+/, '"announced_at": "now"'),
    ],
  ])("are not read from a file that %s, and its content is not shown", async (_what, change) => {
    await openRing();
    const text = await readFile(path("backend.1.json"), "utf8");
    await put("backend.1.json", change(text));
    const message = await refusalOf(openRing());
    expect(message).toContain("backend.1.json");
    expect(message).not.toContain(JSON.parse(text).keys[0].d.slice(4));
  });

  it.each([
    ["a secret of 31 bytes", { kty: "oct", k: Buffer.alloc(31).toString("base64url") }],
    ["a key that signs", newJwk("key-1")],
    ["two secrets", { keys: [1, 2].map(() => ({ kty: "oct", k: Buffer.alloc(32).toString("base64url") })) }],
  ])("have no secret in a file with %s", async (_what, content) => {
    await put("store.json", content);
    expect(await refusalOf((await open()).secret("store"))).toContain(
      "expected a JWK of type oct with 32 bytes",
    );
  });

  it("are refused where the folder is a file, or below one", async () => {
    await writeFile(folder, "");
    expect(await refusalOf(open())).toMatch(/cannot be used: (EEXIST|ENOTDIR)/);
    folder = join(folder, "below");
    expect(await refusalOf(open())).toContain("cannot be used: ENOTDIR");
    folder = join(folder, "..");
  });
});

describe("a key of an operator", () => {
  it("is used as it is: a PEM, a JWK, a JWK Set with the newest first", async () => {
    const pem = newKey();
    await put("backend.pem", pem.export({ format: "pem", type: "pkcs8" }).toString());
    expect((await openRing()).current().publicJwk.x).toBe(pem.export({ format: "jwk" }).x);
    await rm(path("backend.pem"));
    await put("backend.json", newJwk("key-1"));
    expect(kidsOf(await openRing())).toEqual(["key-1"]);
    await put("backend.json", { keys: [newJwk("key-2"), newJwk("key-1")] });
    const ring = await openRing();
    expect([ring.current().kid, kidsOf(ring)]).toEqual(["key-1", ["key-2", "key-1"]]);
    // The file's time, by the system's clock, may be in the next second.
    clock.advance(13);
    expect(ring.current().kid).toBe("key-2");
  });

  it("may be readable by the group, where another user owns it", async () => {
    vi.spyOn(process, "getuid").mockReturnValue(12_345);
    await put("backend.json", newJwk("key-1"), 0o440);
    expect(kidsOf(await openRing())).toEqual(["key-1"]);
    await put("backend.json", newJwk("key-1"), 0o444);
    expect(await refusalOf(openRing())).toContain("can be read by others");
    vi.restoreAllMocks();
  });

  it("is a file of at most 256 KiB: refuses a folder and a larger file", async () => {
    await mkdir(path("backend.json"), { recursive: true, mode: 0o700 });
    expect(await refusalOf(openRing())).toContain("backend.json is not a file of keys");
    await rm(path("backend.json"), { recursive: true });
    const key = JSON.stringify(newJwk("key-1"));
    await put("backend.json", key.padEnd(262_144));
    expect(kidsOf(await openRing())).toEqual(["key-1"]);
    await put("backend.json", key.padEnd(262_145));
    expect(await refusalOf(openRing())).toContain("backend.json is not a file of keys");
  });

  it("is rotated by the operator alone, and signs once others can have read it", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await put("backend.json", newJwk("key-1"));
    const ring = await openRing();
    await expect(ring.rotate()).rejects.toThrow("rotated by the operator");
    await put("backend.json", newJwk("key-2"));
    vi.advanceTimersByTime(FOLLOW_MS);
    await expect.poll(() => kidsOf(ring)).toEqual(["key-2", "key-1"]);
    expect(ring.current().kid).toBe("key-1");
    clock.advance(12);
    expect(ring.current().kid).toBe("key-2");
    clock.advance(100);
    expect(kidsOf(ring)).toEqual(["key-2"]);
  });

  it("is replaced by a new key, made once, when its file is removed", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await put("backend.json", newJwk("key-1"));
    const [one, other] = [await openRing(), await openRing()];
    await rm(path("backend.json"));
    vi.advanceTimersByTime(FOLLOW_MS);
    await expect.poll(() => [kidsOf(one).length, kidsOf(other).length]).toEqual([2, 2]);
    expect(kidsOf(one)).toEqual(kidsOf(other));
    expect([one.current().kid, await readdir(folder)]).toEqual(["key-1", ["backend.1.json"]]);
    clock.advance(12);
    expect([one.current().kid, other.current().kid]).toEqual([kidsOf(one)[0], kidsOf(one)[0]]);
    expect(one.current().kid).toMatch(/^backend-[\w-]{8}$/);
    clock.advance(100);
    expect(kidsOf(one)).toHaveLength(1);
    await one.rotate();
    expect(await readdir(folder)).toEqual(["backend.2.json"]);
  });

  it("with the name of a new folder's first key is replaced by a key of another name", async () => {
    const options = { kidPrefix: "backend-ephemeral", firstKid: "backend-ephemeral-1" };
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await put("backend.json", newJwk("backend-ephemeral-1"));
    const ring = await (await open()).signingKeys("backend", options);
    await rm(path("backend.json"));
    vi.advanceTimersByTime(FOLLOW_MS);
    await expect.poll(() => kidsOf(ring)[0]).toMatch(/^backend-ephemeral-[\w-]{8}$/);
    expect(logger.error).not.toHaveBeenCalled();
  });

  it.each([
    ["K4: is not taken where it has the name of another", () => newJwk("key-1")],
    ["is not taken where it is malformed", () => "{"],
  ])("%s: the one before stays", async (_what, content) => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await put("backend.json", newJwk("key-1"));
    const ring = await openRing();
    const { x } = ring.current().publicJwk;
    await put("backend.json", content());
    vi.advanceTimersByTime(FOLLOW_MS);
    await expect.poll(() => logger.error).toHaveBeenCalled();
    expect(ring.published().map(({ publicJwk }) => publicJwk.x)).toEqual([x]);
  });
});

describe("removal of the keys that services have made", () => {
  it("removes keys, secrets and unfinished files, and the folder", async () => {
    await (await openRing()).rotate();
    await (await open()).secret("store");
    await put(".backend.2.json.0123456789ab", "{");
    await removeMadeKeys(folder);
    expect(await readdir(join(folder, ".."))).toEqual([]);
    await removeMadeKeys(folder);
  });

  it("keeps an operator's files", async () => {
    const secret = { kty: "oct", k: Buffer.alloc(32, 1).toString("base64url") };
    const pem = newKey().export({ format: "pem", type: "pkcs8" }).toString();
    const jwk = newJwk("key-1");
    const files = {
      "backend.pem": pem,
      "backend.2.pem": pem,
      "person-server.json": JSON.stringify(jwk),
      "access-server.json": JSON.stringify({ keys: [{ ...jwk, announced_at: 1 }] }),
      "store.json": JSON.stringify(secret),
      "person-server-subjects.json": JSON.stringify({ keys: [secret] }),
      "auth-server.json": "{",
      notes: "",
    };
    for (const [name, text] of Object.entries(files)) await put(name, text);
    await mkdir(path("backend.1.json"));
    await (await open()).signingKeys("market-analysis-agent");
    await removeMadeKeys(folder);
    expect((await readdir(folder)).sort()).toEqual([...Object.keys(files), "backend.1.json"].sort());
    expect(await readFile(path("store.json"), "utf8")).toBe(files["store.json"]);
  });
});
