import {
  type AAuthError,
  createAddressMap,
  type Discovery,
  draft11,
  type SigningKey,
  StillWaitingError,
  signRequest,
  TokenRequestError,
  toJwks,
} from "aauth";
import type { Agent, Transport } from "aauth/agent";
import {
  createVerifier,
  formatRefusal,
  REFUSAL_FIELD,
  refusalOf,
  type VerifierOptions,
} from "aauth/resource";
import { issueAgentToken, issuePersonToken } from "aauth/server";
import { createTestClock, createTestDiscovery, testKey } from "aauth/testing";
import { type AnyBreakItVariant, ATTACKS, attacksWith } from "backend-api";
import { describe, expect, test } from "vitest";
import { createAttempts } from "../../src/break-it/attempts.ts";
import { draft11BreakIt } from "../../src/break-it/draft-11-break-it.ts";
import type { Draft11Options } from "../../src/break-it/draft-11-messages.ts";
import type { Evidence, SentRequest } from "../../src/calls/evidence.ts";
import type { Run } from "../../src/runs/run.ts";

const BACKEND = "https://backend.localhost";
const AGENT = "https://supply-chain-agent.localhost";
const PERSON_SERVER = "https://person-server.localhost";
const USERS_AGENT = "aauth:user-1@backend.localhost";
const RUN = { id: "r", userId: "alice" } as Run;

type Sent = (key: SigningKey, now: () => number) => Promise<SentRequest[]>;

async function request(key: SigningKey, now: () => number, url: string, token: string, text: string) {
  const body = new TextEncoder().encode(text);
  const headers = { "content-type": "application/json" };
  const options = { profile: draft11, key, signatureKey: { scheme: "jwt", jwt: token }, now } as const;
  const signed = await signRequest({ method: "POST", url, headers, body }, options);
  return { method: "POST", url, headers: { ...headers, ...signed.headers }, body, status: 200 };
}

async function agentToken(key: SigningKey, now: () => number) {
  const own = { key, issuer: BACKEND, agent: USERS_AGENT, confirmationKey: key.publicJwk, now };
  return (await issueAgentToken(own)).token;
}

/** A run that needed only the agent token. */
const withAgentToken: Sent = async (key, now) => [
  await request(key, now, `${AGENT}/`, await agentToken(key, now), "{}"),
];

/**
 * A run that got a person token, and asked for an auth token with a resource token that is valid
 * until `exp`.
 */
const withPersonToken =
  (exp: number): Sent =>
  async (key, now) => {
    const own = { key, issuer: PERSON_SERVER, audience: AGENT, subject: "p", confirmationKey: key.publicJwk };
    const { token } = await issuePersonToken({ ...own, now });
    const part = (members: object) => Buffer.from(JSON.stringify(members)).toString("base64url");
    const resource_token = `${part({ alg: "Ed25519", typ: "aa-resource+jwt" })}.${part({ exp })}.AAAA`;
    const asked = JSON.stringify({ resource_token, presented_token: token });
    return [
      await request(key, now, `${PERSON_SERVER}/aauth/token`, await agentToken(key, now), asked),
      await request(key, now, `${AGENT}/`, token, "{}"),
    ];
  };

interface Scripted {
  readonly mode?: Draft11Options["mode"];
  readonly sent?: Sent;
  readonly agentOf?: Draft11Options["agentOf"];
}

/** A service whose requests are answered by `answering`. */
async function serviceWith(answering: (world: World) => Transport, scripted: Scripted = {}) {
  const { mode = "agent-identity", sent = withAgentToken, agentOf = () => ({}) as Agent } = scripted;
  const clock = createTestClock();
  const { now } = clock;
  const key = await testKey("A", "backend-ephemeral-1");
  const documents = {
    [`${BACKEND}/.well-known/aauth-agent.json`]: { issuer: BACKEND, jwks_uri: `${BACKEND}/jwks.json` },
    [`${BACKEND}/jwks.json`]: toJwks([key]),
    [`${PERSON_SERVER}/.well-known/aauth-person.json`]: {
      issuer: PERSON_SERVER,
      jwks_uri: `${PERSON_SERVER}/jwks.json`,
      person_token_endpoint: `${PERSON_SERVER}/aauth/person`,
      auth_token_endpoint: `${PERSON_SERVER}/aauth/token`,
      revocation_endpoint: `${PERSON_SERVER}/aauth/revoke`,
    },
  };
  const discovery = createTestDiscovery({ documents }, { now });
  const transport = answering({ discovery, now });
  const map = { ...createAddressMap({}), requests: transport };
  const dialect = draft11BreakIt({
    mode,
    issuer: BACKEND,
    keys: () => [key],
    agentOf,
    idOf: () => USERS_AGENT,
    now,
    parties: { map, discovery, personServer: PERSON_SERVER, accessServer: undefined },
    agentUrl: AGENT,
    otherResourceUrl: "https://market-analysis-agent.localhost",
  });
  const requests = await sent(key, now);
  const evidence = { of: () => requests } as unknown as Evidence;
  const twin = { attack: async () => undefined };
  const renew = async () => {};
  const whole = async () => undefined;
  return { service: createAttempts(dialect, { evidence, transport, twin, whole, renew, now }), clock };
}

interface World {
  readonly discovery: Discovery;
  readonly now: () => number;
}

/** The real verifier of an agent that requires an agent token. */
const verifying =
  (removed: Partial<VerifierOptions> = {}) =>
  ({ discovery, now }: World): Transport => {
    const verifier = createVerifier({
      profile: draft11,
      authorities: [new URL(AGENT).host],
      discovery,
      now,
      ...removed,
    });
    return async (url, { method, headers, body }) => {
      const target = url.slice(AGENT.length);
      try {
        await verifier.verifyRequest({ method, target, headers, body }, { level: "agent-token" });
        return new Response("{}");
      } catch (error) {
        const refusal = formatRefusal(refusalOf(error as AAuthError));
        return new Response(null, { status: 401, headers: { [REFUSAL_FIELD]: refusal } });
      }
    };
  };

const accepting = (): Transport => async () => new Response("{}");
/** Their request has another receiver or route. */
const ELSEWHERE: readonly string[] = ["guessed-code", "february-message"];
const AT_AN_AGENT = attacksWith("draft11").filter(
  (name) => ATTACKS[name].draft11.from === "agent-identity" && !ELSEWHERE.includes(name),
);

test.each(AT_AN_AGENT)("%s is refused by a verifier", async (variant) => {
  const { service } = await serviceWith(verifying());
  expect(await service.attempt(RUN, variant)).toMatchObject({ outcome: "refused", as_meant: true });
});

test("attempts in one second do not replay each other", async () => {
  const { service } = await serviceWith(verifying());
  for (const _ of [1, 2]) {
    expect(await service.attempt(RUN, "replay")).toMatchObject({ as_meant: true });
    expect(await service.attempt(RUN, "changed-body")).toMatchObject({ as_meant: true });
  }
});

describe("a hole is reported", () => {
  test("if a check is missing, and at no other variant", async () => {
    const { service } = await serviceWith(verifying({ contentDigest: "covered" }));
    expect(await service.attempt(RUN, "changed-body")).toEqual({
      variant: "changed-body",
      outcome: "accepted",
      status: 200,
    });
    expect(await service.attempt(RUN, "changed-path")).toMatchObject({
      outcome: "refused",
      as_meant: true,
    });
  });

  test("at every variant, if the party checks nothing", async () => {
    const { service } = await serviceWith(accepting);
    const offers = service.offers(RUN);
    for (const { variant } of offers) {
      expect(await service.attempt(RUN, variant)).toEqual({ variant, outcome: "accepted", status: 200 });
    }
  });

  test("if a forged callback yields a token, or another agent gets it", async () => {
    const mode = { mode: "person-identity" } as const;
    const opened: string[] = [];
    const attempt = async (variant: AnyBreakItVariant, polled: () => Response) => {
      const { service } = await serviceWith(
        () =>
          async (url, { method }) => {
            const requirement = `requirement=interaction; url="${PERSON_SERVER}/interaction"; code="ABCD-EFGH-JKM0"`;
            const location = `${PERSON_SERVER}/aauth/pending/1`;
            const waits = { status: 202, headers: { location, "aauth-requirement": requirement } };
            if (method === "POST") return new Response("{}", waits);
            if (url.includes("/pending/")) return polled();
            opened.push(url);
            return new Response(null, { status: 303 });
          },
        mode,
      );
      return service.attempt(RUN, variant);
    };
    const token = () => new Response('{"person_token":"a"}');
    const problem = (status: number, error: string) => () =>
      new Response(JSON.stringify({ error }), { status });
    for (const variant of ["forged-callback", "guessed-consent-code"] as const) {
      const found = { outcome: "accepted", status: 303, after_status: 200 };
      expect(await attempt(variant, token)).toMatchObject(found);
      // The request has ended, but not by its person's decision.
      const ended = { outcome: "accepted", after_status: 403 };
      expect(await attempt(variant, problem(403, "denied"))).toMatchObject(ended);
      await expect(attempt(variant, problem(429, "slow_down"))).rejects.toMatchObject({
        kind: "conflict",
        message: expect.stringContaining("status 429"),
      });
    }
    expect(opened.at(-1)).toBe(`${PERSON_SERVER}/interaction?code=ABCD-EFGH-JKM1`);
    expect(await attempt("pending-of-another", token)).toMatchObject({ outcome: "accepted", status: 200 });
    expect(await attempt("forged-callback", () => new Response("{}", { status: 202 }))).toEqual({
      variant: "forged-callback",
      outcome: "without_effect",
      as_meant: true,
      status: 303,
      after_status: 202,
      refused_by: "person-server",
      check: "session of the person",
      section: "draft -11, section 7.3",
    });
    expect(await attempt("pending-of-another", () => new Response("{}", { status: 202 }))).toMatchObject({
      outcome: "accepted",
    });
    expect(await attempt("pending-of-another", problem(404, "not_found"))).toMatchObject({
      outcome: "refused",
      as_meant: true,
      section: "draft -11, section 13.2",
    });
  });

  test("if another issuer revokes a token, by the next use of that token", async () => {
    const attempt = async (revoked: Response, used: number, before = 200) => {
      const statuses = [before, used];
      let asked: { readonly headers: Readonly<Record<string, string>>; readonly body: string } | undefined;
      const { service } = await serviceWith(
        () =>
          async (url, { headers, body }) => {
            if (url.startsWith(AGENT)) return new Response("{}", { status: statuses.shift()! });
            asked = { headers, body: new TextDecoder().decode(body) };
            return revoked;
          },
        { mode: "person-identity", sent: withPersonToken(0) },
      );
      return { asked: () => asked!, result: await service.attempt(RUN, "revocation-by-another") };
    };
    const { asked, result } = await attempt(new Response(), 200);
    expect(result).toEqual({
      variant: "revocation-by-another",
      outcome: "without_effect",
      as_meant: true,
      status: 200,
      after_status: 200,
      refused_by: "person-server",
      check: "issuer of the token",
      section: "draft -11, section 11.12.1",
    });
    expect(asked().headers["signature-key"]).toContain(`jwks_uri;id="${BACKEND}"`);
    expect(JSON.parse(asked().body)).toEqual({ jti: expect.any(String), exp: expect.any(Number) });
    expect((await attempt(new Response(), 401)).result).toMatchObject({
      outcome: "accepted",
      after_status: 401,
    });
    expect((await attempt(new Response(null, { status: 401 }), 200)).result).toMatchObject({
      outcome: "refused",
      as_meant: false,
    });
    // The user's own revocation does not show a hole, and a waiting call does not accept the token.
    for (const before of [401, 202])
      await expect(attempt(new Response(), 401, before)).rejects.toMatchObject({
        code: "token_not_accepted",
      });
  });
});

describe("an offer whose material a run lacks", () => {
  const reasons = async (mode: Draft11Options["mode"], sent?: Sent) => {
    const { service, clock } = await serviceWith(accepting, { mode, ...(sent && { sent }) });
    return (after = 0) => {
      clock.advance(after);
      return Object.fromEntries(
        service.offers(RUN).map(({ variant, unavailable = "" }) => [variant, unavailable]),
      ) as Partial<Record<AnyBreakItVariant, string>>;
    };
  };

  test("names the reason", async () => {
    const offers = (await reasons("person-server"))();
    expect(offers["other-audience"]).toBe("The person server issued no token for this run.");
    expect(offers["foreign-resource-token"]).toBe("This run requested no auth token.");
    expect(offers.stale).toBe("");
    const none = await reasons("federated", async () => []);
    expect(new Set(Object.values(none()))).toEqual(new Set([expect.stringContaining("Start a new run")]));
  });

  test("names the reason once its material has expired", async () => {
    const { now } = createTestClock();
    const offers = await reasons("person-server", withPersonToken(now() + 300));
    expect(offers()["foreign-resource-token"]).toBe("");
    expect(offers(300)["foreign-resource-token"]).toContain("Start a new run");
    expect(offers()["other-audience"]).toBe("");
    expect(offers(3_300)["other-audience"]).toContain("Start a new run");
  });

  test("refuses the attempt, as a variant of another mode does", async () => {
    const { service } = await serviceWith(accepting);
    for (const variant of ["pending-of-another", "unsigned-resource-token", "other-key"] as const) {
      await expect(service.attempt(RUN, variant)).rejects.toMatchObject({
        kind: "conflict",
        message: "Not available in mode agent-identity.",
      });
    }
  });
});

describe("an honest request before it", () => {
  const mode = { mode: "person-identity", sent: withPersonToken(0) } as const;

  test.each<[string, Transport, object]>([
    ["was refused", async () => new Response("", { status: 400 }), { kind: "conflict" }],
    ["was answered at once", accepting(), { kind: "conflict" }],
    [
      "received no response",
      async () => Promise.reject(Object.assign(new Error("no"), { code: "ECONNREFUSED" })),
      { kind: "unreachable", code: "connection_refused" },
    ],
  ])("%s: no verdict", async (_what, transport, error) => {
    const { service } = await serviceWith(() => transport, mode);
    await expect(service.attempt(RUN, "pending-of-another")).rejects.toMatchObject(error);
  });

  test.each([
    new StillWaitingError("waits", {} as never),
    new TokenRequestError("user_unreachable", "no way to the person", 403),
  ])("needs the person: an attempt requests nothing", async (error) => {
    const tokenForSubAgent = async () => Promise.reject(error);
    const { service } = await serviceWith(
      () => async () =>
        new Response("", { status: 401, headers: { "aauth-requirement": "requirement=person-token" } }),
      { ...mode, agentOf: () => ({ tokenForSubAgent }) as unknown as Agent },
    );
    await expect(service.attempt(RUN, "revoked-token")).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringContaining("your consent"),
    });
  });
});
