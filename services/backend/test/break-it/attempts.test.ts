import { type SigningKey, signRequest } from "aauth";
import { february2026 } from "aauth/february-2026";
import { createTestClock, testKey } from "aauth/testing";
import type { BreakItVariant } from "backend-api";
import { describe, expect, onTestFinished, test } from "vitest";
import { recordSpans } from "../../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { createAttempts } from "../../src/break-it/attempts.ts";
import type { Evidence, SentRequest } from "../../src/calls/evidence.ts";
import { BackendError } from "../../src/errors.ts";
import { februaryBreakIt } from "../../src/february-2026/break-it.ts";
import type { Run } from "../../src/runs/run.ts";

const BACKEND = "http://backend.localhost:8000";
const AGENT = "http://supply-chain-agent.localhost:3000";
const TOKEN_ENDPOINT = "http://localhost:8080/realms/aauth-test/protocol/aauth/agent/token";
const TYPE = { agent: "application/json", authServer: "application/x-www-form-urlencoded" };

async function sent(key: SigningKey, to: keyof typeof TYPE, text: string, now: () => number) {
  const url = to === "agent" ? `${AGENT}/` : TOKEN_ENDPOINT;
  const body = new TextEncoder().encode(text);
  const headers = { "content-type": TYPE[to] };
  const signatureKey = { scheme: "jwks", id: BACKEND } as const;
  const signed = await signRequest(
    { method: "POST", url, headers, body },
    { profile: february2026, key, signatureKey, now },
  );
  return { method: "POST", url, headers: { ...headers, ...signed.headers }, body, status: 200 };
}

const RUN = { id: "r", userId: "alice" } as Run;

/** The test answers its tampered requests. */
async function serviceWith(answer: () => Response, { isExpired = false, renewable = true } = {}) {
  const { now } = createTestClock();
  const key = await testKey("A", "backend-ephemeral-1");
  const form = new URLSearchParams({ request_type: "auth", resource_token: "a.b.c" });
  const requests: SentRequest[] = [
    await sent(key, "authServer", form.toString(), now),
    await sent(key, "agent", "{}", now),
  ];
  const dialect = februaryBreakIt({
    keys: () => [key],
    agentUrl: AGENT,
    otherResourceUrl: "http://market-analysis-agent.localhost:3000",
    signatureScheme: "jwks",
    id: BACKEND,
    now,
  });
  let kept: readonly SentRequest[] = isExpired ? [] : requests;
  const evidence = { of: () => kept } as unknown as Evidence;
  const twin = { attack: async () => undefined };
  const whole = async ({ method, url, body }: SentRequest) => ({
    method,
    url,
    endpoint: "resource" as const,
    headers: {},
    keys: [],
    body: Buffer.from(body).toString("base64"),
  });
  const renew = async () => {
    if (!renewable) throw new BackendError("conflict", "it could not be repeated");
    kept = requests;
  };
  return createAttempts(dialect, { evidence, transport: async () => answer(), twin, whole, renew, now });
}

const attempt = async (variant: BreakItVariant, answer: () => Response) =>
  (await serviceWith(answer)).attempt(RUN, variant);

describe("a response of the gateway alone does not show a refusal", () => {
  test.each([502, 503, 504])("status %i", async (status) => {
    await expect(attempt("stale", () => new Response("", { status }))).rejects.toMatchObject({
      kind: "unreachable",
      code: `http_${status}`,
      message: expect.stringContaining(`No response from ${AGENT}`),
    });
  });

  test("but a check that says its code has refused it, and not as it was meant to be", async () => {
    expect(await attempt("stale", () => refused(503, "code=replay_memory_full, by=gateway"))).toMatchObject({
      outcome: "refused",
      status: 503,
      refused_by: "gateway",
      code: "replay_memory_full",
      as_meant: false,
    });
  });
});

const refused = (status: number, refusal: string, body = "") =>
  new Response(body, { status, headers: { "aauth-refusal": refusal } });

describe("a refusal is as intended if the targeted check refuses", () => {
  const invalidGrant = JSON.stringify({
    error: "invalid_grant",
    error_description: "Invalid resource_token",
  });

  test.each<[BreakItVariant, Response, boolean]>([
    ["stale", refused(401, "code=created_out_of_window, by=gateway"), true],
    ["stale", refused(401, "code=unknown_key, by=gateway"), false],
    ["other-key", new Response("", { status: 403 }), false],
    ["unsigned-resource-token", refused(400, "code=invalid_token_signature", invalidGrant), true],
    ["unsigned-resource-token", refused(400, "code=discovery_failed", invalidGrant), false],
  ])("%s, %o", async (variant, response, expected) => {
    expect((await attempt(variant, () => response)).as_meant).toBe(expected);
  });

  test("an accepted request has no verdict", async () => {
    expect(await attempt("stale", () => new Response("{}"))).toEqual({
      variant: "stale",
      outcome: "accepted",
      status: 200,
      evidence: expect.anything(),
    });
  });

  test("the result contains the tampered request, as far as it may be exported", async () => {
    const { evidence } = await attempt("changed-path", () => refused(401, "code=invalid_signature"));
    expect(evidence).toMatchObject({ url: `${AGENT}/admin`, body: Buffer.from("{}").toString("base64") });
  });
});

test("the trace of an attempt is shown with its own run only", async () => {
  const spans = recordSpans();
  onTestFinished(() => spans.stop());
  const service = await serviceWith(() => refused(401, "code=created_out_of_window, by=gateway"));
  const { trace_id = "" } = await service.attempt(RUN, "stale");
  expect(service.attemptOf(RUN, trace_id)).toBeDefined();
  expect(service.attemptOf({ ...RUN, id: "other" }, trace_id)).toBeUndefined();
});

test("a check is cited as its dialect does, also where its code belongs to an RFC", async () => {
  const refusal = 'code=invalid_signature, check=signature, section="RFC 9421 3.2", by=gateway';
  expect(await attempt("other-key", () => refused(401, refusal))).toMatchObject({ section: "profile 2.3" });
});

test("B17: the last outcome of each attempt is offered with its own run, without whole tokens", async () => {
  const spans = recordSpans();
  onTestFinished(() => spans.stop());
  const service = await serviceWith(() => refused(401, "code=created_out_of_window, by=gateway"));
  await service.attempt(RUN, "stale");
  const { evidence, ...result } = await service.attempt(RUN, "stale");
  expect(evidence).toBeDefined();
  const offered = (run: Run) => service.offers(run).flatMap((offer) => offer.result ?? []);
  expect(offered(RUN)).toEqual([result]);
  expect(offered({ ...RUN, id: "other" })).toEqual([]);
});

describe("a run whose requests have expired", () => {
  const stale = () => refused(401, "code=created_out_of_window, by=gateway");
  const completed = { ...RUN, status: "completed" } as Run;

  test("is made again for the next attempt, and offers the same as before", async () => {
    const service = await serviceWith(stale, { isExpired: true });
    expect(service.offers(completed).find(({ variant }) => variant === "stale")).toEqual({
      variant: "stale",
    });
    expect(await service.attempt(completed, "stale")).toMatchObject({
      outcome: "refused",
      as_meant: true,
    });
    // Only now is it known that the run needed no token.
    await expect(service.attempt(completed, "stolen-token")).rejects.toMatchObject({ kind: "conflict" });
  });

  test("is not attempted where it cannot be made again", async () => {
    const service = await serviceWith(stale, { isExpired: true, renewable: false });
    await expect(service.attempt(completed, "stale")).rejects.toThrow("could not be repeated");
  });

  test("has no requests to renew before it is completed", async () => {
    const service = await serviceWith(stale, { isExpired: true });
    const reasons = service.offers(RUN).map(({ unavailable }) => unavailable);
    expect(new Set(reasons)).toEqual(new Set([expect.stringContaining("Start a new run")]));
    await expect(service.attempt(RUN, "stale")).rejects.toMatchObject({ kind: "conflict" });
  });
});
