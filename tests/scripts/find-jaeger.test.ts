import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findJaeger, findOrBuildJaeger, JaegerUnavailableError } from "../../scripts/jaeger/find-jaeger.ts";

let folder: string;
let built: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "find-jaeger-"));
  built = join(folder, "built");
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

const refusal = (find: () => unknown) => {
  try {
    find();
  } catch (error) {
    return error as JaegerUnavailableError;
  }
  throw new Error("nothing was thrown");
};

describe("for the demo", () => {
  test("JAEGER_BIN, else jaeger on the PATH", () => {
    const onPath = program(join(folder, "bin", "jaeger"));
    const named = program(join(folder, "mine"));
    const env = { PATH: join(folder, "bin") };
    program(built);
    expect(findJaeger(env, built)).toBe(onPath);
    expect(findJaeger({ ...env, JAEGER_BIN: named }, built)).toBe(named);
  });

  test("what the tests have built has no pages: it is refused, and the message says why and what helps", () => {
    program(built);
    for (const env of [{ PATH: "" }, { PATH: "", JAEGER_BIN: built }]) {
      const { message } = refusal(() => findJaeger(env, built));
      expect(message).toContain("has no pages");
      expect(message).toContain("JAEGER_BIN");
    }
  });

  test("none at all", () => {
    const error = refusal(() => findJaeger({ PATH: "" }, built));
    expect(error).toBeInstanceOf(JaegerUnavailableError);
    expect(error).toMatchObject({
      isMistake: false,
      message: expect.stringContaining("no executable jaeger"),
    });
  });
});

describe("for tests", () => {
  const silent = () => {};

  test("the one that was built before, unless there is another", async () => {
    program(built);
    expect(await findOrBuildJaeger({ PATH: "" }, silent, built)).toBe(built);
    const named = program(join(folder, "mine"));
    expect(await findOrBuildJaeger({ PATH: "", JAEGER_BIN: named }, silent, built)).toBe(named);
  });

  test("a wrong name is a mistake, and not made good by building", async () => {
    await expect(findOrBuildJaeger({ PATH: "", JAEGER_BIN: "/none" }, silent, built)).rejects.toMatchObject({
      isMistake: true,
    });
  });
});
