/** Delegates in draft -11: sub-agents of the agents of the backend's users. */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDiscovery,
  createEndpointMap,
  draft11,
  generateSigningKey,
  type SigningKey,
  signRequest,
} from "aauth";
import { createAgent } from "aauth/agent";
import { installLocalhostLookup } from "agent-kit/service";
import { type Delegate, delegateListSchema, delegateSchema, runTraceSchema } from "backend-api";
import { afterEach, describe, expect, test } from "vitest";
import { createAgentTokens } from "../../services/delegate-agent/src/agent-tokens.ts";
import { askParent } from "../../services/delegate-agent/src/ask-parent.ts";
import { loadCredential } from "../../services/delegate-agent/src/credential.ts";
import { enrolIn } from "../../services/delegate-agent/src/enrol.ts";
import { SECOND_USER, textOf, User } from "../contract/auth-server/journey.ts";
import { signIn } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { DEMO_USER, userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

installLocalhostLookup();

const BACKEND = "https://backend.localhost";
const SUPPLY_CHAIN = "https://supply-chain-agent.localhost";
const PERSON_SERVER = "https://person-server.localhost";
const GRANT = `${BACKEND}/delegate/grant`;
/** Rules at the gateway. */
const POLICY = "agentgateway/config-draft-11-policy.yaml";

let stack: TestStack;
let folder: string;
let delegatesFile: string;
afterEach(() => stack?.stop());

type Mode = TestStack["modes"]["mode"];

async function started(mode: Mode, { modes, ...options }: TestStackOptions = {}): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "delegate-"));
  delegatesFile = join(folder, "delegates.json");
  stack = await startStack({
    ...options,
    modes: { ...modes, profile: "draft-11", mode, delegate: true },
    env: {
      backend: { BACKEND_DELEGATES_FILE: delegatesFile },
      "delegate-agent": {
        DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      },
    },
  });
}

async function ask(path: string, method = "GET", user = DEMO_USER as typeof SECOND_USER) {
  const headers = { authorization: `Bearer ${await userAccessToken(stack.urls, user)}` };
  const reply = await fetch(`${stack.urls.backend}${path}`, { method, headers });
  return { status: reply.status, body: (await reply.json()) as unknown };
}

async function listed(user?: typeof SECOND_USER): Promise<readonly Delegate[]> {
  return delegateListSchema.parse((await ask("/delegates", "GET", user)).body).delegates;
}
/** The delegate that is a process of the stack. */
const own = async (): Promise<Delegate> => (await listed()).find(({ process }) => process === "running")!;

async function have(sub: string, action: "run" | "start" | "end", user?: typeof SECOND_USER) {
  const [path, method] = action === "end" ? ["", "DELETE"] : [`/${action}`, "POST"];
  const { status, body } = await ask(`/delegates/${sub}${path}`, method, user);
  expect([status, body]).toEqual([200, expect.anything()]);
  return delegateSchema.parse(body);
}

/** The user decides at the page that the delegate waits for. Returns what it says. */
async function allow({ sub_agent }: Delegate): Promise<string> {
  const browser = new User();
  const page = await browser.openSignedIn(sub_agent!.interaction_url!);
  const answer = await browser.decide(page, "accept");
  expect(answer.headers.get("location")).toBe(`${stack.urls.backend}/auth/aauth/return`);
  return textOf(page);
}

/** Has the delegate work until it has what it needs of the user. */
async function working(sub: string): Promise<Delegate> {
  const first = await have(sub, "run");
  if (first.sub_agent?.interaction_url === undefined) return first;
  await allow(first);
  return have(sub, "run");
}

const actionsOf = ({ last_run }: Delegate) => last_run?.steps.map(({ action }) => action);

describe.each([
  ["person-identity", ["person_token_requested", "person_token_received"]],
  ["person-server", ["person_token_requested", "person_token_received", "token_requested", "token_received"]],
  ["federated", ["person_token_requested", "person_token_received", "token_requested", "token_received"]],
] as const)("%s", (mode, tokens) => {
  test("the delegate works as the user's sub-agent, with tokens that its parent has asked for, until the user ends it", async () => {
    await started(mode, { modes: { policyFile: POLICY } });
    const { sub, sub_agent } = await own();
    const { id, parent } = sub_agent!;
    expect(sub_agent).toEqual({ id, parent, state: "new" });
    expect(id).toBe(parent.replace("@", `+${sub}@`));

    const asked = await have(sub, "run");
    expect(asked).toMatchObject({
      last_run: { status: "failed", failure: { code: "interaction_required" } },
      sub_agent: { state: "started" },
    });
    const page = await allow(asked);
    for (const said of [id, parent, "Inventory scout"]) expect(page).toContain(said);

    const done = await have(sub, "run");
    expect(done.last_run).toMatchObject({
      status: "completed",
      report: expect.stringContaining("# Supply Chain Optimization Analysis"),
    });
    expect(done.sub_agent?.interaction_url).toBeUndefined();
    expect(actionsOf(done)?.filter((action) => /token_re/.test(action))).toEqual(tokens);

    const ended = await have(sub, "end");
    expect(ended.sub_agent).toMatchObject({ state: "ended" });
    expect(ended.sub_agent?.good_until).toBeUndefined();
    const refused = await have(sub, "run");
    expect(refused.last_run).toMatchObject({ status: "failed", failure: { code: "delegate_ended" } });
    // What it held is refused at the resource before.
    expect(actionsOf(refused)?.[0]).toBe("token_held");
    expect(stack.log()).toMatch(/supply-chain-agent +\| .*token_revoked/);

    expect((await have(sub, "start")).sub_agent?.state).toBe("started");
    expect((await have(sub, "run")).last_run?.status).toBe("completed");
  });
});

test("what the user takes back of the parent on the person server's page, the delegate loses, too", async () => {
  await started("person-server");
  const { sub } = await own();
  expect((await working(sub)).last_run?.status).toBe("completed");
  const browser = new User();
  const page = await browser.openSignedIn(`${stack.urls.personServer}/granted`);
  const [, text = ""] =
    /(<form method="post"[\s\S]*?value="aauth:user-[\s\S]*?<\/form>)/.exec(page.text) ?? [];
  await browser.submit({ ...page, text }, { revoke: "yes" });
  const { last_run } = await have(sub, "run");
  expect(last_run?.failure?.code).toBe("interaction_required");
  expect(stack.log()).toMatch(/supply-chain-agent +\| .*token_revoked/);
});

test("agent-identity: its agent token is all it needs, and cannot be revoked", async () => {
  await started("agent-identity", { modes: { policyFile: POLICY } });
  const { sub } = await own();
  const done = await have(sub, "run");
  expect(done.last_run?.status).toBe("completed");
  expect(actionsOf(done)).toEqual(["request_signed", "response_received"]);
  expect(stack.log()).toContain(`"parent_agent":"${done.sub_agent?.parent}"`);
  const ended = await have(sub, "end");
  expect(ended.sub_agent).toMatchObject({ state: "ended", good_until: done.agent_token?.expires_at });
  const { status, body } = await ask(`/delegates/${sub}/run`, "POST");
  expect([status, body]).toEqual([
    409,
    { code: "delegate_ended", detail: expect.stringContaining("cannot be revoked") },
  ]);
});

test("each message of a call is shown to the user who had it made, and to no other", async () => {
  await started("person-server");
  const { sub } = await own();
  const { sub_agent } = await working(sub);
  const path = `/optimization/${sub_agent?.run_id}/trace`;
  const shown = async () => JSON.stringify(runTraceSchema.parse((await ask(path)).body).traces);
  await expect.poll(shown, { timeout: 20_000, interval: 500 }).toContain("/aauth/token");
  const trace = await shown();
  for (const part of ["/delegates/:sub/run", "/run", "/delegate/grant", "/aauth/person", "message/send"])
    expect(trace, part).toContain(part);
  expect(trace).not.toMatch(/eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/);
  expect((await ask(path, "GET", SECOND_USER)).status).toBe(404);
});

test("a gateway with a rule against sub-agents refuses it, and lets the user's own agent pass", async () => {
  const rules = await readFile(POLICY, "utf8");
  const policyFile = join(await mkdtemp(join(tmpdir(), "policy-")), "no-sub-agents.yaml");
  await writeFile(
    policyFile,
    rules.replace(
      "# - require: '!has(extauthz.aauth.parent_agent)'",
      "- require: '!has(extauthz.aauth.parent_agent)'",
    ),
  );
  await started("person-server", { modes: { policyFile } });
  const { sub } = await own();
  const { last_run } = await have(sub, "run");
  expect(last_run?.failure?.code).toBe("http_403");
  await expect.poll(stack.log, LOG_WAIT).toMatch(/gateway +\| .*http\.status=403/);
  const user = await signIn(stack);
  const { end } = await decideAtPages(user, await user.run());
  expect(end.status).toBe("completed");
});

test("one user's end leaves the sub-agent of another as it is, and its own process as it is", async () => {
  await started("agent-identity");
  const { sub, sub_agent } = await own();
  await have(sub, "run");
  const other = await have(sub, "run", SECOND_USER);
  expect(other.sub_agent?.id).not.toBe(sub_agent?.id);
  expect(other.agent_token?.key).not.toBe((await own()).agent_token?.key);
  await have(sub, "end");
  expect((await have(sub, "run", SECOND_USER)).last_run?.status).toBe("completed");
  expect((await own()).sub_agent?.state).toBe("ended");
});

test("a person server that does not accept the revocation is named, and the delegate receives no further token", async () => {
  await started("person-server", { processes: ["person-server"] });
  const { sub } = await own();
  const { agent_token } = await working(sub);
  const headers = { authorization: `Bearer ${await userAccessToken(stack.urls)}` };
  await stack.kill("person-server");
  const at = `${stack.urls.backend}/delegates`;
  const end = await fetch(`${at}/${sub}`, { method: "DELETE", headers });
  expect([end.status, await end.json()]).toEqual([
    502,
    { code: "revocation_unavailable", detail: expect.stringContaining("End it again") },
  ]);
  const { delegates } = delegateListSchema.parse(await (await fetch(at, { headers })).json());
  expect(delegates[0]?.sub_agent).toMatchObject({ state: "ending", good_until: agent_token?.expires_at });
});

// A key set is fetched once a minute (section 11.4), so the delegate learns the new key that late.
test("a backend that has lost its key vouches for the delegate again after a minute", async () => {
  await started("person-server", { processes: ["backend"] });
  const { sub } = await own();
  await working(sub);
  await stack.kill("backend");
  await stack.startAgain("backend");
  const state = async () => (await own())?.sub_agent?.state;
  await expect.poll(state, { timeout: 90_000, interval: 2_000 }).toBe("new");
  expect((await working(sub)).last_run?.status).toBe("completed");
}, 150_000);

/** Each message has a second of its own, and none is taken for a repetition. */
let sent = 0;

/** A delegate in this process, enrolled and started, whose tokens can be misused. */
async function scoutOf(name: string, { start = true } = {}) {
  const { backend, gateway, personServer } = stack.urls;
  const map = createEndpointMap({
    [BACKEND]: backend.replace("localhost", "127.0.0.1"),
    [SUPPLY_CHAIN]: gateway.replace("localhost", "127.0.0.1"),
    [PERSON_SERVER]: personServer.replace("localhost", "127.0.0.1"),
  });
  const discovery = createDiscovery({ development: true, transport: map.documents });
  const credential = await loadCredential(join(folder, name));
  const { sub, publicJwk: jwk } = credential;
  await enrolIn(delegatesFile, { sub, name, jwk, url: "http://delegate-agent.localhost:1" });
  if (start) await have(sub, "start");
  const { id, parent } = (await listed()).find((delegate) => delegate.sub === sub)!.sub_agent!;
  const key = await generateSigningKey({ kid: name });
  const now = () => Math.floor(Date.now() / 1000);
  const tokensFor = (parentAgent: string) =>
    createAgentTokens({
      ...{ agentServer: BACKEND, credential, key, discovery, now, transport: map.requests },
      kind: { type: "aa-agent+jwt", subject: id, parentAgent },
      onReceived: () => {},
    });
  const agentToken = tokensFor(parent);
  const identity = {
    ...{ id, profile: draft11, key, agentToken, discovery, transport: map.requests },
    trustedAuthServers: [PERSON_SERVER],
    revealTokens: true,
  };
  const channel = createAgent(identity);
  const parentOf = askParent({ channel, provider: BACKEND, thumbprint: key.thumbprint });
  return {
    ...{ sub, id, parent, key, agentToken: () => agentToken(key), tokensFor, drop: agentToken.drop },
    /** What its parent answers: a token, or the code of the refusal. */
    async asks(input: { resource?: string; resourceToken?: string; presentedToken?: string } = {}) {
      const subagentToken = await agentToken(key);
      return parentOf({ subagentToken, resource: SUPPLY_CHAIN, ...input }).then(
        ({ token }) => ({ token }),
        (error: { code: string }) => ({ code: error.code }),
      );
    },
    /** One request, signed with any key and any token. */
    async sends(url: string, jwt: string, body?: object, by: SigningKey = key) {
      const content = body && {
        headers: { "content-type": "application/json" },
        body: new TextEncoder().encode(JSON.stringify(body)),
      };
      const request = { method: body === undefined ? "GET" : "POST", url, ...content };
      const { headers } = await signRequest(request, {
        profile: draft11,
        key: by,
        signatureKey: { scheme: "jwt", jwt },
        now: () => now() + (sent++ % 30),
      });
      const response = await map.requests(url, {
        ...{ method: request.method, headers: { ...content?.headers, ...headers } },
        ...(content && { body: content.body }),
      } as never);
      const field = (field: string) => response.headers.get(field);
      return {
        status: response.status,
        error: /error="?(\w+)/.exec(field("signature-error") ?? "")?.[1],
        requirement: /requirement=([\w-]+)/.exec(field("aauth-requirement") ?? "")?.[1],
        resourceToken: /resource-token="([^"]+)/.exec(field("aauth-requirement") ?? "")?.[1],
        problem: (JSON.parse((await response.text()) || "{}") as { error?: string }).error,
      };
    },
  };
}
type Scout = Awaited<ReturnType<typeof scoutOf>>;

const MESSAGE = { jsonrpc: "2.0", id: 1, method: "message/send", params: {} };
const call = (scout: Scout, jwt: string, by?: SigningKey) =>
  scout.sends(`${SUPPLY_CHAIN}/`, jwt, MESSAGE, by);

/** Person token, resource token and auth token of a scout whose user has agreed. */
async function tokensOf(scout: Scout) {
  const { token: person = "" } = (await scout.asks()) as { token?: string };
  const { resourceToken = "" } = await call(scout, person);
  const auth = (await scout.asks({ resourceToken, presentedToken: person })) as { token?: string };
  return { person, resourceToken, auth: auth.token ?? "" };
}

describe("a caller that is not a sub-agent of the user's agent", () => {
  test("or asks where it may not, is refused", async () => {
    await started("person-server");
    // So that the user has agreed.
    await working((await own()).sub);
    const scout = await scoutOf("first");
    const agentToken = await scout.agentToken();
    const { person, resourceToken, auth } = await tokensOf(scout);
    expect((await call(scout, auth)).status).toBe(200);

    // It never calls the person server itself.
    for (const [path, body] of [
      ["/aauth/person", { resource: SUPPLY_CHAIN }],
      ["/aauth/token", { resource_token: resourceToken, presented_token: person }],
    ] as const)
      expect(await scout.sends(PERSON_SERVER + path, agentToken, body)).toMatchObject({
        status: 400,
        problem: "invalid_request",
      });

    // The parent gives tokens for one resource alone.
    expect(await scout.asks({ resource: "https://market-analysis-agent.localhost" })).toEqual({
      code: "invalid_target",
    });
    for (const body of [{}, { resource: 1 }, { resource: SUPPLY_CHAIN, subagent_token: agentToken }])
      expect(await scout.sends(GRANT, agentToken, body)).toMatchObject({
        status: 400,
        problem: "invalid_request",
      });
    expect((await fetch(`${stack.urls.backend}/delegate/grant`, { method: "POST" })).status).toBe(401);

    // Another one's tokens, and another parent.
    const other = await scoutOf("second");
    const stolen = [agentToken, person, auth];
    for (const jwt of stolen)
      expect(await call(other, jwt)).toMatchObject({ status: 401, error: "invalid_signature" });
    expect(await other.sends(GRANT, agentToken, { resource: SUPPLY_CHAIN })).toMatchObject({
      status: 401,
      error: "invalid_signature",
    });
    expect(await other.asks({ resourceToken, presentedToken: person })).toEqual({
      code: "challenge_untrusted",
    });
    const foreign = scout.parent.replace("user-", "user-x");
    for (const parent of [foreign, "aauth:@backend.localhost", "", scout.id])
      expect(
        await other
          .tokensFor(parent)(other.key)
          .catch(({ code }) => code),
      ).toBe("delegate_not_started");
    const idle = await scoutOf("third", { start: false });
    expect(await idle.agentToken().catch(({ code }) => code)).toBe("delegate_not_started");

    // Only agents of the backend have a delegate work, and no sub-agent does.
    const door = `http://delegate-agent.localhost:${stack.ports.delegateAgent}/run`;
    expect((await fetch(door, { method: "POST" })).status).toBe(401);
    expect((await scout.sends(door, agentToken)).status).toBe(403);
    expect((await scout.sends(door, person)).status).toBe(401);
  });

  test("or was ended, replaced or taken out of the file, is refused everywhere", async () => {
    await started("person-server");
    await working((await own()).sub);
    const scout = await scoutOf("first");
    const agentToken = await scout.agentToken();
    const { person, auth } = await tokensOf(scout);

    // Its last agent token alone counts.
    scout.drop();
    await scout.agentToken();
    expect(await scout.sends(GRANT, agentToken, { resource: SUPPLY_CHAIN })).toMatchObject({
      status: 403,
      problem: "agent_token_replaced",
    });
    expect(await scout.asks()).toEqual({ token: expect.any(String) });

    await have(scout.sub, "end");
    expect(await scout.asks()).toEqual({ code: "delegate_ended" });
    for (const jwt of [person, auth])
      expect(await call(scout, jwt)).toMatchObject({
        status: 401,
        error: "revoked_jwt",
        requirement: "person-token",
        resourceToken: undefined,
      });
    scout.drop();
    expect(await scout.agentToken().catch(({ code }) => code)).toBe("delegate_ended");

    await have(scout.sub, "start");
    expect(await scout.asks()).toEqual({ token: expect.any(String) });
    const entries = JSON.parse(await readFile(delegatesFile, "utf8")) as { delegates: { sub: string }[] };
    const left = entries.delegates.filter(({ sub }) => sub !== scout.sub);
    await writeFile(delegatesFile, JSON.stringify({ delegates: left }));
    expect(await scout.asks()).toEqual({ code: "delegate_not_enrolled" });
    scout.drop();
    expect(await scout.agentToken().catch(({ code }) => code)).toBe("invalid_client");
    expect((await ask(`/delegates/${scout.sub}/run`, "POST")).status).toBe(404);
    expect((await ask(`/delegates/${scout.sub}`, "DELETE")).status).toBe(404);
  });
});
