import { ConsentRequiredError } from "aauth";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBrowser, readForm } from "../../services/auth-server/test/support/browser.ts";
import { MCP_USER, signIn } from "../../services/auth-server/test/support/sign-in.ts";
import {
  type ChainAnswer,
  type ChainAuthServer,
  type ChainParty,
  startAuthServer,
  startParty,
} from "../support/chain.ts";

installLocalhostLookup();

const ALL_SCOPES = ["one:read", "two:read", "three:read"];

let home: ChainAuthServer;
let partner: ChainAuthServer;
const parties: ChainParty[] = [];

beforeAll(async () => {
  home = await startAuthServer({ AUTH_SERVER_CONSENT_SCOPES: "one:read" });
  partner = await startAuthServer();
});
afterAll(() => Promise.all([...parties, home, partner].map((part) => part?.close())));

/**
 * caller -> one -> two -> three. Each demands what those behind it will need; `two` may be another
 * auth server's.
 */
async function startChain(second = home) {
  const asks = [...new Set([home.issuer, second.issuer])];
  const start = async (name: string, scopes: readonly string[], next?: ChainParty, issuer = home.issuer) => {
    const started = await startParty({ name, scopes, asks, authServer: issuer, ...(next && { next }) });
    parties.push(started);
    return started;
  };
  const three = await start("three", ["three:read"]);
  const two = await start("two", ["two:read", "three:read"], three, second.issuer);
  const one = await start("one", ALL_SCOPES, two);
  const caller = await start("caller", ["caller:read"]);
  // Who may go on in a user's name, which each realm says for itself.
  const carriers = { "aauth.exchange.agents": JSON.stringify([one.id, two.id]) };
  await Promise.all([home, partner].map((server) => server.setAttributes(carriers)));
  return { caller, one, two, three };
}

/** The caller asks the first party after its user has consented in a browser. */
async function ask({ caller, one }: { caller: ChainParty; one: ChainParty }) {
  const demand: unknown = await caller.agent
    .fetchFor()(`${one.id}/`)
    .catch((error: unknown) => error);
  if (!(demand instanceof ConsentRequiredError)) throw new Error("no consent was asked for");
  const browser = createBrowser();
  const shown = await signIn(browser, demand.consentUrl, MCP_USER);
  const { action, fields } = readForm(await shown.response.text());
  const answer = await browser.post(new URL(action, shown.url).href, { ...fields, accept: "yes" });
  const code = new URL(answer.headers.get("location")!).searchParams.get("code")!;
  const { token: authToken } = await caller.agent.redeemCode({ authServer: home.issuer, code });
  const reply = await caller.agent.fetchFor({ authToken })(`${one.id}/`);
  return (await reply.json()) as ChainAnswer;
}

const WHOLE_WAY: ChainAnswer = { party: "one", next: { party: "two", next: { party: "three" } } };

describe("a chain of four parties at one auth server", () => {
  test("act names everybody on the way, nearest first, and the user stays the subject", async () => {
    const chain = await startChain();
    expect(await ask(chain)).toEqual(WHOLE_WAY);
    const { caller, one, two, three } = chain;
    const sub = MCP_USER.id;
    expect(one.received).toMatchObject([{ agent: caller.id, sub, scope: ALL_SCOPES.join(" ") }]);
    expect(one.received[0]).not.toHaveProperty("act");
    expect(two.received).toMatchObject([{ agent: one.id, sub, scope: "two:read three:read" }]);
    expect(two.received[0]?.act).toEqual({ agent: caller.id, sub });
    expect(three.received).toMatchObject([{ agent: two.id, sub, scope: "three:read" }]);
    expect(three.received[0]?.act).toEqual({ agent: one.id, sub, act: { agent: caller.id, sub } });
  });
});

describe("a chain that leaves the auth server and comes back", () => {
  const trust = (server: ChainAuthServer, other: ChainAuthServer) =>
    server.setAttributes({ "aauth.trusted.issuers": JSON.stringify([other.issuer]) });

  test("is closed at the first auth server that does not trust the one before", async () => {
    expect(await ask(await startChain(partner))).toEqual({
      party: "one",
      failure: expect.stringMatching(
        /^token_request_refused: auth server refused: invalid_signature: the token's issuer \S+ is not trusted$/,
      ),
    });
  });

  test("is open between auth servers that trust each other; the user of one is no user of the other", async () => {
    await trust(partner, home);
    await trust(home, partner);
    const chain = await startChain(partner);
    expect(await ask(chain)).toEqual(WHOLE_WAY);
    const { caller, one, two, three } = chain;
    const sub = MCP_USER.id;
    expect(one.received).toMatchObject([{ iss: home.issuer, agent: caller.id, sub }]);
    expect(two.received).toMatchObject([{ iss: partner.issuer, agent: one.id }]);
    // Both realms come from one file and know this id. It is still another issuer's user, named
    // where that issuer is.
    expect(two.received[0]).not.toHaveProperty("sub");
    expect(two.received[0]?.act).toEqual({ agent: caller.id, sub });
    expect(three.received).toMatchObject([{ iss: home.issuer, agent: two.id, scope: "three:read" }]);
    expect(three.received[0]).not.toHaveProperty("sub");
    expect(three.received[0]?.act).toEqual({ agent: one.id, act: { agent: caller.id, sub } });
  });
});
