import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runPolicyCommand } from "../../src/policy-tools/policy-command.ts";
import { policyFile } from "./policy-file.ts";

const IS_BACKEND = 'extauthz.aauth.agent == "backend"';
const FILES: Readonly<Record<string, string>> = {
  "good.yaml": policyFile([IS_BACKEND]),
  "noted.yaml": policyFile([`${IS_BACKEND} && extauthz.aauth.jwt_claims.groups == "x"`]),
  "bad.yaml": policyFile(['extauthz.aauth.scheme == "jwks"']),
  "invalid.yaml": policyFile(["("]),
  "requests.yaml": `requests:
- {name: backend, url: "http://agent.localhost:3000/", aauth: {scheme: Jwks, agent: backend}, expect: allowed}
- {name: unsigned, url: "http://agent.localhost:3000/\${ROOT:-x}", expect: refused}
`,
  "hostilex\u202e\u2028\u2066.yaml": policyFile([
    'extauthz.aauth.agent == "x\u202e\u2066"',
    'extauthz.aauth.scheme == "jw\u202eks"',
  ]),
  "hostile-requests.yaml": `requests: [{name: "x\\u001b[2J\u202e", url: "http://agent.localhost:3000/\u202e", expect: refused}]`,
  "unexpected.yaml": `requests: [{name: unsigned, url: "http://agent.localhost:3000/", expect: allowed}]`,
  "malformed.yaml": `requests:\n- {name: x, url: "http://a/", aut: {}}\n- {name: y, url: nowhere}`,
  "agentgateway/policy-requests.yaml": readFileSync(
    new URL("../../../../agentgateway/policy-requests.yaml", import.meta.url),
    "utf8",
  ),
  "config-policy.yaml": readFileSync(
    new URL("../../../../agentgateway/config-policy.yaml", import.meta.url),
    "utf8",
  ),
};

function run(argv: string[], colour = false) {
  const output: string[] = [];
  const errors: string[] = [];
  const status = runPolicyCommand(argv, {
    env: {},
    readFile: (path) => {
      const text = FILES[path];
      if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
      return text;
    },
    print: (text) => void output.push(text),
    printError: (text) => void errors.push(text),
    colour,
    defaultRequestsFile: "agentgateway/policy-requests.yaml",
  });
  return { status, output: output.join("\n"), errors: errors.join("\n") };
}

describe("A10: a file", () => {
  const HOSTILE = "x\u202e\u2028\u2066";

  test.each([
    ["in its rules", ["check", `hostile${HOSTILE}.yaml`]],
    ["in its rules, as JSON", ["check", `hostile${HOSTILE}.yaml`, "--json"]],
    ["in its requests", ["test", "good.yaml", "--requests", "hostile-requests.yaml"]],
    ["in its requests, as JSON", ["test", "good.yaml", "--requests", "hostile-requests.yaml", "--json"]],
    ["that is missing", ["test", `missing${HOSTILE}.yaml`]],
    ["and a command", [HOSTILE, "good.yaml"]],
  ])("A10: %s does not talk to the terminal", (_where, argv) => {
    const { output, errors } = run(argv);
    expect(output + errors).not.toBe("");
    expect(output + errors).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});

describe("exit status", () => {
  test.each([
    ["nothing found", ["check", "good.yaml"], 0],
    ["notes only", ["check", "noted.yaml"], 0],
    ["findings", ["check", "bad.yaml"], 1],
    ["a file that the gateway refuses", ["check", "invalid.yaml"], 1],
    ["all as expected", ["test", "good.yaml", "--requests", "requests.yaml"], 0],
    ["not as expected", ["test", "good.yaml", "--requests", "unexpected.yaml"], 1],
    ["requests for a file that the gateway refuses", ["test", "invalid.yaml"], 1],
    ["help", ["--help"], 0],
    ["another command", ["frob", "good.yaml"], 2],
    ["no file", ["check"], 2],
    ["a file that is not there", ["check", "missing.yaml"], 2],
    ["requests that cannot be read", ["test", "good.yaml", "--requests", "malformed.yaml"], 1],
    ["an unknown flag", ["check", "good.yaml", "--colour"], 2],
  ] as const)("%s", (_name, argv, status) => {
    const result = run([...argv]);
    expect(result.status).toBe(status);
    expect(result.errors !== "").toBe(result.output === "");
  });
});

test("wrong requests are named with file and line, all of them", () => {
  const { errors } = run(["test", "good.yaml", "--requests", "malformed.yaml"]);
  expect(errors).toMatch(/malformed\.yaml:2 requests\[0\].*aut/);
  expect(errors).toMatch(/malformed\.yaml:3 requests\[1\]\.url/);
});

test("colours only where asked for", () => {
  expect(run(["check", "bad.yaml"]).output).not.toContain("\u001b");
  expect(run(["check", "bad.yaml"], true).output).toContain("\u001b[31m");
  expect(run(["test", "good.yaml", "--requests", "requests.yaml"], true).output).toContain("\u001b[32m");
});

test("--json says the same to a machine", () => {
  expect(JSON.parse(run(["check", "bad.yaml", "--json"]).output)).toMatchObject({
    file: "bad.yaml",
    findings: [{ kind: "scheme-spelling", severity: "error", place: "agent rule 1" }],
  });
  expect(
    JSON.parse(run(["test", "good.yaml", "--requests", "requests.yaml", "--json"]).output),
  ).toMatchObject({
    results: [
      { decision: "allowed", decidedBy: "rule", isAsExpected: true },
      {
        decision: "refused",
        status: 403,
        rules: [{ rule: 1, isTrue: false, failure: "No such key: agent" }],
      },
    ],
  });
});

test("the shipped requests meet the shipped policy", () => {
  const { status, output } = run(["test", "config-policy.yaml"]);
  expect(output).toMatch(/27 requests, 15 allowed, 12 refused, all as expected$/);
  expect(status).toBe(0);
});
