import formbody from "@fastify/formbody";
import { createMemoryStores, StoreUnavailableError } from "aauth";
import Fastify from "fastify";
import { expect, test, vi } from "vitest";
import { createTestDiscovery } from "../../../../../packages/aauth/test/february-2026/parties.ts";
import { consentRoutes } from "../../../src/february-2026/consent/consent-routes.ts";
import { createGrants } from "../../../src/february-2026/grants.ts";
import { oidcPaths } from "../../../src/oidc/oidc-paths.ts";
import { parsePolicy } from "../../../src/realm/policy.ts";
import { parseRealm } from "../../../src/realm/realm.ts";
import { recordingLogger } from "../../support/auth-server.ts";

const ISSUER = "http://localhost:8080/realms/r";

const AGENT = "http://backend.localhost:8000";
const AUTH = "/realms/r/protocol/aauth/agent/auth";

const FIRST = { id: "asked", user: { id: "first", username: "first" } };

/** The routes alone, with the given browser session. */
async function startRoutes() {
  const stores = createMemoryStores({ now: () => 0 });
  const grants = createGrants(stores);
  const browser: { session?: object | undefined } = {};
  const remember = vi.fn(async () => {});
  const app = Fastify();
  await app.register(formbody);
  await app.register(consentRoutes, {
    issuer: ISSUER,
    paths: oidcPaths(ISSUER),
    state: { realm: parseRealm('{"realm":"r"}'), policy: () => parsePolicy({}) } as never,
    discovery: createTestDiscovery({}),
    grants,
    stores,
    memory: {
      remember,
      covers: async () => false,
      lifetimeSeconds: () => 60,
    } as never,
    readSession: async () => browser.session as never,
    consentSeconds: 600,
    logger: recordingLogger().logger,
  });
  const request = { agent: AGENT, key: {} as never, thumbprint: "", resource: AGENT, scope: "s" };
  const ask = (more: object = {}) =>
    grants.consentRequests.issue({ ...request, redirectUri: `${AGENT}/callback`, ...more }, 600);
  /** The code of a page that is shown to the first user. */
  const shownCode = async (requestToken: string) => {
    const { session } = browser;
    browser.session = FIRST;
    const { body } = await app.inject(`${AUTH}?${new URLSearchParams({ request_token: requestToken })}`);
    browser.session = session;
    return /name="consent_code" value="([^"]+)"/.exec(body)![1]!;
  };
  const accept = async (consentCode: string) => {
    const form = { consent_code: consentCode, accept: "yes" };
    const reply = await app.inject({
      method: "POST",
      url: `${AUTH}/consent`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams(form).toString(),
    });
    return [reply.statusCode, reply.headers.location?.includes("code=")];
  };
  return { browser, ask, shownCode, accept, grants, remember };
}

/**
 * The sign-in page makes another session for another user. Even if it did not, the page would still
 * be the first user's.
 */
test("J11: accepts a decision only from the asked user in the asked session, whichever of the two has changed", async () => {
  const { browser, ask, shownCode, accept } = await startRoutes();
  const requestToken = await ask();
  const acceptIn = async (session: object | undefined) => {
    const consentCode = await shownCode(requestToken);
    browser.session = session;
    return accept(consentCode);
  };
  expect(await acceptIn(undefined)).toEqual([400, undefined]);
  expect(await acceptIn({ id: "asked", user: { id: "second" } })).toEqual([400, undefined]);
  expect(await acceptIn({ id: "other", user: { id: "first" } })).toEqual([400, undefined]);
  expect(await acceptIn({ id: "asked", user: { id: "first" } })).toEqual([303, true]);
});

test("remembers a consent once it is accepted: not after a denial, and a failure to remember it changes nothing", async () => {
  const { browser, ask, shownCode, accept, grants, remember } = await startRoutes();
  browser.session = FIRST;
  const denied = await ask();
  const issue = vi.spyOn(grants.codes, "issue").mockImplementationOnce(async () => {
    await grants.consentRequests.take(denied);
    return "unused";
  });
  expect(await accept(await shownCode(denied))).toEqual([400, undefined]);
  expect([issue.mock.calls.length, remember.mock.calls.length]).toEqual([1, 0]);
  remember.mockRejectedValueOnce(new StoreUnavailableError("db"));
  expect(await accept(await shownCode(await ask()))).toEqual([303, true]);
  expect(remember).toHaveBeenCalledOnce();
});
