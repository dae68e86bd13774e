/** Every command behind `scripts/bootstrap.mjs`: `--help` and a wrong flag start nothing. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MOVED } from "../../scripts/commands.mjs";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { LONG_PARTS, QUICK_PARTS, SLOW_PARTS } from "../../scripts/test-parts.ts";

const { scripts } = JSON.parse(readFileSync(`${REPOSITORY_ROOT}package.json`, "utf8")) as {
  scripts: Record<string, string>;
};
const commands = Object.entries(scripts).flatMap(([name, line]) =>
  line === `node scripts/bootstrap.mjs ${name}` && !Object.hasOwn(MOVED, name) ? [name] : [],
);
const LIMIT_MS = 30_000;

/** A command that starts real work would exceed the limit or print it. */
const run = (...args: string[]) =>
  runProgram(process.execPath, ["scripts/bootstrap.mjs", ...args], { output: "caught", limitMs: LIMIT_MS });

test("all of them are here", async () => {
  const { status, output } = await run("--help");
  expect(status).toBe(0);
  const [, names] = /^Commands: (.*)$/m.exec(output)!;
  expect(names!.split(", ").sort()).toEqual([...commands].sort());
});

test.each(Object.entries(MOVED))("%s, of version 0.1, says what has taken its place", async (old, now) => {
  expect(Object.keys(scripts)).toContain(old);
  const { status, output } = await run(old);
  expect([status, output]).toEqual([2, `npm run ${old} is now: npm run ${now}\n`]);
});

test.each(["consent", "levels"])("demo -- %s starts that program instead of the demo", async (name) => {
  const { status, output } = await run("demo", name, "--help");
  expect(status).toBe(0);
  expect(output).toContain(name);
  expect(output).not.toContain("--signature-scheme");
});

describe.each(commands)("%s", (command) => {
  test("--help shows usage and purpose", async () => {
    const { status, output } = await run(command, "--help");
    expect(status).toBe(0);
    expect(output.split("\n")[0]).toMatch(
      new RegExp(`^npm ${command === "test" ? "" : "run "}${command}(?: -- .*)?$`),
    );
    expect(output).not.toMatch(/Installing|ready on|Starting|== /);
  });

  test("an unknown flag is refused", async () => {
    const { status, output } = await run(command, "--bogus");
    expect(status).toBe(2);
    expect(output).toContain("--bogus");
    expect(output).not.toMatch(/ready on|Starting|== |\n {4}at /);
  });
});

test.each([
  ["test", { ...QUICK_PARTS }],
  ["test:all", { ...SLOW_PARTS }],
  ["test:long", { ...LONG_PARTS }],
])("%s lists its parts, and refuses one that there is not", async (command, parts) => {
  const help = (await run(command, "--help")).output;
  for (const part of Object.keys(parts)) expect(/^ {2}PART +(.*)/m.exec(help)![1]).toContain(part);
  const { status, output } = await run(command, "unit", "no-such");
  expect(status).toBe(2);
  expect(output).toContain(Object.keys(parts).join(", "));
});

test("there are at most 16 parts", () => {
  const names = [QUICK_PARTS, SLOW_PARTS, LONG_PARTS].flatMap((parts) => Object.keys(parts));
  expect(new Set(names).size).toBeLessThanOrEqual(16);
});

test("--help lists exactly the existing benchmarks", async () => {
  const { status, output } = await run("bench", "no-such");
  expect(status).toBe(2);
  const [, names] = /there are: (.*)/.exec(output)!;
  const help = (await run("bench", "-h")).output;
  expect(/^ {2}NAME +(\S.*)/m.exec(help)![1]!.match(/[a-z]+(?:-[a-z\d]+)*(?=[,;]|$)/g)).toEqual(
    names!.split(", "),
  );
});

test("test:holes names each id once, and refuses one that there is not even beside one that there is", async () => {
  const { status, output } = await run("test:holes", "P1", "ZZ");
  expect(status).toBe(2);
  expect(output).toMatch(/^No row has the id ZZ\. /);
  const ids = /There are: (.*)/.exec(output)![1]!.split(" ");
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain("P1");
});

test.each([
  [["--seed", "2", "packages/aauth", "packages/no"]],
  [["packages/aauth", "packages/no", "--seed", "2"]],
])("test:holes %j refuses the path that no file has, and names the folders as --help does", async (args) => {
  const { status, output } = await run("test:holes", ...args);
  expect(status).toBe(2);
  const [, folders] = /^No source file begins with packages\/no\. (There are: .*)/.exec(output)!;
  expect((await run("test:holes", "--help")).output).toContain(`${folders}\n`);
});
