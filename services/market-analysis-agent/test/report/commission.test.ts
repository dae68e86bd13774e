import type { ActClaim } from "aauth";
import { expect, test } from "vitest";
import { SELF, startStack } from "../stack.ts";

const SUPPLY_CHAIN = "http://supply-chain-agent.localhost:3000";
/** A mode in which a token need not name a user. */
const ENV = { AAUTH_AUTHORIZATION_SCHEME: "autonomous" };

/** The overview's line about a caller with this token. */
async function askedBy(token: { subject?: string; agentDelegate?: string; act?: ActClaim } = {}) {
  const stack = await startStack(ENV);
  const jwt = await stack.issueAuthToken({ audience: SELF, scope: "market-analysis:analyze", ...token });
  const reply = await stack.call({ signatureKey: { scheme: "jwt", jwt } });
  const report: string = reply.json().result.parts[0].text;
  expect(report).not.toContain(jwt.split(".")[1]);
  return /^- \*\*Asked by\*\*: (.*)$/m.exec(report)?.[1];
}

test("the answer states on whose behalf it was requested: agent, user, chain", async () => {
  const act = { agent: SUPPLY_CHAIN, sub: "user-1", act: { agent: "http://first.localhost:1" } };
  expect(await askedBy({ subject: "user-1", act })).toBe(
    "`http://backend.localhost:8000`, for user `user-1`, " +
      "called by `http://supply-chain-agent.localhost:3000`, called by `http://first.localhost:1`",
  );
});

test("a user that only act names is the user of another issuer", async () => {
  expect(await askedBy({ act: { agent: SUPPLY_CHAIN, sub: "theirs" } })).toContain("for user `theirs`");
});

test("without user and chain the agent alone is named", async () => {
  expect(await askedBy()).toBe("`http://backend.localhost:8000`");
  expect(await askedBy({ agentDelegate: "worker-1" })).toContain("through its delegate `worker-1`");
});

test("a name cannot leave its place in the Markdown", async () => {
  const line = await askedBy({ subject: "x`\n\n# Forged\u202e [link](http://evil.example)" });
  expect(line).toContain("for user `x # Forged [link](http://evil.example)`");
  expect(await askedBy({ subject: "y".repeat(500) })).toContain(`\`${"y".repeat(200)}…\``);
});

test("a caller with only a signature is not named", async () => {
  const stack = await startStack({ AAUTH_AUTHORIZATION_SCHEME: "signature-only" });
  const reply = await stack.call({});
  expect(reply.json().result.parts[0].text).not.toContain("Asked by");
});
