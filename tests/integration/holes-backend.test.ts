/**
 * A resource whose challenges lead the backend elsewhere, against the running stack. The backend's
 * own tests cover the other holes of the former backend (B: docs/reference/known-holes.md).
 */

import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keyPair, type Listener, listen, makeToken, thumbprintOf } from "../support/foreign-agent.ts";
import { signIn } from "../support/optimization-run.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

describe("B6: a challenge that is not for this agent is not followed", () => {
  const impostorsKey = keyPair();
  const resourceKey = { kty: "OKP", crv: "Ed25519", x: impostorsKey.x, kid: "k" };
  /** Errors in the impostor's next challenge. */
  let change: { authServer?: string; claims?: object } = {};
  let misled: TestStack;
  let impostor: Listener;
  let elsewhere: Listener;
  let agentJkt: string;

  beforeAll(async () => {
    elsewhere = await listen(() => ({ status: 500 }));
    impostor = await listen((path, own) => {
      if (path === "/.well-known/aauth-resource")
        return { body: { resource: own, jwks_uri: `${own}/jwks.json` } };
      if (path === "/jwks.json") return { body: { keys: [resourceKey] } };
      const { backendAgent: agent, issuer } = misled.urls;
      const { authServer = issuer, claims = {} } = change;
      const exp = Math.floor(Date.now() / 1000) + 300;
      const good = { iss: own, aud: authServer, agent, agent_jkt: agentJkt, exp, scope: "a" };
      const header = { alg: "EdDSA", kid: "k", typ: "resource+jwt" };
      const token = makeToken(header, { ...good, ...claims }, impostorsKey.key);
      const agentAuth = `httpsig; auth-token; resource_token="${token}"; auth_server="${authServer}"`;
      return { status: 401, headers: { "agent-auth": agentAuth } };
    });
    misled = await startStack({ env: { backend: { SUPPLY_CHAIN_AGENT_URL: impostor.url } } });
    const { keys } = (await (await fetch(`${misled.urls.backend}/jwks.json`)).json()) as {
      keys: [{ x: string }];
    };
    agentJkt = thumbprintOf(keys[0]);
  });
  afterAll(() => Promise.all([misled?.stop(), impostor?.stop(), elsewhere?.stop()]));

  test.each<[string, () => typeof change]>([
    ["names an untrusted auth server", () => ({ authServer: elsewhere.url })],
    ["is for another agent", () => ({ claims: { agent: "http://127.0.0.1:1" } })],
  ])("%s", async (_what, make) => {
    change = make();
    const run = await (await signIn(misled)).run({});
    expect(run).toMatchObject({ status: "failed", failure: { code: "challenge_untrusted" } });
    expect(elsewhere.requests).toEqual([]);
    expect(misled.log()).not.toMatch(/Requesting auth_token/);
  });

  test("a good one of the same resource is followed", async () => {
    change = {};
    await (await signIn(misled)).run({});
    await expect.poll(() => misled.log(), LOG_WAIT).toMatch(/Requesting auth_token/);
  });
});
