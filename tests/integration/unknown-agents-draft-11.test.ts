/**
 * Requests that wait, at each server that has them: polled by another agent, found by a guessed
 * code, ended by a forged callback.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createDiscovery, createEndpointMap, generateSigningKey } from "aauth";
import { type AccessServer, createAccessServer } from "aauth/server";
import { installLocalhostLookup } from "agent-kit/service";
import { identifierOf } from "topology";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { StackUrls } from "../../scripts/demo/stack.ts";
import { MCP_USER, User } from "../contract/auth-server/journey.ts";
import { AgentProvider, ForeignAgent } from "../support/foreign-agent-draft-11/agent.ts";
import {
  type Answer,
  type Outgoing,
  type Sockets,
  send,
  signatureErrorOf,
  signed,
} from "../support/foreign-agent-draft-11/messages.ts";
import { type ApiUser, signIn } from "../support/optimization-run.ts";
import { decideAtPages, endOf } from "../support/person-run.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const [SUPPLY_CHAIN, MARKET, PERSON_SERVER, ACCESS_SERVER, BACKEND] = [
  ...["supply-chain-agent", "market-analysis-agent", "person-server", "access-server", "backend"],
].map(identifierOf) as [string, string, string, string, string];
const SERVICES = ["person-server", "gateway-authz", "supply-chain-agent", "market-analysis-agent", "backend"];
/** The second hop asks the person, too. */
const CONSENT_FOR_MARKET = { PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" };
const JSON_TYPE = { "content-type": "application/json" };

let stack: TestStack;
/** Where the unknown agents find the parties. */
let sockets: Sockets;
/** Provider of agents that the demo does not know, and a server itself. */
let provider: AgentProvider;
/** What the demo's parties find elsewhere than the demo has it. */
let elsewhere: Sockets;

beforeEach(async () => {
  elsewhere = {};
  provider = await AgentProvider.start(elsewhere, "https://unknown.localhost");
});
afterEach(async () => {
  await stack?.stop();
  await provider.stop();
});

async function started(
  mode: TestStack["modes"]["mode"],
  env: Readonly<Record<string, string>> = {},
): Promise<ApiUser> {
  stack = await startStack({
    modes: { profile: "draft-11", mode },
    env: (urls) => {
      const endpoints = { AAUTH_ENDPOINTS: endpointTable(urls) };
      const own = { ...endpoints, ...env };
      return Object.fromEntries(SERVICES.map((name) => [name, name === "person-server" ? own : endpoints]));
    },
  });
  return signIn(stack);
}

function endpointTable(urls: StackUrls): string {
  const at = (url: string) => url.replace("localhost", "127.0.0.1");
  const demo = [
    [BACKEND, at(urls.backend), urls.backend],
    [SUPPLY_CHAIN, at(urls.gateway), urls.supplyChainAgent],
    [MARKET, at(urls.gateway), urls.marketAnalysisAgent],
    [PERSON_SERVER, at(urls.personServer), urls.personServer],
    [ACCESS_SERVER, at(urls.personServer), urls.personServer],
  ] as const;
  sockets = { ...Object.fromEntries(demo.map(([id, connect]) => [id, connect])), ...elsewhere };
  return Object.entries(sockets)
    .map(([id, connect]) => `${id}=${connect},${demo.find(([own]) => own === id)?.[2] ?? connect}`)
    .join(" ");
}

const unknownAgent = (local = "unknown") => new ForeignAgent(sockets, provider, { ps: PERSON_SERVER, local });

/** A look at a request, an answer to its question, and its end. */
const looksAt = (url: string): readonly Outgoing[] => {
  const body = JSON.stringify({ action: "clarification_response", clarification_response: "yes" });
  return [{ url }, { method: "POST", url, headers: JSON_TYPE, body }, { method: "DELETE", url }];
};

async function refusedWith(status: number, answers: Promise<Answer>[]): Promise<void> {
  for (const { status: actual, text } of await Promise.all(answers)) {
    expect([actual, text]).toEqual([status, expect.not.stringMatching(/token|Location|pending/)]);
  }
}

test("the person server tells another agent nothing, and no request of it ends", async () => {
  await started("person-server");
  const owner = unknownAgent("owner");
  const body = JSON.stringify({ resource: SUPPLY_CHAIN, capabilities: ["interaction", "clarification"] });
  const asked = { method: "POST", url: `${PERSON_SERVER}/aauth/person`, headers: JSON_TYPE, body };
  const { status, headers } = await owner.once(asked, owner.token);
  expect(status).toBe(202);
  const url = String(headers.location);
  expect(url).toMatch(/^https:\/\/person-server\.localhost\/aauth\/pending\/[\w-]{20,}$/);
  const other = unknownAgent("other");
  await refusedWith(
    404,
    looksAt(url).map((look) => other.once(look, other.token)),
  );
  // Its token alone is not the agent.
  const thief = looksAt(url).map((look) => other.once(look, owner.token));
  expect((await Promise.all(thief)).map(signatureErrorOf)).toEqual(Array(3).fill("invalid_signature"));
  await refusedWith(401, [send(sockets, { url }), send(sockets, { method: "DELETE", url })]);
  expect((await owner.once({ url }, owner.token)).status).toBe(202);
  expect((await owner.once({ method: "DELETE", url }, owner.token)).status).toBe(204);
  expect((await owner.once({ url }, owner.token)).status).toBe(410);
});

test("the supply-chain agent's own 202 is for its caller alone, and the run goes on", async () => {
  const user = await started("person-server", CONSENT_FOR_MARKET);
  const run = await user.run();
  const browser = new User();
  await browser.decide(await browser.openSignedIn(run.consent_url!, MCP_USER), "accept");
  const path = await vi.waitFor(() => {
    const [, found] =
      /method=GET, target_uri=https:\/\/supply-chain-agent\.localhost(\/aauth\/pending\/[\w-]+)/.exec(
        stack.log(),
      )!;
    return found!;
  }, LOG_WAIT);
  const other = unknownAgent();
  const looks = looksAt(SUPPLY_CHAIN + path).filter(({ method }) => method !== "POST");
  await refusedWith(
    404,
    looks.map((look) => other.once(look, other.token)),
  );
  const now = { ...run, consent_url: undefined };
  const { end } = await decideAtPages(user, now, undefined, browser);
  expect(end.status).toBe("completed");
  // It has been told, and is no one's any more.
  expect((await other.once({ url: SUPPLY_CHAIN + path }, other.token)).status).toBe(404);
});

test("an access server that has to think tells only the person server that asked", async () => {
  const otherServer = await AgentProvider.start(elsewhere, "https://other-server.localhost");
  otherServer.documents["/.well-known/aauth-person.json"] = {
    issuer: otherServer.issuer,
    jwks_uri: `${otherServer.issuer}/jwks.json`,
    person_token_endpoint: `${otherServer.issuer}/person`,
    auth_token_endpoint: `${otherServer.issuer}/token`,
  };
  const { access, pending } = await thinkingAccessServer([PERSON_SERVER, otherServer.issuer]);
  const user = await started("federated");
  const run = await user.run();
  const browser = new User();
  await browser.decide(await browser.openSignedIn(run.consent_url!, MCP_USER), "accept");
  await expect
    .poll(pending, LOG_WAIT)
    .toMatch(/^https:\/\/access-server\.localhost\/aauth\/access\/pending\//);
  const url = pending()!;

  const other = unknownAgent();
  const asAgent = looksAt(url).map((look) => other.once(look, other.token));
  expect((await Promise.all(asAgent)).map(signatureErrorOf)).toEqual(Array(3).fill("unsupported_scheme"));
  const asServer = ({ issuer, key }: AgentProvider, dwk: string) =>
    looksAt(url).map((look) =>
      send(sockets, signed(look, key, `sig=jwks_uri;id="${issuer}";dwk="${dwk}";kid="ap-1"`)),
    );
  await refusedWith(404, asServer(otherServer, "aauth-person.json"));
  await refusedWith(403, asServer(provider, "aauth-agent.json"));

  const [waiting] = await access.waiting(SUPPLY_CHAIN);
  expect(await access.approve(waiting!.reference, { version: waiting!.version })).toBe("done");
  expect((await endOf(user, run)).status).toBe("completed");
  await otherServer.stop();
});

/** In the place of the demo's, which decides at once. */
async function thinkingAccessServer(personServers: readonly string[]) {
  let access: AccessServer | undefined;
  let location: string | undefined;
  const server = createServer(async (request: IncomingMessage, response) => {
    const { method = "GET", url: target = "/", headers } = request;
    const answer = await access!.handle({ method, target, headers, body: await buffer(request) });
    location ??= answer?.headers.location;
    response.writeHead(answer?.status ?? 404, answer?.headers).end(answer?.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  elsewhere[ACCESS_SERVER] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mapped = () => createEndpointMap(sockets);
  access = createAccessServer({
    issuer: ACCESS_SERVER,
    key: await generateSigningKey({ kid: "as-1" }),
    discovery: createDiscovery({
      ...{ development: true },
      transport: (url, init) => mapped().documents(url, init),
    }),
    transport: (url, init) => mapped().requests(url, init),
    resources: [SUPPLY_CHAIN, MARKET],
    personServers,
    decide: ({ resource }) => ({ type: resource === SUPPLY_CHAIN ? "approval" : "grant" }),
  });
  return { access, pending: () => location };
}

test("a code that was guessed opens no request, and a few near ones end it", async () => {
  const user = await started("person-server");
  const run = await user.run();
  const page = new URL(run.consent_url!);
  const code = page.searchParams.get("code")!;
  const browser = new User();
  await browser.openSignedIn(`${stack.urls.personServer}/granted`, MCP_USER);
  const open = async (guess: string) => {
    page.searchParams.set("code", guess);
    return (await browser.openSignedIn(page.href, MCP_USER)).status;
  };
  expect(await open("ABCD-EFGH-JKMN")).toBe(410);
  expect((await user.get(`/optimization/progress/${run.request_id}`)).status).toBe(200);
  const near = ["0000", "1111", "2222", "3333", "4444"].map((end) => code.slice(0, -4) + end);
  for (const guess of near) expect(await open(guess)).toBe(410);
  expect(await open(code)).toBe(410);
  expect(await endOf(user, run)).toMatchObject({
    status: "failed",
    failure: { hop: "person-server", code: "invalid_code" },
  });
});

test("a callback that was forged changes nothing: at the person server, at the backend, for the browser", async () => {
  const user = await started("person-server");
  const run = await user.run();
  const browser = new User();
  const forged = `${stack.urls.personServer}/interaction/returned/${"a".repeat(22)}`;
  expect((await browser.openSignedIn(forged, MCP_USER)).status).toBe(404);
  expect((await browser.openSignedIn(`${forged}?error=access_denied`, MCP_USER)).status).toBe(404);
  const guess = `&state=${"a".repeat(43)}`;
  for (const query of ["", guess, "&error=access_denied", `${guess}&error=server_error`]) {
    const back = `${stack.urls.backend}/auth/aauth/return?request_id=${run.request_id}${query}`;
    expect((await fetch(back, { redirect: "manual" })).status).toBe(302);
  }
  const state = await (await user.get(`/optimization/progress/${run.request_id}`)).json();
  expect(state).toMatchObject({ status: "awaiting_consent" });
  // The browser goes to no address that the agent's provider has not published.
  const page = new URL(run.consent_url!);
  page.searchParams.set("callback", "https://unknown.localhost/collect");
  const answer = await browser.decide(await browser.openSignedIn(page.href, MCP_USER), "accept");
  expect([answer.status, answer.headers.get("location")]).toEqual([200, null]);
  expect((await endOf(user, run)).status).toBe("completed");
});
