import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createDiscovery, decodeToken, generateSigningKey, type SigningKey, tokenId } from "aauth";
import { type AgentEvent, createAgent, pooledTransport } from "aauth/agent";
import { february2026, issueAgentToken } from "aauth/february-2026";
import { installLocalhostLookup } from "agent-kit/service";
import { type DelegateList, delegateListSchema, delegateSchema } from "backend-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConsentPolicy } from "../../scripts/consent/consent-policy.ts";
import { createAgentTokens } from "../../services/delegate-agent/src/agent-tokens.ts";
import { loadCredential } from "../../services/delegate-agent/src/credential.ts";
import { enrolIn } from "../../services/delegate-agent/src/enrol.ts";
import { DEMO_USER, userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const SECOND_USER = { username: "second-user", password: "user123" };
const AGENT_TOKEN_SECONDS = 4;

let stack: TestStack;
let folder: string;
let delegatesFile: string;

// With the rules on identity: they let only delegates of the backend through.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "delegate-"));
  delegatesFile = join(folder, "delegates.json");
  stack = await startStack({
    processes: ["delegate-agent"],
    modes: { delegate: true, policyFile: "agentgateway/config-policy.yaml" },
    env: {
      backend: {
        BACKEND_DELEGATES_FILE: delegatesFile,
        BACKEND_AGENT_TOKEN_SECONDS: String(AGENT_TOKEN_SECONDS),
      },
      "delegate-agent": {
        DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      },
    },
  });
});
afterAll(() => stack?.stop());

async function ask(path: string, method = "GET", user: typeof SECOND_USER = DEMO_USER) {
  const headers = { authorization: `Bearer ${await userAccessToken(stack.urls, user)}` };
  const reply = await fetch(`${stack.urls.backend}${path}`, { method, headers });
  return { status: reply.status, body: (await reply.json()) as unknown };
}

async function delegates(): Promise<DelegateList> {
  return delegateListSchema.parse((await ask("/delegates")).body);
}

async function letItRun(sub: string) {
  const { status, body } = await ask(`/delegates/${sub}/run`, "POST");
  expect([status, body]).toEqual([200, expect.anything()]);
  return delegateSchema.parse(body);
}

/** The delegate that is a process of the stack; those that tests enrol have no process. */
async function ownDelegate() {
  return (await delegates()).delegates.find(({ process }) => process === "running")!;
}

describe("the backend's delegate", () => {
  test("is challenged, gets an auth token that names it, and is let in; the page can show that", async () => {
    const before = await ownDelegate();
    expect(before).toMatchObject({ name: "Inventory scout", last_run: null });
    const { sub, agent_token, last_run } = await letItRun(before.sub);
    expect(last_run).toMatchObject({
      status: "completed",
      granted: {
        agent: stack.urls.backendAgent,
        agent_delegate: sub,
        scope: "supply-chain:optimize",
      },
      report: expect.stringContaining("# Supply Chain Optimization Analysis"),
    });
    expect(last_run?.steps.map(({ action }) => action)).toEqual([
      ...["request_signed", "challenge_received", "token_requested", "token_received"],
      ...["request_signed", "response_received"],
    ]);
    expect(agent_token?.key).toHaveLength(43);
    expect((await delegates()).agent).toBe(stack.urls.backendAgent);
    expect((await ownDelegate()).last_run).toEqual(last_run);
  });

  test("tells the supply-chain agent who it is: the log has the delegate beside its agent", async () => {
    const { sub } = await ownDelegate();
    const log = stack.log();
    expect(log).toMatch(new RegExp(`supply-chain-agent +\\| .*"agent_delegate":"${sub}"`));
    expect(log).toMatch(new RegExp(`supply-chain-agent +\\| .*✅ Authorization successful.*delegate=${sub}`));
    expect(log).toMatch(new RegExp(`auth-server +\\| .*Issued auth_token .*delegate=${sub}`));
  });

  test("keeps its name over a restart, with another key", async () => {
    const before = await letItRun((await ownDelegate()).sub);
    await stack.kill("delegate-agent");
    expect((await delegates()).delegates).toContainEqual(
      expect.objectContaining({ sub: before.sub, process: "absent" }),
    );
    expect((await ask(`/delegates/${before.sub}/run`, "POST")).status).toBe(502);
    await stack.startAgain("delegate-agent");
    const after = await letItRun(before.sub);
    expect(after.last_run).toMatchObject({ status: "completed", granted: { agent_delegate: before.sub } });
    expect(after.agent_token?.key).not.toBe(before.agent_token?.key);
  });

  test("says so where a user's consent is wanted: it acts for no user", async () => {
    const { sub } = await ownDelegate();
    const { authServer, realm } = { authServer: new URL(stack.urls.issuer).origin, realm: "aauth-test" };
    const policy = await openConsentPolicy({ authServer, realm, admin: "admin", password: "admin" });
    const before = await policy.read();
    await policy.write({ ...before, scopes: ["supply-chain:optimize"] });
    // Without the auth token from the call before.
    await stack.kill("delegate-agent");
    await stack.startAgain("delegate-agent");
    const { last_run } = await letItRun(sub);
    await policy.write(before);
    expect(last_run).toMatchObject({
      status: "failed",
      failure: {
        code: "consent_required",
        message: "The auth server wants a user's consent, and this delegate acts for no user.",
      },
    });
  });

  test("reports its outcome to the user who started it, and to no other", async () => {
    const { sub } = await ownDelegate();
    await letItRun(sub);
    const others = delegateListSchema.parse((await ask("/delegates", "GET", SECOND_USER)).body).delegates;
    expect(others.find((other) => other.sub === sub)).toMatchObject({ process: "running", last_run: null });
    expect((await ownDelegate()).last_run).not.toBeNull();
  });

  test("keeps its credential to itself", async () => {
    const path = join(folder, "delegate-agent", "credential.json");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { jwk } = JSON.parse(await readFile(path, "utf8")) as { jwk: { d: string } };
    expect(await readFile(delegatesFile, "utf8")).not.toContain(jwk.d);
    expect(stack.log()).not.toContain(jwk.d);
  });

  test("works for the backend only", async () => {
    const url = `http://delegate-agent.localhost:${stack.ports.delegateAgent}/run`;
    expect((await fetch(url, { method: "POST" })).status).toBe(401);
    const discovery = createDiscovery({ development: true });
    const key = await generateSigningKey({ kid: "k" });
    const unknown = createAgent({
      profile: february2026,
      id: "http://unknown.localhost:1",
      key,
      signatureScheme: "jwks",
      trustedAuthServers: [],
      discovery,
    });
    const reply = await unknown.fetchFor()(url, { method: "POST" });
    expect([reply.status, await reply.text()]).toEqual([403, "untrusted_agent"]);
  });
});

/** An enrolled delegate in this process. */
async function otherDelegate(name: string) {
  const credential = await loadCredential(join(folder, name));
  const { sub, publicJwk: jwk } = credential;
  await enrolIn(delegatesFile, { sub, name, jwk, url: "http://delegate-agent.localhost:1" });
  const key = await generateSigningKey({ kid: "test" });
  const discovery = createDiscovery({ development: true });
  const agentTokens = createAgentTokens({
    agentServer: stack.urls.backendAgent,
    credential,
    key,
    kind: { type: "agent+jwt", subject: sub },
    discovery,
    transport: pooledTransport,
    onReceived: () => {},
    now: () => Math.floor(Date.now() / 1000),
  });
  return { sub, key, agentToken: () => agentTokens(key), discovery };
}

/**
 * Calls the supply-chain agent through the gateway with what it is given, and nothing better when
 * that is refused.
 */
async function callWith(credential: { key: SigningKey; agentToken?: string; authToken?: string }) {
  const agent = createAgent({
    profile: february2026,
    id: stack.urls.backendAgent,
    key: credential.key,
    signatureScheme: "jwks",
    agentToken: async () => credential.agentToken ?? "",
    trustedAuthServers: [stack.urls.issuer],
    discovery: createDiscovery({ development: true }),
  });
  const { authToken } = credential;
  const reply = await agent
    .fetchFor(authToken === undefined ? {} : { authToken })(`${stack.urls.supplyChainAgent}/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message/send", params: {} }),
    })
    .catch((error: unknown) => error as Error & { code?: string });
  if (reply instanceof Error) return { status: 0, text: `${reply.code}: ${reply.message}` };
  return { status: reply.status, text: await reply.text() };
}

const refusedWith = (code: string) => ({ status: 401, text: expect.stringContaining(`${code}: `) });

describe("a caller that is not a delegate of the backend", () => {
  test("an agent token with another key than its own", async () => {
    const { agentToken } = await otherDelegate("second");
    const key = await generateSigningKey({ kid: "thief" });
    expect(await callWith({ key, agentToken: await agentToken() })).toEqual(refusedWith("invalid_signature"));
  });

  test("an agent token that has expired", async () => {
    const { key, agentToken } = await otherDelegate("third");
    const token = await agentToken();
    // It is good before: a body that is no A2A request is answered by the agent.
    expect((await callWith({ key, agentToken: token })).status).toBe(200);
    await pause((AGENT_TOKEN_SECONDS + 1) * 1000);
    expect(await callWith({ key, agentToken: token })).toEqual(refusedWith("token_expired"));
  });

  test("an agent token that another agent server has made in the backend's name, or in its own", async () => {
    const key = await generateSigningKey({ kid: "delegate" });
    const server = await generateSigningKey({ kid: "backend-ephemeral-1" });
    const token = (agent: string) =>
      issueAgentToken({ key: server, agent, delegate: "delegate-1", confirmationKey: key.publicJwk });
    const forged = await callWith({ key, agentToken: await token(stack.urls.backendAgent) });
    expect(forged).toEqual(refusedWith("invalid_token_signature"));
    // The supply-chain agent publishes keys, but these are not among them.
    const borrowed = await callWith({ key, agentToken: await token(stack.urls.supplyChainAgent) });
    expect(borrowed).toEqual(refusedWith("unknown_key"));
  });

  test("an auth token with agent_delegate, in the hands of another delegate", async () => {
    const first = await otherDelegate("fourth");
    const second = await otherDelegate("fifth");
    const events: AgentEvent[] = [];
    const agent = createAgent({
      profile: february2026,
      id: stack.urls.backendAgent,
      key: first.key,
      signatureScheme: "jwks",
      agentToken: first.agentToken,
      trustedAuthServers: [stack.urls.issuer],
      discovery: first.discovery,
      revealTokens: true,
      observer: (event) => events.push(event),
    });
    await agent.fetchFor()(`${stack.urls.supplyChainAgent}/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    const received = events.find((event) => event.type === "token_received");
    const authToken = received?.token.token ?? "";
    expect(decodeToken(authToken).claims).toMatchObject({
      agent: stack.urls.backendAgent,
      agent_delegate: first.sub,
    });
    expect(tokenId(authToken)).toBe(received?.token.tokenId);
    expect((await callWith({ key: first.key, authToken })).status).toBe(200);
    expect(await callWith({ key: second.key, authToken })).toEqual(refusedWith("invalid_signature"));
  });
});
