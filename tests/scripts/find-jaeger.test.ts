import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findJaeger, findOrBuildJaeger, JaegerUnavailableError } from "../../scripts/jaeger/find-jaeger.ts";
import { goToolchain } from "../../scripts/jaeger/go-toolchain.ts";

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

test("for the demo: JAEGER_BIN, else jaeger on the PATH, and not the one that tests have built", () => {
  const onPath = program(join(folder, "bin", "jaeger"));
  const named = program(join(folder, "mine"));
  const env = { PATH: join(folder, "bin") };
  expect(findJaeger(env)).toBe(onPath);
  expect(findJaeger({ ...env, JAEGER_BIN: named })).toBe(named);
  program(built);
  expect(() => findJaeger({ PATH: "" })).toThrow(JaegerUnavailableError);
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

describe("the Go that builds it", () => {
  /** A Go that reports `version`, and fetches modules into the test's folder. */
  function fakeGo(version: string, dir = folder): string {
    const path = program(join(folder, "go"));
    const answers = `case "$1" in
      env) printf '${version}\\nlinux\\namd64\\n' ;;
      mod) echo "$@" > ${folder}/asked; printf '{\\n\\t"Dir": "${dir}"\\n}\\n' ;;
    esac`;
    writeFileSync(path, `#!/bin/sh\n${answers}\n`);
    return path;
  }

  test.each(["go1.21.0", "go2.0"])("%s finds a newer one by itself", async (version) => {
    const go = fakeGo(version);
    expect(await goToolchain(go)).toEqual({ program: go, env: { GOTOOLCHAIN: "auto" } });
  });

  test("go1.19.8, as in Debian 12, is used to fetch a newer one, which is made a program", async () => {
    for (const file of ["bin/go", "pkg/tool/linux_amd64/compile"])
      chmodSync(program(join(folder, file)), 0o444);
    const found = await goToolchain(fakeGo("go1.19.8"));
    expect(found).toEqual({ program: join(folder, "bin/go"), env: { GOTOOLCHAIN: "local", GOROOT: folder } });
    expect(readFileSync(join(folder, "asked"), "utf8")).toMatch(
      /^mod download -json golang\.org\/toolchain@v0\.0\.1-go1\.\d+\.\d+\.linux-amd64\n$/,
    );
    for (const file of ["bin/go", "pkg/tool/linux_amd64/compile"])
      expect(statSync(join(folder, file)).mode & 0o111).toBe(0o111);
  });
});
