import formbody from "@fastify/formbody";
import { createTestDiscovery } from "aauth/testing";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { consentRoutes, type ShownConsent } from "../../src/consent/consent-routes.ts";
import { createGrants } from "../../src/grants.ts";
import { oidcPaths } from "../../src/oidc/oidc-paths.ts";
import { parsePolicy } from "../../src/realm/policy.ts";
import { parseRealm } from "../../src/realm/realm.ts";
import { createSecrets } from "../../src/secrets.ts";
import { memoryStores } from "../../src/store.ts";
import { recordingLogger } from "../support/auth-server.ts";

const ISSUER = "http://localhost:8080/realms/r";

/**
 * The sign-in page makes another session for another user; should that ever not be so, the page
 * is still the first one's.
 */
test("J11: an answer counts only from the person that was asked, in the session that was asked, whichever of the two has changed", async () => {
  const createStore = memoryStores(() => 0);
  const grants = createGrants(createStore);
  const shown = createSecrets(createStore<ShownConsent>(), ({ userId }) => userId);
  let session: object | undefined;
  const app = Fastify();
  await app.register(formbody);
  await app.register(consentRoutes, {
    issuer: ISSUER,
    paths: oidcPaths(ISSUER),
    state: { realm: parseRealm('{"realm":"r"}'), policy: () => parsePolicy({}) } as never,
    discovery: createTestDiscovery({}),
    grants,
    shown,
    memory: { remember: async () => {}, covers: async () => false, lifetimeSeconds: () => 60 } as never,
    readSession: async () => session as never,
    consentSeconds: 600,
    logger: recordingLogger().logger,
  });
  const agent = "http://backend.localhost:8000";
  const request = {
    agent,
    key: {} as never,
    thumbprint: "",
    resource: agent,
    scope: "s",
    redirectUri: agent,
  };
  const requestToken = await grants.consentRequests.issue(request, 600);
  const answerIn = async (sessionNow: object | undefined) => {
    session = sessionNow;
    const page = { requestToken, sessionId: "asked", userId: "first" };
    const form = { consent_code: await shown.issue(page, 600), accept: "yes" };
    const reply = await app.inject({
      method: "POST",
      url: "/realms/r/protocol/aauth/agent/auth/consent",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams(form).toString(),
    });
    return [reply.statusCode, reply.headers.location?.includes("code=")];
  };
  expect(await answerIn(undefined)).toEqual([400, undefined]);
  expect(await answerIn({ id: "asked", user: { id: "second" } })).toEqual([400, undefined]);
  expect(await answerIn({ id: "other", user: { id: "first" } })).toEqual([400, undefined]);
  expect(await answerIn({ id: "asked", user: { id: "first" } })).toEqual([303, true]);
});
