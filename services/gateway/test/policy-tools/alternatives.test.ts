/**
 * Every commented rule of agentgateway/config-policy.yaml, uncommented as its comments describe.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { checkPolicy } from "../../src/policy-tools/check-policy.ts";
import { readRequestsFile } from "../../src/policy-tools/requests-file.ts";
import { testPolicy } from "../../src/policy-tools/test-policy.ts";

const read = (name: string) =>
  readFileSync(new URL(`../../../../agentgateway/${name}`, import.meta.url), "utf8");
const lines = read("config-policy.yaml").split("\n");
const requests = readRequestsFile({ text: read("policy-requests.yaml"), source: "requests", env: {} });

const isRule = (line: string) => /^ +# +- /.test(line);
const begins = (line: string) => /^ +# +(authorization|rules):$/.test(line);
const isOpenPaths = (line: string) => line.includes("request.path in");
/**
 * Line numbers of alternatives; those of the second route also need its frame and the rule for open
 * paths.
 */
const alternatives = lines.flatMap((line, index) => (isRule(line) && !isOpenPaths(line) ? [index] : []));
const secondRoute = lines.findIndex((line) => begins(line));

/**
 * The file with one alternative, and on the first route without the rule that it replaces, unless
 * it is a veto beside it.
 */
function takeIn(alternative: number): string {
  const firstRule = lines.findIndex((line) => line.includes("The backend, by its identity")) + 1;
  const nextRule = lines.findIndex((line) => line.includes("Documents that callers read"));
  const replaces = alternative < secondRoute && !lines[alternative]!.includes("require:");
  return lines
    .map((line, index) => {
      const needed =
        index === alternative ||
        (alternative > secondRoute &&
          index > secondRoute - 1 &&
          (begins(line) || (isRule(line) && isOpenPaths(line))));
      if (needed) return line.replace("# ", "");
      return replaces && index >= firstRule && index < nextRule ? "" : line;
    })
    .join("\n");
}

/** Names of the allowed recorded calls to `/` of the alternative's route. */
function allowedWith(alternative: number): string[] {
  const host = alternative > secondRoute ? "//market-analysis-agent" : "//supply-chain-agent";
  const calls = requests.filter(
    ({ url, method }) => url.includes(host) && method === "POST" && url.endsWith("/"),
  );
  const configuration = loadConfiguration({ text: takeIn(alternative), source: "policy", env: {} });
  const results = testPolicy(configuration, calls);
  return results.filter(({ decision }) => decision === "allowed").map(({ request }) => request.name);
}

const WITH_TOKEN = ["the backend, with an auth token", "the backend, with an auth token for a user"];
const DELEGATE_TOKEN = "a delegate of the backend, with an auth token";
const DELEGATES = ["a delegate of the backend, by its agent token", DELEGATE_TOKEN];
const CHAIN_WITH_USER = "chain, the supply-chain agent for the backend and a user";
const CHAIN_WITHOUT_USER = "chain, the same without a user";
const LONGER_CHAIN = "chain, one step longer";

/** In the file's order. */
const ALLOWED: readonly (readonly string[])[] = [
  [...WITH_TOKEN, DELEGATE_TOKEN],
  [WITH_TOKEN[1]!],
  [],
  [...WITH_TOKEN, "a token without scope", "a token with a scope that only begins alike", ...DELEGATES],
  ["the backend, by its keys", ...WITH_TOKEN, ...DELEGATES],
  ["the backend, by its keys", ...WITH_TOKEN],
  [CHAIN_WITH_USER],
  [CHAIN_WITH_USER],
  [CHAIN_WITH_USER, CHAIN_WITHOUT_USER, LONGER_CHAIN],
  [CHAIN_WITH_USER, CHAIN_WITHOUT_USER],
];

describe("commented alternatives of config-policy.yaml", () => {
  test("each has a line in the table", () => {
    expect(alternatives).toHaveLength(ALLOWED.length);
  });

  test.each(alternatives.map((line, index) => [lines[line]!.trim(), line, ALLOWED[index]!] as const))(
    "%s",
    (_rule, line, allowed) => {
      const text = takeIn(line);
      expect(checkPolicy({ text, source: "policy", env: {} }).findings).toEqual([]);
      const { bind } = loadConfiguration({ text, source: "policy", env: {} });
      const [first, second] = bind.listeners.map(({ route }) => route.policies.authorization);
      expect(first).toHaveLength(lines[line]!.includes("require:") ? 4 : 3);
      expect(second?.length).toBe(line > secondRoute ? 2 : undefined);
      expect(allowedWith(line)).toEqual(allowed);
    },
  );

  test("a veto refuses an exchanged token that another rule would accept", () => {
    const veto = alternatives.find((line) => lines[line]!.includes("require:"))!;
    const exchanged = requests.find(({ name }) => name === WITH_TOKEN[0])!;
    const claims = exchanged.aauth.jwt_claims as object;
    const aauth = {
      ...exchanged.aauth,
      jwt_claims: { ...claims, act: { agent: "http://unknown-agent.localhost:8001" } },
    };
    const decide = (text: string) =>
      testPolicy(loadConfiguration({ text, source: "policy", env: {} }), [{ ...exchanged, aauth }])[0];
    expect(decide(lines.join("\n"))).toMatchObject({ decision: "allowed" });
    expect(decide(takeIn(veto))).toMatchObject({
      decision: "refused",
      reason: "rule 4 requires what it lacks",
    });
  });
});
