import { type AAuthErrorCode, decodeToken, generateSigningKey, type SigningKey } from "aauth";
import { issueAuthToken, tokenSignerOf } from "aauth/issuer";
import { expect, test } from "vitest";
import { AUTH_URL, browserFor, decide } from "../support/consent.ts";
import {
  BACKEND,
  createParties,
  expectRefusal,
  MARKET_ANALYSIS,
  type Parties,
  type Reply,
  SUPPLY_CHAIN,
  setAttributes,
  type TokenRequestOptions,
} from "../support/parties.ts";
import { MCP_USER, signIn } from "../support/sign-in.ts";

const BOTH_SCOPES = "supply-chain:optimize market-analysis:analyze";
const FOREIGN_ISSUER = "http://other-issuer.localhost:8081/realms/partner";

/** The token with which the backend calls the supply-chain agent. */
async function upstreamToken(parties: Parties, scope = BOTH_SCOPES): Promise<string> {
  const resource_token = await parties.resourceToken({ scope });
  return (await parties.request({ request_type: "auth", resource_token })).body.auth_token as string;
}

async function nextResourceToken(parties: Parties, options: Parameters<Parties["resourceToken"]>[0] = {}) {
  const { agentJkt = parties.keys[SUPPLY_CHAIN]?.thumbprint as string } = options;
  return parties.resourceToken({
    resource: MARKET_ANALYSIS,
    agent: SUPPLY_CHAIN,
    scope: "market-analysis:analyze",
    ...options,
    agentJkt,
  });
}

/** The supply-chain agent's exchange: upstream token in Signature-Key, own signature. */
async function exchange(
  parties: Parties,
  upstream: string,
  form: Record<string, string> = {},
  options: TokenRequestOptions = {},
): Promise<Reply> {
  const resource_token = form.resource_token ?? (await nextResourceToken(parties));
  return parties.request(
    { request_type: "exchange", resource_token, ...form },
    { agent: SUPPLY_CHAIN, scheme: { jwt: upstream }, ...options },
  );
}

test("the next resource's token names the caller in act and is bound to the requester's key", async () => {
  const parties = await createParties();
  const reply = await exchange(parties, await upstreamToken(parties));
  expect(reply.status).toBe(200);
  expect(Object.keys(reply.body)).toEqual(["auth_token", "expires_in", "token_type"]);
  const { claims } = decodeToken(reply.body.auth_token as string);
  expect(Object.keys(claims)).toEqual([
    "exp",
    "iat",
    "nbf",
    "iss",
    "aud",
    "agent",
    "cnf",
    "scope",
    "act",
    "jti",
  ]);
  expect(claims).toMatchObject({
    iss: parties.server.issuer,
    aud: MARKET_ANALYSIS,
    agent: SUPPLY_CHAIN,
    scope: "market-analysis:analyze",
    act: { agent: BACKEND },
    cnf: { jwk: { x: parties.keys[SUPPLY_CHAIN]?.publicJwk.x } },
  });
});

test("a scope the caller does not have is refused", async () => {
  const parties = await createParties();
  expectRefusal(
    await exchange(parties, await upstreamToken(parties, "supply-chain:optimize")),
    400,
    "invalid_grant",
    "Token exchange authorization failed: Scope expansion not allowed: market-analysis:analyze",
  );
});

test("the chain has a longest length", async () => {
  const parties = await createParties({ attributes: { "aauth.exchange.max.depth": "1" } });
  const first = await exchange(parties, await upstreamToken(parties));
  expect(first.status).toBe(200);
  const resource_token = await parties.resourceToken({
    agent: MARKET_ANALYSIS,
    agentJkt: parties.keys[MARKET_ANALYSIS]?.thumbprint as string,
    scope: "market-analysis:analyze",
  });
  expectRefusal(
    await exchange(parties, first.body.auth_token as string, { resource_token }, { agent: MARKET_ANALYSIS }),
    400,
    "invalid_grant",
    "Token exchange authorization failed: Delegation chain depth limit exceeded (max: 1)",
  );
});

test("the requester has to sign with its own published key, the one that was challenged", async () => {
  const parties = await createParties();
  const upstream = await upstreamToken(parties);
  const stranger = await generateSigningKey({ kid: "supply-chain-agent-ephemeral-1" });
  const refused = async (reply: Reply, code: AAuthErrorCode) =>
    expectRefusal(reply, 401, "invalid_signature", { code });
  // A thief of the upstream token, with a key of its own or with the caller's.
  await refused(await exchange(parties, upstream, {}, { key: stranger }), "invalid_signature");
  await refused(
    await exchange(parties, upstream, {}, { key: parties.keys[BACKEND] as SigningKey }),
    "invalid_signature",
  );
  // A resource token for a key that the agent does not publish.
  const resource_token = await nextResourceToken(parties, { agentJkt: stranger.thumbprint });
  await refused(await exchange(parties, upstream, { resource_token }, { key: stranger }), "unknown_key");
  // The body is bound as everywhere else, and a nonce is good once.
  await refused(
    await exchange(
      parties,
      upstream,
      {},
      { sentBody: `request_type=exchange&resource_token=${await nextResourceToken(parties)}&x=1` },
    ),
    "digest_mismatch",
  );
  const nonce = "AAECAwQFBgcICQoLDA0ODw";
  expect((await exchange(parties, upstream, {}, { nonce })).status).toBe(200);
  await refused(await exchange(parties, upstream, {}, { nonce }), "nonce_replayed");
});

test("a key the requester has rotated in is found", async () => {
  const newKey = await generateSigningKey({ kid: "supply-chain-agent-ephemeral-2" });
  const keySet = { keys: [] as object[] };
  const parties = await createParties({ documents: { [`${SUPPLY_CHAIN}/jwks.json`]: keySet } });
  const oldKey = parties.keys[SUPPLY_CHAIN] as SigningKey;
  keySet.keys = [oldKey.publicJwk];
  const upstream = await upstreamToken(parties);
  expect((await exchange(parties, upstream)).status).toBe(200);
  keySet.keys = [oldKey.publicJwk, newKey.publicJwk];
  parties.clock.advance(30);
  const resource_token = await nextResourceToken(parties, { agentJkt: newKey.thumbprint });
  expect((await exchange(parties, upstream, { resource_token }, { key: newKey })).status).toBe(200);
});

const ASK_FOR_BOTH = {
  "aauth.consent.required.scopes": JSON.stringify(BOTH_SCOPES.split(" ")),
  "aauth.exchange.agents": JSON.stringify([SUPPLY_CHAIN]),
};
const listed = (...agents: string[]) => ({ "aauth.exchange.agents": JSON.stringify(agents) });
const expectNotListed = (reply: Reply) =>
  expectRefusal(reply, 403, "access_denied", "Agent is not allowed to carry a user's authority on");
const expectNoUser = (reply: Reply) =>
  expectRefusal(
    reply,
    400,
    "invalid_grant",
    "Token exchange authorization failed: The scope needs a user of this realm",
  );

/**
 * An agent and a resource of the same operator, whose resource words scopes of others as it likes.
 */
const EVIL = "http://evil.localhost:9/agent";
const EVIL_RESOURCE = "http://evil.localhost:9/resource";
const EVIL_CALLBACK = "http://evil.localhost:9/callback";

async function partiesWithEvil(attributes: Record<string, string>) {
  const key = await generateSigningKey({ kid: "evil" });
  const parties = await createParties({
    attributes,
    agents: { [EVIL]: [key.publicJwk], [EVIL_RESOURCE]: [key.publicJwk] },
    documents: {
      [`${EVIL}/.well-known/aauth-agent`]: {
        agent: EVIL,
        jwks_uri: `${EVIL}/jwks.json`,
        redirect_uris: [EVIL_CALLBACK],
      },
      [`${EVIL_RESOURCE}/.well-known/aauth-resource`]: {
        resource: EVIL_RESOURCE,
        jwks_uri: `${EVIL}/jwks.json`,
        scope_descriptions: { "supply-chain:optimize": "Show you today's weather" },
      },
    },
  });
  /** What the user agrees to for the evil agent: a token. */
  const agreedTo = async (wish: Record<string, string>) => {
    const by = { agent: EVIL, key };
    const form = { request_type: "auth", redirect_uri: EVIL_CALLBACK, ...wish };
    const { body } = await parties.request(form, by);
    const url = `${AUTH_URL}?${new URLSearchParams({ request_token: String(body.request_token) })}`;
    const browser = browserFor(parties);
    const page = await (await signIn(browser, url)).response.text();
    const answer = await decide(browser, page, "accept");
    const code = new URL(answer.headers.get("location") as string).searchParams.get("code") as string;
    const redeem = { request_type: "code", code, redirect_uri: EVIL_CALLBACK };
    const granted = await parties.request(redeem, by);
    expect(granted.status).toBe(200);
    return { page, token: String(granted.body.auth_token) };
  };
  return { parties, key, agreedTo };
}

test("an agent that the realm does not list exchanges no user's token", async () => {
  const { parties, key, agreedTo } = await partiesWithEvil(ASK_FOR_BOTH);
  const { page, token } = await agreedTo({
    resource_token: await parties.resourceToken({
      key,
      resource: EVIL_RESOURCE,
      agent: EVIL,
      agentJkt: key.thumbprint,
    }),
  });
  expect(page).toContain("Show you today&#39;s weather");
  expect(page).not.toContain(SUPPLY_CHAIN);
  const carryOn = async () => {
    const resource_token = await parties.resourceToken({ agent: EVIL_RESOURCE, agentJkt: key.thumbprint });
    return exchange(parties, token, { resource_token }, { agent: EVIL_RESOURCE, key });
  };
  expectNotListed(await carryOn());
  // Nor by a name that only begins alike, nor by a listed agent of the same operator.
  for (const list of [listed(), listed(`${EVIL_RESOURCE}/`, "*"), listed(EVIL)]) {
    await setAttributes(parties.server, list);
    expectNotListed(await carryOn());
  }
  await setAttributes(parties.server, listed(EVIL_RESOURCE));
  const { body } = await carryOn();
  expect(decodeToken(String(body.auth_token)).claims).toMatchObject({ aud: SUPPLY_CHAIN, sub: MCP_USER.id });
});

async function foreignToken(
  parties: Parties,
  key: SigningKey,
  { subject = MCP_USER.id, scope = BOTH_SCOPES } = {},
): Promise<string> {
  const { token } = await issueAuthToken({
    signer: tokenSignerOf(key),
    issuer: FOREIGN_ISSUER,
    audience: SUPPLY_CHAIN,
    agent: BACKEND,
    subject,
    confirmationKey: parties.keys[BACKEND]?.publicJwk as never,
    scope,
    now: parties.clock.now,
  });
  return token;
}

test("J3: another issuer's token is refused without a single request, unless the realm trusts it", async () => {
  const issuerKey = await generateSigningKey({ kid: "partner" });
  const parties = await createParties({ issuers: { [FOREIGN_ISSUER]: { keys: [issuerKey.publicJwk] } } });
  const upstream = await foreignToken(parties, issuerKey);
  parties.discovery.requests.length = 0;
  expectRefusal(await exchange(parties, upstream), 401, "invalid_signature", { code: "untrusted_issuer" });
  expect(parties.discovery.requests).toEqual([]);

  await setAttributes(parties.server, { "aauth.trusted.issuers": JSON.stringify([FOREIGN_ISSUER]) });
  const reply = await exchange(parties, upstream);
  expect(reply.status).toBe(200);
  const { claims } = decodeToken(reply.body.auth_token as string);
  expect(claims.act).toEqual({ agent: BACKEND, sub: MCP_USER.id });
  // The partner's user is not ours, even where the two have the same id.
  expect(claims).not.toHaveProperty("sub");
  // So no user of this realm could have agreed.
  await setAttributes(parties.server, ASK_FOR_BOTH);
  expectNoUser(await exchange(parties, upstream));
});

test("J3: a token that only says it is from here is refused", async () => {
  const forger = await generateSigningKey({ kid: "forger" });
  const parties = await createParties();
  const { token } = await issueAuthToken({
    signer: tokenSignerOf(forger),
    issuer: parties.server.issuer,
    audience: SUPPLY_CHAIN,
    agent: BACKEND,
    confirmationKey: parties.keys[BACKEND]?.publicJwk as never,
    scope: BOTH_SCOPES,
    now: parties.clock.now,
  });
  expectRefusal(await exchange(parties, token), 401, "invalid_signature", { code: "unknown_key" });
});
