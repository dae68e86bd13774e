import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PORTS } from "topology";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts } from "../../scripts/demo/free-ports.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { copyTree, installPackages, type TreeCopy } from "../../scripts/holes/tree-copy.ts";
import { type Child, startChild } from "../support/child.ts";
import { ForeignAgent } from "../support/foreign-agent.ts";

const PAGE = readFileSync(`${REPOSITORY_ROOT}docs/add-an-agent.md`, "utf8");
const QUESTION = {
  kind: "message",
  messageId: "question-1",
  role: "user",
  parts: [{ kind: "text", text: "What is a laptop?" }],
};

/** The block of code that follows a path of the page. */
function blockAfter(path: string): string {
  const [, code] = new RegExp(`\`${path}\`[^\`]*\`\`\`\\w+\n([^]*?)\`\`\``).exec(PAGE) ?? [];
  if (code === undefined) throw new Error(`docs/add-an-agent.md has no block for ${path}`);
  return code;
}

let tree: TreeCopy;
let demo: Child;
let caller: ForeignAgent;
const ports: Record<string, number> = {};

beforeAll(async () => {
  [tree, caller] = await Promise.all([copyTree(REPOSITORY_ROOT), ForeignAgent.start()]);
  const table = "packages/topology/src/index.ts";
  const row = blockAfter(table);
  const end = "} as const satisfies Readonly<Record<string, AgentRow>>;";
  await tree.edit([[table, end, row + end]]);
  for (const name of ["package.json", "src/config.ts", "src/service.ts", "src/main.ts"]) {
    const path = `services/pricing-agent/${name}`;
    mkdirSync(dirname(join(tree.root, path)), { recursive: true });
    writeFileSync(join(tree.root, path), blockAfter(path));
  }
  // As `npm run demo` does on a clean machine, so that a dependency that only the tools have is
  // missing. With CI set, pnpm leaves a lockfile as it is.
  await installPackages(tree.root, "--prod", "--no-frozen-lockfile");

  const docs = startChild(process.execPath, ["scripts/docs.ts"], { cwd: tree.root });
  expect(await docs.ended, docs.text()).toMatchObject({ status: 0 });

  const listeners = [...Object.entries(PORTS), ["pricingAgent", { variable: "PRICING_AGENT_PORT" }] as const];
  const free = await freePorts(listeners.length);
  const variables = listeners.map(([key, { variable }], index) => {
    ports[key] = free[index]!;
    return [variable, String(free[index])];
  });
  const { PATH, HOME } = process.env;
  demo = startChild(process.execPath, ["scripts/demo/main.ts", "--without", "ui,trace-store"], {
    cwd: tree.root,
    env: { PATH, HOME, ...Object.fromEntries(variables) },
  });
  await demo.prints(/^Ready in /m);
}, 120_000);

afterAll(async () => {
  demo?.process.kill("SIGTERM");
  await Promise.all([demo?.ended, caller?.stop()]);
  tree?.remove();
});

test("the agent of docs/add-an-agent.md is challenged for and answers through the gateway", async () => {
  const resource = `http://pricing-agent.localhost:${ports.gateway}`;
  const authServer = `http://localhost:${ports.authServer}/realms/aauth-test`;
  const call = {
    method: "POST",
    url: `${resource}/`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message/send", params: { message: QUESTION } }),
  };
  expect(await caller.call(call, { scheme: "hwk" })).toMatchObject({ status: 401 });

  const challenge = await caller.call(call, { scheme: "jwks" });
  const resourceToken = caller.resourceTokenOf(challenge, { resource, authServer });
  const granted = await caller.askAuthServer(authServer, {
    request_type: "auth",
    resource_token: resourceToken,
  });
  const jwt = JSON.parse(granted.text).auth_token;
  const answer = await caller.call(call, { scheme: "jwt", jwt });
  expect(answer.status, answer.text).toBe(200);
  expect(JSON.parse(answer.text).result.parts).toEqual([
    { kind: "text", text: `A laptop is 1,200 USD, ${caller.id}.` },
  ]);
});

test("the page has at most 40 lines", () => {
  expect(PAGE.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
});
