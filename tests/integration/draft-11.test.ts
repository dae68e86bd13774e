import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { type Progress, progressSchema } from "backend-api";
import { afterEach, describe, expect, test, vi } from "vitest";
import { MCP_USER, type Shown, textOf, User } from "../contract/auth-server/journey.ts";
import { type ApiUser, signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { decideAtPages, endOf, revokeAtPage, type Visit } from "../support/person-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;
afterEach(() => stack?.stop());

type Mode = TestStack["modes"]["mode"];

async function started(mode: Mode, options: TestStackOptions = {}): Promise<ApiUser> {
  stack = await startStack({ ...options, modes: { ...options.modes, profile: "draft-11", mode } });
  return signIn(stack);
}

/** A run that was denied at its second hop. */
const DENIED_BEHIND = { hop: "person-server", code: "denied", section: "draft -11, section 11.9.4" };
/** The second hop asks the person, too. */
const CONSENT_FOR_MARKET = { "person-server": { PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" } };

const codeIn = ({ url }: Visit) => new URL(url).searchParams.get("code")!;
const reportOf = async (user: ApiUser, id: string) =>
  JSON.stringify(await (await user.get(`/optimization/progress/${id}`)).json());

describe.each([
  ["agent-identity", 0],
  ["person-identity", 1],
  ["person-server", 1],
  ["mission", 1],
  ["federated", 1],
] as const)("%s", (mode, pages) => {
  test("a run goes over both hops, and asks the person at most once, under the gateway's rules", async () => {
    const policyFile = "agentgateway/config-draft-11-policy.yaml";
    const user = await started(mode, { modes: { policyFile } });
    const { end, visits } = await decideAtPages(user, await user.run());
    expect(end).toMatchObject({ status: "completed" });
    expect(await reportOf(user, end.request_id)).toContain("Market Analysis Report");
    expect(visits).toHaveLength(pages);
    for (const { url, returnedTo } of visits) {
      expect(new URL(url).origin).toBe(stack.urls.personServer);
      const [bare, state] = returnedTo!.split("&state=");
      expect(bare).toBe(`${stack.urls.backend}/auth/aauth/return?request_id=${end.request_id}`);
      expect(state).toMatch(/^[\w-]{43}$/);
      const back = await fetch(returnedTo!, { redirect: "manual" });
      expect(back.headers.get("location")).toBe(
        `${stack.urls.ui}/?aauth_authorized=1&request_id=${end.request_id}`,
      );
    }
    // The person server remembers.
    expect(await decideAtPages(user, await user.run())).toMatchObject({ visits: [] });
  });
});

describe("a second hop that waits for the person", () => {
  test("makes the first one answer with its own 202, whose page leads to the person server's", async () => {
    const user = await started("person-server", { env: CONSENT_FOR_MARKET });
    const { end, visits } = await decideAtPages(user, await user.run());
    expect(end.status).toBe("completed");
    expect(await reportOf(user, end.request_id)).toContain("Market Analysis Report");
    expect(visits.map(({ url }) => new URL(url).origin)).toEqual([
      stack.urls.personServer,
      stack.urls.supplyChainAgent,
    ]);
    expect(visits[1]!.text).toContain("market-analysis:analyze");
    expect(visits[1]!.returnedTo).toContain(`request_id=${end.request_id}`);
    // No question was asked twice.
    expect(visits[1]!.text).toContain("aauth:supply-chain-agent@supply-chain-agent.localhost");
  });

  test("S3: and is denied there fails the run, with hop, code and section, and a report without market analysis", async () => {
    const user = await started("person-server", { env: CONSENT_FOR_MARKET });
    const { end } = await decideAtPages(user, await user.run(), (visit) =>
      visit === 0 ? "accept" : "cancel",
    );
    expect(end).toMatchObject({ status: "failed", failure: DENIED_BEHIND });
    const report = await reportOf(user, end.request_id);
    expect(report).toContain("No market analysis provided");
    expect(report).toMatch(/\*\*Code\*\*: denied/);
    expect(report).toMatch(/\*\*Hop\*\*: supply-chain-agent -> person server/);
  });

  test("has its questions answered by the calling agent, whose reason is on the page", async () => {
    const user = await started("person-server", { env: CONSENT_FOR_MARKET });
    const run = await user.run();
    const browser = new User();
    const asked: string[] = [];
    // The first page is the backend's.
    let visits = 0;
    const { end } = await decideAtPages(
      user,
      run,
      () => "accept",
      browser,
      async (page) => {
        visits += 1;
        if (visits < 2) return page;
        const answered = await ask(browser, page);
        asked.push(textOf(page), textOf(answered));
        return answered;
      },
    );
    expect(end.status).toBe("completed");
    expect(asked[0]).toContain(run.prompt);
    expect(asked[1]).toContain(`This agent was called with these words: ${run.prompt}`);
  });

  test("works under an access server, too", async () => {
    const user = await started("federated", { env: CONSENT_FOR_MARKET });
    const { end, visits } = await decideAtPages(user, await user.run());
    expect([end.status, visits.length]).toEqual(["completed", 2]);
    expect(await reportOf(user, end.request_id)).toContain("Market Analysis Report");
  });
});

test("a person who refuses ends the run, with the party, the code and the section", async () => {
  const user = await started("person-server");
  const { end, visits } = await decideAtPages(user, await user.run(), () => "cancel");
  expect(end).toMatchObject({
    status: "failed",
    failure: { hop: "person-server", check: "consent", code: "denied" },
  });
  expect(end.failure?.section).toMatch(/^draft -11, section /);
  const back = await fetch(visits[0]!.returnedTo!, { redirect: "manual" });
  expect(back.headers.get("location")).toContain("aauth_error=1&error=access_denied");
});

/** A question on a page, and the page with the answer. */
async function ask(browser: User, page: Shown): Promise<Shown> {
  const text = /<form method="post"[^>]*class="ask"[\s\S]*?<\/form>/.exec(page.text)?.[0] ?? "";
  return browser.submit({ ...page, text }, { question: "Why do you ask?", ask: "yes" });
}

test("a question on the page is answered by the agent, and then decided on", async () => {
  const user = await started("person-server");
  const run = await user.run();
  const browser = new User();
  const asked = await ask(browser, await browser.openSignedIn(run.consent_url!));
  expect(textOf(asked)).toContain(`The user started it with these words: ${run.prompt}`);
  await browser.decide(asked, "accept");
  expect((await endOf(user, run)).status).toBe("completed");
});

test("an agent's pending answer is for its caller alone, and its page for the code's holder", async () => {
  const user = await started("person-server", { env: CONSENT_FOR_MARKET });
  const run = await user.run();
  const browser = new User();
  await browser.decide(await browser.openSignedIn(run.consent_url!), "accept");
  const pending = await vi.waitFor(() => {
    const [, path] =
      /method=GET, target_uri=https:\/\/supply-chain-agent\.localhost(\/aauth\/pending\/[\w-]+)/.exec(
        stack.log(),
      )!;
    return path!;
  }, LOG_WAIT);
  for (const method of ["GET", "DELETE"])
    expect((await fetch(stack.urls.supplyChainAgent + pending, { method })).status).toBe(401);
  for (const code of ["", "ABCD-EFGH-JKMN", "%00", "a".repeat(5_000)]) {
    const reply = await fetch(`${stack.urls.supplyChainAgent}/interaction?code=${code}`);
    expect(reply.status).toBe(410);
    expect(await reply.text()).toMatch(/^This request is not known/);
  }
  const now = { ...run, consent_url: undefined };
  expect(await decideAtPages(user, now, undefined, browser)).toMatchObject({ end: { status: "completed" } });
});

test("a few guesses near its code end the request, and the run with it", async () => {
  const user = await started("person-server");
  const run = await user.run();
  const browser = new User();
  const { href } = new URL(run.consent_url!);
  for (const end of ["0000", "1111", "2222", "3333", "4444", ""]) {
    const guess = end === "" ? href : href.replace(/(code=[\w-]+)\w{4}/, `$1${end}`);
    expect((await browser.openSignedIn(guess, MCP_USER)).status).toBe(410);
  }
  const failure = { hop: "person-server", code: "invalid_code" };
  expect(await endOf(user, run)).toMatchObject({ status: "failed", failure });
});

describe("access that the person revokes on the person server's page", () => {
  /** Lets a run have the tokens of the previous one. */
  const KEPT_TOKENS = { backend: { AAUTH_AUTH_TOKEN_CACHE_TTL: "3000" } };

  test.each(["person-server", "federated"] as const)(
    "is refused at the next call, and asked for again: %s",
    async (mode) => {
      const user = await started(mode, { env: KEPT_TOKENS });
      const browser = new User();
      const first = await decideAtPages(user, await user.run(), undefined, browser);
      const second = await decideAtPages(user, await user.run(), undefined, browser);
      expect([first, second].map(({ end, visits }) => [end.status, visits.length])).toEqual([
        ["completed", 1],
        ["completed", 0],
      ]);
      expect(JSON.stringify(second.end)).toContain("is cached and sent with the request");

      await revokeAtPage(stack, browser, "aauth:user-");
      const third = await decideAtPages(user, await user.run(), () => "cancel", browser);
      expect(third).toMatchObject({ end: { status: "failed", failure: { code: "denied" } }, visits: [{}] });
      expect(stack.log()).toMatch(/supply-chain-agent +\| .*token_revoked/);
    },
  );

  test("of the agent behind the first hop stops the second one", async () => {
    const user = await started("person-server", { env: { ...KEPT_TOKENS, ...CONSENT_FOR_MARKET } });
    const browser = new User();
    await decideAtPages(user, await user.run(), undefined, browser);
    await revokeAtPage(stack, browser, "aauth:supply-chain-agent@");
    const { end, visits } = await decideAtPages(user, await user.run(), undefined, browser);
    expect(end.status).toBe("completed");
    // The person server asks first about the agent, then about the scope, because both were
    // revoked.
    expect(visits.map(({ text }) => /<h1>Let .* (act|do this) for you at .*<\/h1>/.exec(text)?.[1])).toEqual([
      "act",
      "do this",
    ]);
    expect(stack.log()).toMatch(/market-analysis-agent +\| .*token_revoked/);
  });
});

describe("with a party that is away", () => {
  test("while the run waits: it fails at the party that has gone", async () => {
    const user = await started("person-server", { processes: ["person-server"] });
    const run = await user.run();
    expect(run.status).toBe("awaiting_consent");
    await stack.kill("person-server");
    expect(await endOf(user, run)).toMatchObject({ status: "failed", failure: { hop: "person-server" } });
  });

  test("behind the first hop: it fails there, and the report says where", async () => {
    const user = await started("person-server", { processes: ["market-analysis-agent"] });
    await stack.kill("market-analysis-agent");
    const { end } = await decideAtPages(user, await user.run());
    expect(end).toMatchObject({ status: "failed", failure: { hop: "market-analysis-agent" } });
    expect(await reportOf(user, end.request_id)).toMatch(
      /\*\*Hop\*\*: supply-chain-agent -> market-analysis-agent/,
    );
  });
});

test("no token and no code of a page is in the log or in the trace", async () => {
  const user = await started("person-server", { env: CONSENT_FOR_MARKET });
  const { end, visits } = await decideAtPages(user, await user.run());
  const trace = () => user.get(`/optimization/${end.request_id}/trace`).then((reply) => reply.text());
  await expect.poll(trace, { timeout: 20_000, interval: 500 }).toContain("aauth.interaction_required");
  const seen = `${stack.log()}\n${await trace()}`;
  expect(seen).toContain("draft-11");
  expect(seen).not.toMatch(/eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/);
  for (const visit of visits) expect(seen.includes(codeIn(visit)), `${codeIn(visit)} is shown`).toBe(false);
});

test("February's features are refused by name", async () => {
  const user = await started("agent-identity");
  const headers = { authorization: `Bearer ${await userAccessToken(stack.urls)}` };
  const reply = await fetch(`${stack.urls.backend}/optimization/consent`, { method: "DELETE", headers });
  expect([reply.status, await reply.json()]).toEqual([
    501,
    { code: "not_in_profile", detail: expect.stringContaining("AAUTH_PROFILE=draft-11") },
  ]);
  expect((await user.run(WITH_MARKET_ANALYSIS)).status).toBe("completed");
});

describe("an access server with an owner who decides", () => {
  const owned = (scope: string) => ({
    "person-server": { ACCESS_SERVER_OWNERS: `name:${MCP_USER.username}`, ACCESS_SERVER_OWNER_SCOPES: scope },
  });
  /** At the person server's page first, then at the access server's. */
  const refusingTheSecond = (visit: number) => (visit === 0 ? "accept" : "cancel");

  test("leads the run to the access server's page, and back", async () => {
    const user = await started("federated", { env: owned("supply-chain:optimize") });
    const { end, visits } = await decideAtPages(user, await user.run());
    expect(end.status).toBe("completed");
    expect(visits.map(({ url }) => new URL(url).pathname)).toEqual(["/interaction", "/access/interaction"]);
    expect(visits[1]!.text).toMatch(/<h1>Let .* use your /);
    expect(visits[1]!.returnedTo).toContain(`request_id=${end.request_id}`);
  });

  test("ends the run where the owner denies, with hop, code and section", async () => {
    const user = await started("federated", { env: owned("supply-chain:optimize") });
    const { end } = await decideAtPages(user, await user.run(), refusingTheSecond);
    expect(end).toMatchObject({
      status: "failed",
      failure: { hop: "access-server", check: "consent", code: "denied" },
    });
    expect(end.failure?.section).toMatch(/^draft -11, section /);
  });

  test("is reached from behind the first hop, too", async () => {
    const user = await started("federated", { env: owned("market-analysis:analyze") });
    const { end, visits } = await decideAtPages(user, await user.run());
    expect(end.status).toBe("completed");
    expect(visits).toHaveLength(2);
    expect(visits[1]!.text).toContain("aauth:supply-chain-agent@supply-chain-agent.localhost");
    expect(visits[1]!.returnedTo).toContain(`request_id=${end.request_id}`);
    expect(await reportOf(user, end.request_id)).toContain("Market Analysis Report");
  });

  test("and denies behind the first hop: the run fails, and the report says where and why", async () => {
    const user = await started("federated", { env: owned("market-analysis:analyze") });
    const { end } = await decideAtPages(user, await user.run(), refusingTheSecond);
    expect(end).toMatchObject({ status: "failed", failure: DENIED_BEHIND });
    const report = await reportOf(user, end.request_id);
    expect(report).toMatch(/\*\*Code\*\*: denied/);
    expect(report).toMatch(/\*\*Hop\*\*: supply-chain-agent -> person server/);
  });
});

/** The run waits for the person at the page of the first hop. */
async function waitingAtAgent(user: ApiUser, run: Progress): Promise<Progress> {
  const state = async () =>
    progressSchema.parse(await (await user.get(`/optimization/progress/${run.request_id}`)).json());
  await expect
    .poll(async () => (await state()).consent_url, { timeout: 20_000 })
    .toContain(stack.urls.supplyChainAgent);
  return state();
}

test("an agent that is killed while its answer waits for the person resumes it, and the run is completed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agent-"));
  const kept = { AAUTH_STORE: `sqlite:${folder}/data`, AAUTH_KEYS: `${folder}/keys` };
  const env = { ...CONSENT_FOR_MARKET, "supply-chain-agent": kept };
  const user = await started("person-server", { processes: ["supply-chain-agent"], env });
  const begun = await user.run();
  const browser = new User();
  await browser.decide(await browser.openSignedIn(begun.consent_url!), "accept");
  const waiting = await waitingAtAgent(user, begun);
  await stack.kill("supply-chain-agent");
  await stack.startAgain("supply-chain-agent");
  const { end } = await decideAtPages(user, waiting);
  expect(end).toMatchObject({ status: "completed" });
  expect(await reportOf(user, end.request_id)).toContain("Market Analysis Report");
  await rm(folder, { recursive: true });
});

describe("another party that is started again while a run waits ends the run, with hop, code and section", () => {
  test.each([
    ["person-server", 0, "person-server"],
    ["supply-chain-agent", 1, "supply-chain-agent"],
  ] as const)("%s, at page %i", async (name, page, hop) => {
    const user = await started("person-server", { processes: [name], env: CONSENT_FOR_MARKET });
    let run = await user.run();
    if (page === 1) {
      const browser = new User();
      await browser.decide(await browser.openSignedIn(run.consent_url!), "accept");
      run = await waitingAtAgent(user, run);
    }
    await stack.kill(name);
    await stack.startAgain(name);
    const { status, failure } = await endOf(user, run);
    expect([status, failure?.hop]).toEqual(["failed", hop]);
    expect(failure?.code).toBeDefined();
    expect(failure?.section).toMatch(/^draft -11, section /);
  });
});
