import { chmod, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { loadCredential } from "../src/credential.ts";
import { enrolIn } from "../src/enrol.ts";

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "delegate-")), "data");
});
const path = () => join(folder, "credential.json");

describe("a delegate's credential", () => {
  test("is made at the first start, readable by its owner alone, and is the same ever after", async () => {
    const first = await loadCredential(folder);
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(first.sub).toMatch(/^delegate-[0-9a-f]{8}$/);
    const second = await loadCredential(folder);
    expect([second.sub, second.publicJwk]).toEqual([first.sub, first.publicJwk]);
    expect(second.publicJwk).not.toHaveProperty("d");
  });

  test("is one also when two starts race for it", async () => {
    const [one, two] = await Promise.allSettled([loadCredential(folder), loadCredential(folder)]);
    const made = [one, two].filter((outcome) => outcome.status === "fulfilled");
    expect(new Set(made.map(({ value }) => value.sub)).size).toBe(1);
  });

  test("that others can read is refused", async () => {
    await loadCredential(folder);
    await chmod(path(), 0o640);
    await expect(loadCredential(folder)).rejects.toThrow("can be read by others");
  });

  test("that is malformed is refused, without its content in the message", async () => {
    await loadCredential(folder);
    const { jwk } = JSON.parse(await readFile(path(), "utf8")) as { jwk: { d: string } };
    await writeFile(path(), `{"sub":"x","jwk":{"d":"${jwk.d}"`);
    const error = await loadCredential(folder).catch((cause: unknown) => cause as Error);
    expect(String((error as Error).stack)).toContain("is malformed");
    expect(String((error as Error).stack)).not.toContain(jwk.d);
  });
});

describe("an enrolment", () => {
  const jwk = { kty: "OKP", crv: "Ed25519", x: "x".repeat(43) } as const;
  const entry = (sub: string, name = sub) => ({ sub, name, jwk, url: "http://localhost:1" });
  const file = () => join(folder, "sub", "delegates.json");

  test("stands beside the others' and replaces its own", async () => {
    await enrolIn(file(), entry("a"));
    await enrolIn(file(), entry("b"));
    await enrolIn(file(), entry("a", "renamed"));
    const { delegates } = JSON.parse(await readFile(file(), "utf8"));
    expect(delegates).toEqual([entry("b"), entry("a", "renamed")]);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  test("does not overwrite a file that is not a credential", async () => {
    await enrolIn(file(), entry("a"));
    await writeFile(file(), "# notes");
    await expect(enrolIn(file(), entry("b"))).rejects.toThrow("is not a file of delegates");
    expect(await readFile(file(), "utf8")).toBe("# notes");
  });
});
