import { describe, expect, test } from "vitest";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { ConfigurationError } from "../../src/configuration/problem.ts";

const MIB = 1_048_576;
/** Many times what each takes here; what each has taken without its bound is many times this. */
const LONGEST_MS = 6000;

/** Of this process: the time on the wall is other processes' too. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const upTo = (bytes: number, text: string) => text.repeat(Math.floor(bytes / text.length));
const numbered = (bytes: number, part: (index: number) => string) => {
  const parts: string[] = [];
  for (let size = 0, index = 0; size < bytes; index++) size += parts[parts.push(part(index)) - 1]!.length;
  return parts.join("").slice(0, bytes);
};

function judge(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    loadConfiguration({ text, source: "large.yaml", env });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.message.length).toBeLessThan(30_000);
    return error.message.split("\n");
  }
}

const POLICIES =
  'binds:\n- port: 1\n  listeners:\n  - routes:\n    - backends: [{host: "a:1"}]\n      policies:\n        ';
const HTTP = `${POLICIES}extAuthz:\n          host: "a:1"\n          protocol:\n            http:\n              `;
const routeWith = (member: string) =>
  `binds:\n- port: 1\n  listeners:\n  - routes:\n    - {backends: [{host: "a:1"}], ${member}}\n`;

describe("a file of up to 1 MiB is judged at once, whatever is in it", () => {
  test.each<[string, string, RegExp]>([
    ["unknown keys", numbered(MIB, (index) => `a${index}: 1\n`), /more than 170000 YAML tokens/],
    ["one key, again and again", upTo(400_000, "a: 1\n"), /more than 170000 YAML tokens/],
    ["one key, as often as can be", upTo(100_000, "a: 1\n"), /:2 .*Map keys must be unique: a/],
    ["keys that are lists", numbered(200_000, (index) => `? [a${index}]\n: 1\n`), /Map keys must be texts/],
    ["quotation marks", upTo(80_000, '"'), /not valid YAML: Unexpected double-quoted-scalar/],
    ["more quotation marks", upTo(MIB, '"'), /more than 170000 YAML tokens/],
    ["commas", `[${upTo(MIB - 1, ",")}`, /more than 170000 YAML tokens/],
    ["escapes", `a: "${upTo(MIB - 4, "\\x")}`, /not valid YAML/],
    ["levels of brackets", upTo(MIB, "["), /more than 100 levels/],
    ["levels of dashes", upTo(MIB, "- "), /more than 100 levels/],
    ["documents", upTo(MIB, "---\n"), /more than one YAML document/],
    [
      "aliases",
      numbered(MIB, (index) => `- &a${index} x\n- *a${index}\n`),
      /more than 1000 anchors and aliases/,
    ],
    ["anchors alone", numbered(30_000, (index) => `- &a${index} x\n`), /more than 1000 anchors and aliases/],
    ["aliases alone", `- &a x\n${upTo(30_000, "- *a\n")}`, /more than 1000 anchors and aliases/],
    [
      "entries that are none",
      `binds: [${upTo(90_000, "x,")}]`,
      /binds\[0\]: expected object, received string/,
    ],
    ["variables that are not set", upTo(MIB, "$A\n"), /:1 .*variable A is not set/],
    ["braces that are not closed", upTo(MIB, `\${A:-`), /expected object, received string/],
    [
      "expressions",
      `${HTTP}metadata:\n${numbered(420_000, (index) => `                a${index}: "1"\n`).replace(/.+$/, "")}`,
      /^$/,
    ],
    [
      "a long pattern",
      `${POLICIES}authorization: {rules: ['request.path.matches("${upTo(900_000, "(a*)*(")}")']}\n`,
      /not a pattern: .{400,}…$/,
    ],
    [
      "host names times matches",
      routeWith(`hostnames: [${numbered(5000, (i) => `a${i},`)}], matches: [${upTo(5000, "{method: A},")}]`),
      /more than 100000 pairs of host names and matches/,
    ],
    ["a megabyte and one character", `#${upTo(MIB, "#")}`, /larger than 1 MiB/],
    ["a megabyte of comment", `${"#".repeat(MIB - 10)}\nbinds: []`, /nothing to listen on/],
  ])("%s", (_name, text, said) => {
    const startedAtMs = cpuMs();
    const problems = judge(text);
    expect(cpuMs() - startedAtMs).toBeLessThan(LONGEST_MS);
    expect(problems[0] ?? "").toMatch(said);
  });

  test("a file that its variables make larger", () => {
    const startedAtMs = cpuMs();
    const env = { LONG: "x".repeat(1_000_000) };
    expect(judge(`a: 1 #${upTo(900_000, "$LONG ")}`, env)[0]).toMatch(/with the values of its variables/);
    expect(cpuMs() - startedAtMs).toBeLessThan(LONGEST_MS);
  });
});

test("of 20,000 unknown keys the first are named, with their lines, and how many more there are", () => {
  const keys = (indent: string) =>
    numbered(1_000_000, (i) => (i < 20_000 ? `${indent}key_${i}: some\n` : "#"));
  for (const [text, first] of [
    [`${keys("")}\nbinds: []`, "large.yaml:1 key_0: unknown key key_0"],
    [
      `${POLICIES}a2a: {}\n${keys("        ")}`,
      "large.yaml:8 binds[0].listeners[0].routes[0].policies.key_0: ",
    ],
  ] as const) {
    const problems = judge(text).filter((line) => !line.includes("nothing to listen on"));
    expect(problems.find((line) => line.includes("key_0"))).toContain(first);
    expect(problems.filter((line) => line.includes("unknown key")).length).toBeGreaterThanOrEqual(19);
    expect(problems.at(-1)).toMatch(/^large\.yaml \(root\): and 1998[01] more problems$/);
  }
});

test("20 problems are all named", () => {
  const text = (count: number) => numbered(1000, (i) => (i < count ? `k${i}: 1\n` : "#"));
  // The key that is required is one of them.
  expect(judge(text(19))).toHaveLength(20);
  expect(judge(text(20)).at(-1)).toBe("large.yaml (root): and 1 more problem");
});
