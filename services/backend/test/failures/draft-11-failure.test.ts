import {
  AAuthAgentError,
  type AAuthErrorCode,
  StoreUnavailableError,
  TokenRejectedError,
  TokenRequestError,
} from "aauth";
import { AgentHttpError } from "aauth-a2a";
import { failureSchema, type Hop } from "backend-api";
import { expect, it } from "vitest";
import { explainFailure } from "../../src/failures/explain-failure.ts";

const PS = "https://person-server.localhost";
const AS = "https://access-server.localhost";
const AGENT = "https://supply-chain-agent.localhost";
const places = {
  agentUrl: AGENT,
  issuer: "http://localhost:8080/realms/aauth-test",
  backendUrl: "https://backend.localhost",
  hops: new Map<string, Hop>([
    [PS, "person-server"],
    [AS, "access-server"],
    [AGENT, "supply-chain-agent"],
  ]),
};
const at = <E extends AAuthAgentError>(hop: string | undefined, error: E) =>
  hop === undefined ? error : Object.assign(error, { hop });
const aauth = (code: AAuthErrorCode, cause?: unknown) =>
  new AAuthAgentError(code, "it\nsays so", { cause, section: "draft -11, section 7.2" });
const refused = (code: string) =>
  new TokenRequestError(code, "why", 403, undefined, { section: "draft -11, section 11.9" });
const noListener = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });

it.each([
  ["denied by policy", at(PS, refused("denied")), ["person-server", "token_request", "denied"]],
  ["left by the person", at(PS, refused("abandoned")), ["person-server", "consent", "abandoned"]],
  ["not decided in time", at(PS, refused("expired")), ["person-server", "consent", "expired"]],
  [
    "the access server away",
    at(PS, refused("as_unreachable")),
    ["person-server", "token_request", "as_unreachable"],
  ],
  [
    "the person server away",
    at(PS, aauth("token_request_failed", noListener)),
    ["person-server", "connection", "connection_refused"],
  ],
  [
    "its documents wrong",
    at(PS, aauth("metadata_mismatch")),
    ["person-server", "connection", "metadata_mismatch"],
  ],
  [
    "too slow",
    at(PS, aauth("token_request_failed", new DOMException("t", "TimeoutError"))),
    ["person-server", "timeout", "timeout"],
  ],
  [
    "a demand that is not to be trusted",
    at(AGENT, aauth("challenge_untrusted")),
    ["supply-chain-agent", "challenge", "challenge_untrusted"],
  ],
  ["no party named", aauth("person_required"), ["person-server", "challenge", "person_required"]],
] as const)("%s", (_name, error, [hop, check, code]) => {
  const failure = explainFailure(error, { peer: "auth-server", places, timeoutSeconds: 60 });
  expect(failureSchema.parse(failure)).toMatchObject({
    hop,
    check,
    code,
    section: expect.stringContaining("draft -11, section"),
  });
  expect(failure.message).not.toContain("\n");
});

it("blames no party for the backend's own store, and does not name it", () => {
  const error = AAuthAgentError.from(new StoreUnavailableError("db:5432"), AGENT);
  const failure = explainFailure(error, { peer: "resource", places, timeoutSeconds: 60 });
  expect(failure).toMatchObject({ hop: "backend", check: "internal", code: "store_unavailable" });
  expect(failure.message).not.toContain("db:5432");
});

it.each([
  [AS, "denied", "access-server", "owner"],
  [PS, "denied", "person-server", "You did not allow"],
  [undefined, "denied", "person-server", "did not issue a token: denied: why"],
  [AS, "expired", "access-server", "No decision was made in time"],
])("a decision at the page of %s: %s is that party's", (page, code, hop, words) => {
  const error = at(PS, refused(code));
  const failure = explainFailure(error, { peer: "auth-server", page, places, timeoutSeconds: 9 });
  expect([failure.hop, failure.code, failure.message]).toEqual([hop, code, expect.stringContaining(words)]);
});

it.each([
  [404, "not_found"],
  [408, "expired"],
  [410, "gone"],
])("an agent that has kept the call waiting and answers %i does not know it any more", (status, code) => {
  const error = new AgentHttpError(status);
  const waited = explainFailure(error, { peer: "resource", page: AGENT, places, timeoutSeconds: 9 });
  expect(waited).toMatchObject({ hop: "supply-chain-agent", check: "answer", code });
  expect(waited.section).toBe("draft -11, section 11.9.4");
  for (const page of [PS, undefined])
    expect(explainFailure(error, { peer: "resource", page, places, timeoutSeconds: 9 }).code).not.toBe(code);
});

it("a key that is gone after a restart is the backend's", () => {
  const error = aauth("waiting_key_gone");
  expect(explainFailure(error, { peer: "resource", places, timeoutSeconds: 9 })).toMatchObject({
    hop: "backend",
    code: "waiting_key_gone",
    section: "draft -11, section 7.2",
  });
});

it.each([
  new AgentHttpError(401, {
    refusal: { code: "unknown_key", check: "key", section: "draft -11, section 11.4" },
  }),
  new TokenRejectedError("", 401),
])("a signature that is refused is explained with this draft's keys: %#", (error) => {
  const { check, advice } = explainFailure(error, { peer: "resource", places, timeoutSeconds: 9 });
  expect(check).toBe("signature");
  expect(advice).toContain("once a minute");
  expect(advice).not.toMatch(/KEYCLOAK|aauth-agent|three times/);
});
