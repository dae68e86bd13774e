/**
 * Holes of the former agents (D: docs/reference/known-holes.md), each attacked on the running stack
 * by foreign code, and refused by its check.
 */

import { spawnSync } from "node:child_process";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { runWithConsent } from "../support/consent-run.ts";
import {
  type Answer,
  ForeignAgent,
  keyPair,
  type Listener,
  listen,
  makeToken,
  type OutgoingRequest,
  readToken,
  type Scheme,
  send,
} from "../support/foreign-agent.ts";
import { signIn } from "../support/optimization-run.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

const JWKS: Scheme = { scheme: "jwks" };
const now = () => Math.floor(Date.now() / 1000);

installLocalhostLookup();

let stack: TestStack;
let agent: ForeignAgent;
let thief: ForeignAgent;
/** An address in messages that must not be fetched. */
let canary: Listener;

beforeAll(async () => {
  [stack, agent, thief, canary] = await Promise.all([
    startStack({ processes: ["supply-chain-agent", "market-analysis-agent"] }),
    ForeignAgent.start(),
    ForeignAgent.start("thief.localhost"),
    listen(() => ({ status: 200, body: {} })),
  ]);
});
afterAll(() => Promise.all([stack?.stop(), agent?.stop(), thief?.stop(), canary?.stop()]));

type Resource = "supplyChainAgent" | "marketAnalysisAgent";

/**
 * A call past the gateway, at the agent's own socket, which must verify it. `Host` and signature
 * name the authority that the gateway forwards.
 */
function call(
  resource: Resource,
  change: Partial<OutgoingRequest> = {},
  { urls }: Pick<TestStack, "urls"> = stack,
): OutgoingRequest {
  const message = { messageId: "1", role: "user", parts: [{ kind: "text", text: "optimize" }] };
  return {
    method: "POST",
    url: `${urls[resource]}/`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 7, method: "message/send", params: { message } }),
    ...change,
  };
}

function directly(resource: Resource, outgoing: OutgoingRequest): Promise<Answer> {
  const { host } = new URL(stack.urls[resource]);
  return send({ ...outgoing, url: outgoing.url.replace(host, `localhost:${stack.ports[resource]}`) });
}

/**
 * Refused by this check of the verifier, with only the required signature and its coverage in the
 * answer.
 */
function expectRefused(answer: Answer, code: string, agentAuth = "httpsig"): void {
  const text = answer.text.replace(
    /(: insufficient_coverage): the signature does not cover [a-z@, -]+$/,
    "$1",
  );
  expect({ status: answer.status, text, agentAuth: answer.headers["agent-auth"] }).toEqual({
    status: 401,
    text: `Valid AAuth signature required: ${code}`,
    agentAuth,
  });
}

/** Whether the log shows a refusal of the address itself. */
const isRefusedInLog = (address: string) =>
  stack
    .log()
    .split("\n")
    .some((line) => line.includes(address) && /refused: (http|a loopback)|not a canonical/.test(line));

async function authTokenOf(who: ForeignAgent, resource: Resource, from = stack): Promise<string> {
  const challenge = await who.call(call(resource, {}, from), JWKS);
  const { issuer: authServer, [resource]: identifier } = from.urls;
  const resource_token = who.resourceTokenOf(challenge, { resource: identifier, authServer });
  const granted = await who.askAuthServer(authServer, { request_type: "auth", resource_token });
  return (JSON.parse(granted.text) as { auth_token: string }).auth_token;
}

describe("demo agents, which require an auth token", () => {
  test.each<Resource>(["supplyChainAgent", "marketAnalysisAgent"])(
    "D1, D9: Signature-Key without signature, and nothing at all (%s)",
    async (resource) => {
      const signatureKey = agent.signatureKey({ scheme: "hwk" });
      const only = call(resource, { headers: { ...call(resource).headers, "signature-key": signatureKey } });
      expectRefused(await directly(resource, only), "missing_signature");
      expectRefused(await directly(resource, call(resource)), "missing_signature");
    },
  );

  test("D2: an invalid signature of scheme hwk", async () => {
    const wrong = agent.signed(call("supplyChainAgent"), { scheme: "hwk" }, { signingKey: thief.key });
    expectRefused(await directly("supplyChainAgent", wrong), "invalid_signature");
  });

  test("D3: a stolen auth token does not work as a bearer token", async () => {
    const jwt = await authTokenOf(agent, "supplyChainAgent");
    const scheme = { scheme: "jwt", jwt } as const;
    expect((await directly("supplyChainAgent", agent.signed(call("supplyChainAgent"), scheme))).status).toBe(
      200,
    );
    const stolen = thief.signed(call("supplyChainAgent"), scheme);
    expectRefused(await directly("supplyChainAgent", stolen), "invalid_signature");
    const unsigned = call("supplyChainAgent");
    const bearer = { ...unsigned, headers: { ...unsigned.headers, authorization: `Bearer ${jwt}` } };
    expectRefused(await directly("supplyChainAgent", bearer), "missing_signature");
  });

  test("D4: no caller gets a resource token in a victim's name", async () => {
    const victim = { scheme: "jwks", id: agent.id } as const;
    const forged = thief.signed(call("supplyChainAgent"), victim);
    expectRefused(await directly("supplyChainAgent", forged), "invalid_signature");
  });

  test("D6: an issuer is not trusted for its path", async () => {
    const claims = {
      iss: `${canary.url}/realms/aauth-test`,
      aud: stack.urls.marketAnalysisAgent,
      agent: agent.id,
      scope: "market-analysis:analyze",
      cnf: { jwk: publicJwk(agent) },
      iat: now(),
      exp: now() + 60,
    };
    const jwt = makeToken({ alg: "EdDSA", kid: "k", typ: "auth+jwt" }, claims, agent.key);
    const signed = agent.signed(call("marketAnalysisAgent"), { scheme: "jwt", jwt });
    expectRefused(await directly("marketAnalysisAgent", signed), "untrusted_issuer");
    expect(canary.requests).toEqual([]);
  });

  test.each(["http://192.0.2.1", "file:///etc/passwd"])(
    "D8, G4: an identity elsewhere is not fetched: %s",
    async (id) => {
      const signed = () => agent.signed(call("marketAnalysisAgent"), { scheme: "jwks", id });
      expectRefused(await directly("marketAnalysisAgent", signed()), "discovery_failed");
      const atGateway = await send(signed());
      expect(atGateway.status).toBe(401);
      expect(atGateway.text).toMatch(/\bdiscovery_failed\b/);
      // Only the log contains the reason.
      await expect.poll(() => isRefusedInLog(id), LOG_WAIT).toBe(true);
    },
  );

  test("D8, G4: a key set elsewhere is not fetched, for any caller", async () => {
    const pointing = await ForeignAgent.start("pointing.localhost", {
      jwks_uri: "http://192.0.2.1/jwks.json",
    });
    try {
      const signed = () => pointing.signed(call("marketAnalysisAgent"), JWKS);
      expectRefused(await directly("marketAnalysisAgent", signed()), "discovery_failed");
      const atGateway = await send(signed());
      expect(atGateway.status).toBe(401);
      expect(atGateway.text).toMatch(/\bdiscovery_failed\b/);
      // Only the log contains the reason.
      await expect.poll(() => isRefusedInLog("http://192.0.2.1/jwks.json"), LOG_WAIT).toBe(true);
    } finally {
      await pointing.stop();
    }
  });

  test("D12: a caller without an identity gets no resource token in another's", async () => {
    const signed = agent.signed(call("marketAnalysisAgent"), { scheme: "hwk" });
    const answer = await directly("marketAnalysisAgent", signed);
    expect([answer.status, answer.text]).toEqual([401, "Valid AAuth signature required: identity_required"]);
    expect(answer.headers["agent-auth"]).toMatch(/^httpsig; identity=\?1/);
    expect(answer.headers["agent-auth"]).not.toMatch(/resource_token/);
  });

  test("D13: no switch relaxes the digest", () => {
    const start = spawnSync(process.execPath, ["services/market-analysis-agent/src/main.ts"], {
      cwd: REPOSITORY_ROOT,
      env: { PATH: process.env.PATH, AAUTH_RELAX_CONTENT_DIGEST: "true" },
      encoding: "utf8",
      timeout: 50_000,
    });
    expect(start.status).toBe(2);
    expect(start.stderr).toContain("AAUTH_RELAX_CONTENT_DIGEST");
  });
});

describe("demo agents in their other modes", () => {
  test("D7: in signature-only mode a self-issued token grants nothing", async () => {
    const at = "supplyChainAgent";
    await stack.kill("supply-chain-agent");
    await stack.startAgain("supply-chain-agent", { AAUTH_AUTHORIZATION_SCHEME: "signature-only" });
    expect((await directly(at, agent.signed(call(at), JWKS))).status).toBe(200);
    const claims = {
      iss: agent.id,
      aud: stack.urls[at],
      agent: agent.id,
      exp: now() + 60,
      cnf: { jwk: publicJwk(agent) },
    };
    const jwt = makeToken({ alg: "EdDSA", kid: agent.kid, typ: "auth+jwt" }, claims, agent.key);
    expectRefused(await directly(at, agent.signed(call(at), { scheme: "jwt", jwt })), "untrusted_issuer");
    // D1, D2 and D9 hold if only a signature is required.
    expectRefused(await directly(at, call(at)), "missing_signature");
    const wrong = agent.signed(call(at), { scheme: "hwk" }, { signingKey: thief.key });
    expectRefused(await directly(at, wrong), "invalid_signature");
  });

  test("D9, D11: without a signature, and with a bad one, in every mode", async () => {
    const at = "marketAnalysisAgent";
    for (const mode of ["signature-only", "user-delegated"]) {
      await stack.kill("market-analysis-agent");
      await stack.startAgain("market-analysis-agent", { AAUTH_AUTHORIZATION_SCHEME: mode });
      expectRefused(await directly(at, call(at)), "missing_signature");
      const bad = agent.signed(call(at), JWKS, { signingKey: thief.key });
      expectRefused(await directly(at, bad), "invalid_signature");
    }
  });

  test("P7, D10: the token's verdict stands, whatever the signature's is", async () => {
    const at = "marketAnalysisAgent";
    // An auth server that signs every request.
    const realm = keyPair();
    const authServer = await listen((path, own) => {
      const issuer = `${own}/realms/aauth-test`;
      if (path === "/realms/aauth-test/keys")
        return { body: { keys: [{ kty: "OKP", crv: "Ed25519", x: realm.x, kid: "realm" }] } };
      const agent_token_endpoint = `${issuer}/token`;
      return { body: { issuer, jwks_uri: `${issuer}/keys`, agent_token_endpoint } };
    });
    const answerTo = async (claims: object, key = realm.key) => {
      const good = {
        iss: `${authServer.url}/realms/aauth-test`,
        aud: stack.urls[at],
        agent: agent.id,
        sub: "user-1",
        scope: "market-analysis:analyze",
        cnf: { jwk: publicJwk(agent) },
        exp: now() + 60,
      };
      const jwt = makeToken({ alg: "EdDSA", kid: "realm", typ: "auth+jwt" }, { ...good, ...claims }, key);
      return directly(at, agent.signed(call(at), { scheme: "jwt", jwt }));
    };
    try {
      await stack.kill("market-analysis-agent");
      await stack.startAgain("market-analysis-agent", {
        AAUTH_AUTHORIZATION_SCHEME: "user-delegated",
        KEYCLOAK_URL: authServer.url,
      });
      expect((await answerTo({})).status).toBe(200);
      expectRefused(await answerTo({ aud: stack.urls.supplyChainAgent }), "token_audience_mismatch");
      expectRefused(await answerTo({ exp: undefined }), "token_claim_missing");
      expectRefused(await answerTo({ nbf: now() + 60 }), "token_not_yet_valid");
      expectRefused(await answerTo({}, agent.key), "invalid_token_signature");
      // The owner of an expired token gets a challenge.
      const expired = await answerTo({ exp: now() - 1 });
      expect({ status: expired.status, text: expired.text }).toEqual({
        status: 401,
        text: "Authorization required",
      });
      expect(expired.headers["agent-auth"]).toMatch(/^httpsig; auth-token; /);
    } finally {
      await authServer.stop();
    }
  });

  test("D5: a token with less than the scope that is asked for", async () => {
    const at = "supplyChainAgent";
    await stack.kill("supply-chain-agent");
    await stack.startAgain("supply-chain-agent");
    const jwt = await authTokenOf(agent, at);
    await stack.kill("supply-chain-agent");
    await stack.startAgain("supply-chain-agent", {
      AAUTH_AUTHORIZATION_SCHEME: "user-delegated",
      AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze",
    });
    const answer = await directly(at, agent.signed(call(at), { scheme: "jwt", jwt }));
    expect([answer.status, answer.text]).toEqual([403, "Authorization required"]);
    const { issuer: authServer, [at]: resource } = stack.urls;
    const wanted = readToken(agent.resourceTokenOf(answer, { resource, authServer })).claims;
    expect(wanted.scope).toBe("supply-chain:optimize market-analysis:analyze");
  });
});

describe("where users delegate", () => {
  let delegated: TestStack;
  beforeAll(async () => {
    delegated = await startStack({ modes: { authorizationScheme: "user-delegated" } });
  });
  afterAll(() => delegated?.stop());

  test("A5: a token that an agent got for itself grants nothing", async () => {
    const at = "marketAnalysisAgent";
    const jwt = await authTokenOf(agent, at, delegated);
    expect(readToken(jwt).claims).toMatchObject({ scope: "market-analysis:analyze" });
    expect(readToken(jwt).claims).not.toHaveProperty("sub");
    const answer = await agent.call(call(at, {}, delegated), { scheme: "jwt", jwt });
    expect([answer.status, answer.text]).toEqual([403, "user_required"]);
    expect(answer.headers).not.toHaveProperty("agent-auth");
  });

  test("D14: no whole token is in the log of any service", async () => {
    const run = await runWithConsent(delegated, "optimize laptop supply chain and perform market analysis");
    expect(run.status).toBe("completed");
    await expect.poll(() => delegated.log(), LOG_WAIT).toMatch(/Received auth_token/);
    // Header, claims and signature of a JWS: 40 characters and more of each.
    expect(delegated.log()).not.toMatch(/eyJ[\w-]{40,}\.[\w-]{40,}\.[\w-]{40,}/);
  });
});

test("P9: httpsig inside another scheme's text is not read as a challenge", async () => {
  let agentAuth = "";
  const resource = await listen(() => ({ status: 401, headers: { "agent-auth": agentAuth } }));
  // A pseudonymous agent, which would identify itself if challenged.
  const modes = { signatureScheme: "hwk" } as const;
  const misled = await startStack({ modes, env: { backend: { SUPPLY_CHAIN_AGENT_URL: resource.url } } });
  try {
    const user = await signIn(misled);
    for (const text of ["httpsig; identity=?1", "httpsig; auth-token; resource_token=x"]) {
      agentAuth = `other realm="${text}"`;
      resource.requests.length = 0;
      const failure = { hop: "supply-chain-agent", code: "malformed_challenge" };
      expect(await user.run({})).toMatchObject({ status: "failed", failure });
      // Called once: it sent no answer to a challenge and requested no token.
      expect(resource.requests.filter((line) => line.startsWith("POST"))).toHaveLength(1);
      expect(misled.log()).not.toMatch(/Requesting auth_token/);
    }
  } finally {
    await Promise.all([misled.stop(), resource.stop()]);
  }
});

function publicJwk({ x }: { x: string }) {
  return { kty: "OKP", crv: "Ed25519", x };
}
