/** Delegates: the backend's own in February, in draft -11 sub-agents of the agents of its users. */
import { mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiscovery, generateSigningKey } from "aauth";
import { createAgent } from "aauth/agent";
import { february2026Agent } from "aauth/february-2026";
import { installLocalhostLookup } from "agent-kit/service";
import { type Delegate, delegateListSchema, delegateSchema, runTraceSchema } from "backend-api";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../scripts/run-program.ts";
import { SECOND_USER, textOf, User } from "../contract/auth-server/journey.ts";
import { signIn } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { DEMO_USER, userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;
let folder: string;
let delegatesFile: string;

async function started({ modes, ...options }: TestStackOptions): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "delegate-"));
  delegatesFile = join(folder, "delegates.json");
  stack = await startStack({
    ...options,
    modes: { ...modes, delegate: true },
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

describe("the backend's delegate, February", () => {
  // The rules on identity allow only delegates of the backend.
  beforeAll(() =>
    started({ modes: { policyFile: "agentgateway/config-policy.yaml" }, processes: ["delegate-agent"] }),
  );
  afterAll(() => stack?.stop());

  test("is challenged, gets an auth token that names it, and is accepted, as the page can show", async () => {
    const before = await own();
    expect(before).toMatchObject({ name: "Inventory scout", last_run: null });
    const { sub, agent_token, last_run } = await have(before.sub, "run");
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
      "request_signed",
      "challenge_received",
      "token_requested",
      "token_received",
      "request_signed",
      "response_received",
    ]);
    expect(agent_token?.key).toHaveLength(43);
    expect(delegateListSchema.parse((await ask("/delegates")).body).agent).toBe(stack.urls.backendAgent);
    expect((await own()).last_run).toEqual(last_run);
  });

  test("identifies itself to the supply-chain agent, whose log has the delegate beside its agent", async () => {
    const { sub } = await own();
    const log = stack.log();
    expect(log).toMatch(new RegExp(`supply-chain-agent +\\| .*"agent_delegate":"${sub}"`));
    expect(log).toMatch(new RegExp(`supply-chain-agent +\\| .*✅ Authorization successful.*delegate=${sub}`));
    expect(log).toMatch(new RegExp(`auth-server +\\| .*Issued auth_token .*delegate=${sub}`));
  });

  test("keeps its name over a restart, with another key", async () => {
    const before = await have((await own()).sub, "run");
    await stack.kill("delegate-agent");
    expect(await listed()).toContainEqual(expect.objectContaining({ sub: before.sub, process: "absent" }));
    expect((await ask(`/delegates/${before.sub}/run`, "POST")).status).toBe(502);
    await stack.startAgain("delegate-agent");
    const after = await have(before.sub, "run");
    expect(after.last_run).toMatchObject({ status: "completed", granted: { agent_delegate: before.sub } });
    expect(after.agent_token?.key).not.toBe(before.agent_token?.key);
  });

  test("reports that a user's consent is required, because it acts for no user", async () => {
    const { sub } = await own();
    const setScopes = (scopes: string) =>
      runProgram(process.execPath, ["scripts/consent.ts", "--scopes", scopes], {
        output: "caught",
        env: { KEYCLOAK_URL: new URL(stack.urls.issuer).origin },
      });
    expect((await setScopes("supply-chain:optimize")).status).toBe(0);
    // Without the auth token from the call before.
    await stack.kill("delegate-agent");
    await stack.startAgain("delegate-agent");
    const { last_run } = await have(sub, "run");
    await setScopes("openid,profile,email");
    expect(last_run).toMatchObject({
      status: "failed",
      failure: {
        code: "consent_required",
        message: "The auth server requires a user's consent, but this delegate acts for no user.",
      },
    });
  });

  test("reports its outcome only to the user who started it", async () => {
    const { sub } = await own();
    await have(sub, "run");
    expect((await listed(SECOND_USER)).find((other) => other.sub === sub)).toMatchObject({
      process: "running",
      last_run: null,
    });
    expect((await own()).last_run).not.toBeNull();
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
      profile: february2026Agent({ signatureScheme: "jwks", authServers: [] }),
      id: "http://unknown.localhost:1",
      key,
      discovery,
    });
    const reply = await unknown.fetchFor()(url, { method: "POST" });
    expect([reply.status, await reply.text()]).toEqual([403, "untrusted_agent"]);
  });
});

type Mode = TestStack["modes"]["mode"];
/** Rules at the gateway. */
const POLICY = "agentgateway/config-draft-11-policy.yaml";

const startedIn = (mode: Mode, { modes, ...options }: TestStackOptions = {}) =>
  started({ ...options, modes: { ...modes, profile: "draft-11", mode } });

/** The user decides at the page that the delegate waits for. Returns the page's text. */
async function allow({ sub_agent }: Delegate): Promise<string> {
  const browser = new User();
  const page = await browser.openSignedIn(sub_agent!.interaction_url!);
  const answer = await browser.decide(page, "accept");
  expect(answer.headers.get("location")).toBe(`${stack.urls.backend}/auth/aauth/return`);
  return textOf(page);
}

/** Runs the delegate until it has all decisions that it needs from the user. */
async function working(sub: string): Promise<Delegate> {
  const first = await have(sub, "run");
  if (first.sub_agent?.interaction_url === undefined) return first;
  await allow(first);
  return have(sub, "run");
}

const actionsOf = ({ last_run }: Delegate) => last_run?.steps.map(({ action }) => action);

describe("a sub-agent of the user's agent, draft -11", () => {
  afterEach(() => stack?.stop());

  describe.each([
    ["person-identity", ["person_token_requested", "person_token_received"]],
    [
      "person-server",
      ["person_token_requested", "person_token_received", "token_requested", "token_received"],
    ],
    ["federated", ["person_token_requested", "person_token_received", "token_requested", "token_received"]],
  ] as const)("%s", (mode, tokens) => {
    test("the delegate works as the user's sub-agent, with tokens that its parent has asked for, until the user ends it", async () => {
      await startedIn(mode, { modes: { policyFile: POLICY } });
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
      // The resource refuses the delegate's old token first.
      expect(actionsOf(refused)?.[0]).toBe("token_held");
      expect(stack.log()).toMatch(/supply-chain-agent +\| .*token_revoked/);

      expect((await have(sub, "start")).sub_agent?.state).toBe("started");
      expect((await have(sub, "run")).last_run?.status).toBe("completed");
    });
  });

  test("the delegate loses access that the user revokes from the parent on the person server's page", async () => {
    await startedIn("person-server");
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
    await startedIn("agent-identity", { modes: { policyFile: POLICY } });
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

  test("each message of a call is only shown to the user who started it", async () => {
    await startedIn("person-server");
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

  test("a gateway with a rule against sub-agents refuses it, and accepts the user's own agent", async () => {
    const rules = await readFile(POLICY, "utf8");
    const policyFile = join(await mkdtemp(join(tmpdir(), "policy-")), "no-sub-agents.yaml");
    await writeFile(
      policyFile,
      rules.replace(
        "# - require: '!has(extauthz.aauth.parent_agent)'",
        "- require: '!has(extauthz.aauth.parent_agent)'",
      ),
    );
    await startedIn("person-server", { modes: { policyFile } });
    const { sub } = await own();
    const { last_run } = await have(sub, "run");
    expect(last_run?.failure?.code).toBe("http_403");
    await expect.poll(stack.log, LOG_WAIT).toMatch(/gateway +\| .*http\.status=403/);
    const user = await signIn(stack);
    const { end } = await decideAtPages(user, await user.run());
    expect(end.status).toBe("completed");
  });

  test("one user's end leaves the sub-agent of another as it is, and its own process as it is", async () => {
    await startedIn("agent-identity");
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
    await startedIn("person-server", { processes: ["person-server"] });
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

  // A key set is fetched once a minute (section 11.4), so the delegate learns the new key late.
  test("a backend that has lost its key vouches for the delegate again after a minute", async () => {
    await startedIn("person-server", { processes: ["backend"] });
    const { sub } = await own();
    await working(sub);
    await stack.kill("backend");
    await stack.startAgain("backend");
    const state = async () => (await own())?.sub_agent?.state;
    await expect.poll(state, { timeout: 90_000, interval: 2_000 }).toBe("new");
    expect((await working(sub)).last_run?.status).toBe("completed");
  }, 150_000);
});
