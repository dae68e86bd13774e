/**
 * The names of the published walk-through, spelled out, because its readers search Jaeger for
 * exactly these. Other tests cover our own vocabulary.
 */

import { SpanStatusCode } from "@opentelemetry/api";
import { type AAuthEvent, AAuthVerificationError, generateSigningKey, type Requirement } from "aauth";
import { createAgent, type FetchContext, type Transport } from "aauth/agent";
import {
  type FebruaryLevel,
  february2026,
  february2026Agent,
  february2026Resource,
  february2026Tokens,
  formatAgentAuth,
} from "aauth/february-2026";
import { createVerifier } from "aauth/resource";
import { signedRequest } from "aauth/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import {
  createAgentTrace,
  recordRefused,
  recordSkippedExchange,
  recordVerified,
  SPAN,
  verificationTrace,
} from "../src/index.ts";
import { type RecordedSpans, recordSpans } from "./support/recorded-spans.ts";

const parties = await createTestParties();
const { agent, resource, authServer, clock, discovery } = parties;

const upstreamToken = await parties.issueAuthToken();
const authToken = await parties.issueAuthToken({ scope: "data:read" });
const otherToken = await parties.issueAuthToken({ scope: "other" });

let spans: RecordedSpans;
beforeEach(() => {
  spans = recordSpans();
});
afterEach(() => spans.stop());

const eventsOf = (span: { events: { name: string }[] }) => span.events.map(({ name }) => name);

describe("a verifier", () => {
  const verifier = createVerifier({
    profile: february2026Resource({ authServer: authServer.issuer }),
    authorities: [new URL(resource.id).host],
    audience: resource.id,
    discovery,
    now: clock.now,
  });

  /** Judges a request, and returns its span. */
  async function judge(
    requirement: Requirement<FebruaryLevel>,
    signatureKey: Parameters<typeof signedRequest>[0]["signatureKey"],
    change: Partial<Record<string, string>> = {},
    key = agent.key,
  ) {
    const request = await signedRequest({
      profile: february2026,
      url: `${resource.id}/`,
      key,
      now: clock.now,
      signatureKey,
    });
    const headers = { ...request.headers, ...change };
    const span = await spans.within(async () => {
      try {
        const verified = await verifier.verifyRequest({ ...request, headers }, requirement);
        recordVerified(verified, { headers, requirement });
      } catch (error) {
        recordRefused(error, { headers, requirement }, undefined);
      }
    });
    const published = Object.entries(span.attributes).filter(([name]) => name.startsWith("auth."));
    return { events: eventsOf(span), attributes: Object.fromEntries(published) };
  }

  const valid = { "auth.aauth.verified": true, "auth.aauth.verification_result": "valid" };
  const authorized = { level: "authorized", scopes: ["data:read"] } as const;
  const ofAgent = { "auth.auth_token.verified": true, "auth.auth_token.agent": agent.id };

  test.each([
    [
      "hwk: accepted by its key",
      { level: "pseudonymous" },
      { scheme: "hwk" },
      ["aauth_signature_verified", "hwk_accepted_pseudonymous"],
      { ...valid, "auth.aauth.scheme": "hwk", "auth.hwk_accepted": true },
    ],
    [
      "hwk, and a name is wanted: verified, and not accepted",
      { level: "identified" },
      { scheme: "hwk" },
      ["aauth_signature_verified"],
      { ...valid, "auth.aauth.scheme": "hwk" },
    ],
    [
      "jwks: accepted by its signature alone",
      { level: "identified" },
      { scheme: "jwks", id: agent.id },
      ["aauth_signature_verified", "signature_only_accepted"],
      { ...valid, "auth.aauth.scheme": "jwks" },
    ],
    [
      "jwt: the auth token and whose it is",
      authorized,
      { scheme: "jwt", jwt: authToken },
      ["aauth_signature_verified", "auth_token_verified"],
      { ...valid, "auth.aauth.scheme": "jwt", ...ofAgent },
    ],
    [
      "a token with too little in it is verified all the same",
      authorized,
      { scheme: "jwt", jwt: otherToken },
      ["aauth_signature_verified", "auth_token_verified"],
      { ...valid, "auth.aauth.scheme": "jwt", ...ofAgent },
    ],
  ] as const)("%s", async (_what, requirement, signatureKey, events, attributes) => {
    expect(await judge(requirement, signatureKey)).toEqual({ events, attributes });
  });

  test("a token that has expired is not, and its holder's signature is", async () => {
    const jwt = await parties.issueAuthToken({ scope: "data:read", lifetimeSeconds: 60 });
    const before = clock.now();
    clock.advance(600);
    const { events, attributes } = await judge(authorized, { scheme: "jwt", jwt });
    clock.advance(before - clock.now());
    expect(events).toEqual(["aauth_signature_verified"]);
    expect(attributes).toMatchObject({ "auth.aauth.verified": true, "auth.auth_token.verified": false });
  });

  test("another agent's token, in order as it is, proves nothing", async () => {
    const thief = await generateSigningKey({ kid: "thief" });
    const { events, attributes } = await judge(authorized, { scheme: "jwt", jwt: authToken }, {}, thief);
    expect(events).toEqual([]);
    expect(attributes).toEqual({
      "auth.aauth.scheme": "jwt",
      "auth.aauth.verified": false,
      "auth.aauth.verification_result": "invalid",
      "auth.auth_token.verified": false,
    });
  });

  test("unsigned, or undecided", async () => {
    const none = { signature: undefined, "signature-input": undefined, "signature-key": undefined };
    const unsigned = await judge({ level: "identified" }, { scheme: "hwk" }, none);
    expect(unsigned).toEqual({
      events: [],
      attributes: {
        "auth.aauth.verified": false,
        "auth.aauth.verification_result": "missing_headers",
      },
    });
    const span = await spans.within(async () => recordRefused(new Error("x"), { headers: {} }, undefined));
    expect(span.attributes["auth.aauth.verification_result"]).toBe("error");
  });
});

describe("a resource token in the answer", () => {
  const agentAuth = formatAgentAuth({
    level: "authorized",
    resourceToken: "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
    authServer: authServer.issuer,
  });
  const headers = { "agent-auth": agentAuth };

  test("of a refusal", async () => {
    const refusal = new AAuthVerificationError("authorization_required", "the route needs an auth token");
    const span = await spans.within(async () =>
      recordRefused(refusal, { headers: {} }, { status: 401, headers }),
    );
    expect(eventsOf(span)).toEqual(["resource_token_issued"]);
    expect(span.attributes["auth.resource_token.issued"]).toBe(true);
    expect(span.events[0]?.attributes).toMatchObject({ auth_server: authServer.issuer });
  });

  test("a limit that an auth token would raise is not an error of the caller", async () => {
    const event = { type: "request_limited", challenge: { status: 429, headers, body: "" } };
    const span = await spans.within(async () => verificationTrace(event as never, { headers: {} }));
    expect(eventsOf(span)).toEqual(["resource_token_issued"]);
    expect(JSON.parse(String(span.attributes["aauth.challenge"]))).toMatchObject({
      status: 429,
      level: "authorized",
    });
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
  });
});

describe("an agent", () => {
  const json = (body: object, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

  /**
   * One call of a resource that requires an auth token; events between its requests are on the span
   * around it.
   */
  async function call(tokenEndpoint: () => Promise<Response>, context: FetchContext = {}) {
    const resourceToken = await february2026Tokens.issueResourceToken({
      key: resource.key,
      resource: resource.id,
      authServer: authServer.issuer,
      agent: agent.id,
      agentJkt: agent.key.thumbprint,
      scope: "data:read",
      now: clock.now,
    });
    const agentAuth = formatAgentAuth({ level: "authorized", resourceToken, authServer: authServer.issuer });
    const send: Transport = async (url, { headers }) => {
      if (url.includes("/token")) return tokenEndpoint();
      if (headers["signature-key"]!.includes("scheme=jwt")) return json({});
      return new Response("", { status: 401, headers: { "agent-auth": agentAuth } });
    };
    const { fetchFor } = createAgent({
      profile: february2026Agent({ signatureScheme: "jwks", authServers: [authServer.issuer] }),
      id: agent.id,
      key: agent.key,
      discovery,
      now: clock.now,
      ...createAgentTrace(send),
    });
    const around = await spans.within(async () => {
      await fetchFor(context)(`${resource.id}/`).then(
        (answer) => answer.text(),
        () => {},
      );
    });
    return { around: eventsOf(around), first: eventsOf(spans.finished()[0]!), last: around.events.at(-1)! };
  }

  const granted = async () => json({ auth_token: await parties.issueAuthToken(), expires_in: 300 });
  test("an exchange is recorded as one", async () => {
    const { around, first } = await call(granted, { upstreamToken });
    expect(first).toEqual(["aauth.request_signed", "agent_auth_challenge_received"]);
    expect(around).toEqual([
      "resource_token_extracted",
      "token_exchange_started",
      "aauth.token_requested",
      "token_exchange_success",
      "aauth.token_received",
      "retrying_request_with_auth_token",
    ]);
  });

  test.each([
    ["is refused", async () => json({ error: "invalid_request" }, 400), { status: 400 }],
    [
      "has no answer",
      () => Promise.reject(Object.assign(new Error(), { code: "ECONNREFUSED" })),
      { reason: "ECONNREFUSED" },
    ],
  ])("an exchange that %s has failed, and a plain request has not", async (_name, answer, attributes) => {
    const { around, last } = await call(answer, { upstreamToken });
    expect(around).toEqual([
      "resource_token_extracted",
      "token_exchange_started",
      "aauth.token_requested",
      "token_exchange_failed",
    ]);
    expect(last.attributes).toEqual(attributes);
    expect((await call(answer)).around).toEqual(["resource_token_extracted", "aauth.token_requested"]);
  });

  test("consent is asked for", async () => {
    const { around } = await call(async () => json({ request_token: "r-1", expires_in: 600 }));
    expect(around.at(-1)).toBe("consent_required_returned");
  });

  test.each(["identity", "token_refused"] as const)(
    "a retry for another reason (%s) does not claim a token",
    async (reason) => {
      const { observer } = createAgentTrace();
      const event: AAuthEvent = { type: "request_retried", url: "", method: "POST", scheme: "jwks", reason };
      expect(eventsOf(await spans.within(async () => observer(event)))).toEqual(["aauth.request_retried"]);
    },
  );

  test("nothing to exchange", async () => {
    const span = await spans.within(async () => recordSkippedExchange("no auth token"));
    expect(eventsOf(span)).toEqual(["token_exchange_skipped"]);
  });
});

test("spans of the services", () => {
  expect(Object.values(SPAN)).toEqual(
    expect.arrayContaining([
      "optimization_api.start_optimization",
      "supply_chain_agent.executor.execute",
      "supply_chain_agent.invoke",
      "supply_chain_agent.get_market_analysis",
      "market_analysis_agent.executor.execute",
      "market_analysis_agent.invoke",
      "market_analysis_agent.process_request",
    ]),
  );
});
