import { QuotaStore, StoreFullError, TokenRequestError } from "aauth";
import { createLogger } from "agent-kit/service";
import type { Failure } from "backend-api";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { explainFailure } from "../../src/failures/explain-failure.ts";
import { Run } from "../../src/runs/run.ts";
import { type ConsentGrants, createConsentGrants } from "../../src/services/consent-grants.ts";
import { createConsentService, type PendingConsent } from "../../src/services/consent-service.ts";
import type { RunService } from "../../src/services/run-service.ts";
import { type ConsentRequests, createConsentRequests } from "../../src/services/watch-consent-request.ts";

const NOW = 1_730_217_600;
let now = NOW;
let run: Run;
const resume = vi.fn();
const redeem = vi.fn();
const revoke = vi.fn();
const keep = vi.fn();
let grants: ConsentGrants;
let consentRequests: ConsentRequests;

/** What the auth server gives for a code. */
const GRANT = {
  authToken: "auth-token-value",
  subject: "alice",
  resource: "http://sca",
  scopes: ["supply-chain:optimize"],
  expiresAt: NOW + 300,
  expiresInSeconds: 300,
  refreshToken: "refresh-token-value",
};

function service() {
  const pending = new QuotaStore<PendingConsent>({ maxEntries: 100, now: () => now });
  const asked = { runId: run.id, userId: "alice", authServer: "http://auth", keyThumbprint: "key-1" };
  pending.put("alice", "state-1", asked, 600);
  const runs = {
    list: () => [run],
    find: (userId: string, id: string) => (userId === run.userId && id === run.id ? run : undefined),
    resume,
    cacheKeyOf: () => "tokens-of-alice",
    inTraceOf: <T>(_run: Run, work: () => T) => work(),
    failWith(failed: Run, error: unknown): Failure {
      const places = { agentUrl: "http://sca", issuer: "http://auth", backendUrl: "http://backend" };
      const failure = explainFailure(error, { peer: "auth-server", places, timeoutSeconds: 60 });
      failed.fail(failure);
      return failure;
    },
  } as unknown as RunService;
  return createConsentService({
    agent: "http://backend",
    pending,
    consentRequests,
    grants,
    runs,
    client: { redeem, revoke, keep },
    observe: () => ({ observer: () => {}, peer: () => "auth-server" }),
    logger: createLogger({ service: "test", level: "silent" }),
  });
}

beforeEach(() => {
  now = NOW;
  run = new Run({ userId: "alice", prompt: "p", now: () => now });
  run.begin();
  run.awaitConsent("http://auth/consent", 600);
  resume.mockReset();
  redeem.mockReset().mockResolvedValue(GRANT);
  revoke.mockReset().mockResolvedValue(undefined);
  keep.mockReset().mockResolvedValue(undefined);
  grants = createConsentGrants(() => now);
  consentRequests = createConsentRequests(() => now);
  consentRequests.put("alice", "state-1", true, 600);
});

describe("the answer of the consent page", () => {
  it("lets the same run go on", async () => {
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toEqual({
      authorized: true,
      requestId: run.id,
    });
    expect(redeem).toHaveBeenCalledWith({
      authServer: "http://auth",
      code: "c",
      keyThumbprint: "key-1",
      observer: expect.any(Function),
    });
    const consent = {
      agent: "http://backend",
      resource: "http://sca",
      scopes: ["supply-chain:optimize"],
      expiresAt: NOW + 300,
      revocable: true,
    };
    expect(resume).toHaveBeenCalledWith(run, consent);
    const kept = { consent: GRANT, cacheKey: "tokens-of-alice" };
    expect(keep).toHaveBeenCalledExactlyOnceWith(kept);
    expect(grants.list("alice")).toEqual([expect.objectContaining({ consent, grantedAt: NOW })]);
    expect(revoke).not.toHaveBeenCalled();
  });

  it("B3 works once: the same state is unknown the second time", async () => {
    const consent = service();
    await consent.answer({ code: "c", state: "state-1" });
    await expect(consent.answer({ code: "c", state: "state-1" })).resolves.toMatchObject({
      error: "unknown_request",
    });
    expect(redeem).toHaveBeenCalledOnce();
  });

  it("B3 asks nobody for a token when the state is unknown", async () => {
    await expect(service().answer({ code: "c", state: "guessed" })).resolves.toEqual({
      authorized: false,
      error: "unknown_request",
      description: expect.any(String),
    });
    expect(redeem).not.toHaveBeenCalled();
    expect(run.status).toBe("awaiting_consent");
  });

  it("B3 of another user fails the run, whoever opened the page", async () => {
    redeem.mockResolvedValue({ ...GRANT, subject: "mallory" });
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject({
      error: "wrong_user",
      requestId: run.id,
    });
    expect(resume).not.toHaveBeenCalled();
    expect(run.failure).toMatchObject({ check: "consent", code: "wrong_user" });
  });

  it("B3 that names no user fails the run", async () => {
    redeem.mockResolvedValue({ ...GRANT, subject: undefined });
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject({
      error: "wrong_user",
    });
    expect(resume).not.toHaveBeenCalled();
  });

  it("B9 is too late after 600 s", async () => {
    const consent = service();
    now += 600;
    await expect(consent.answer({ code: "c", state: "state-1" })).resolves.toMatchObject({
      error: "unknown_request",
    });
    expect(redeem).not.toHaveBeenCalled();
  });

  it.each([
    [{}],
    [{ code: "c" }],
    [{ state: "state-1" }],
    [{ code: "", state: "state-1" }],
    [{ error: "access_denied" }],
  ])("is refused as incomplete: %j", async (answer) => {
    await expect(service().answer(answer)).resolves.toMatchObject({ error: "missing_code_or_state" });
    expect(run.status).toBe("awaiting_consent");
  });

  it("passes the auth server's refusal on and ends the run", async () => {
    const answer = {
      state: "state-1",
      error: "access_denied",
      error_description: "User denied\n the request",
    };
    await expect(service().answer(answer)).resolves.toEqual({
      authorized: false,
      error: "access_denied",
      description: "User denied the request",
      requestId: run.id,
    });
    expect(run.failure).toMatchObject({ hop: "auth-server", check: "consent", code: "access_denied" });
    expect(run.failure?.message).toMatch(/^You did not allow the backend/);
  });

  it("quotes the auth server's reason for any other refusal", async () => {
    await service().answer({ state: "state-1", error: "server_error", error_description: "No room." });
    expect(run.failure).toMatchObject({
      code: "server_error",
      message: "Consent was not given: No room.",
      advice: expect.stringContaining("Start the optimization again"),
    });
  });

  it("does not pass on an error code that is none, nor an endless description", async () => {
    const answer = { state: "state-1", error: 'a"b', error_description: "x".repeat(1000) };
    const outcome = await service().answer(answer);
    expect(outcome).toMatchObject({ error: "invalid_error", description: `${"x".repeat(300)}…` });
  });

  it("says when the code could not be exchanged", async () => {
    redeem.mockRejectedValue(
      new TokenRequestError("invalid_grant", "Invalid or expired authorization code", 400),
    );
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject({
      error: "exchange_failed",
      description: expect.stringContaining("invalid_grant"),
      requestId: run.id,
    });
    expect(run.failure).toMatchObject({ code: "invalid_grant" });
  });

  it("does not revive a run that was cleared while the code was exchanged", async () => {
    redeem.mockImplementation(async () => {
      run.discard();
      return GRANT;
    });
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject({
      error: "unknown_request",
    });
    expect(resume).not.toHaveBeenCalled();
  });
});

describe("the user's requests at the auth server", () => {
  it("are one less when a code has been redeemed", async () => {
    await service().answer({ code: "c", state: "state-1" });
    expect(consentRequests.list("alice").length).toBe(0);
  });

  it("are one less when it was somebody else who has consented", async () => {
    redeem.mockResolvedValue({ ...GRANT, subject: "mallory" });
    await service().answer({ code: "c", state: "state-1" });
    expect(consentRequests.list("alice").length).toBe(0);
  });

  it("are no less for a denial, which anybody can write who knows the state", async () => {
    await service().answer({ error: "access_denied", state: "state-1" });
    expect(run.status).toBe("failed");
    expect(consentRequests.list("alice").length).toBe(1);
  });

  it("are no less for a code that the auth server does not know", async () => {
    redeem.mockRejectedValue(new TokenRequestError("invalid_grant", "Invalid code", 400));
    await service().answer({ code: "made-up", state: "state-1" });
    expect(run.status).toBe("failed");
    expect(consentRequests.list("alice").length).toBe(1);
  });
});

describe("a consent that is taken back", () => {
  const wrongUser = { error: "wrong_user", requestId: expect.any(String) };

  it("is revoked at the auth server, once, and the runs say so", async () => {
    resume.mockImplementation((resumed: Run, consent) => resumed.resume(consent));
    const consent = service();
    await consent.answer({ code: "c", state: "state-1" });
    await expect(consent.revoke("bob")).resolves.toBe(0);
    expect(revoke).not.toHaveBeenCalled();

    await expect(consent.revoke("alice")).resolves.toBe(1);
    const revoked = { authServer: "http://auth", refreshToken: "refresh-token-value" };
    expect(revoke).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ ...revoked, cacheKey: "tokens-of-alice" }),
    );
    expect(run.progress().consent?.revoked_at).toBeDefined();
    await expect(consent.revoke("alice")).resolves.toBe(0);
  });

  it("stays held when the auth server does not take it, so that it can be tried again", async () => {
    resume.mockImplementation((resumed: Run, consent) => resumed.resume(consent));
    const consent = service();
    await consent.answer({ code: "c", state: "state-1" });
    revoke.mockRejectedValueOnce(new Error("down"));
    await expect(consent.revoke("alice")).rejects.toThrow("down");
    expect(run.progress().consent?.revoked_at).toBeUndefined();
    await expect(consent.revoke("alice")).resolves.toBe(1);
  });

  it("of the wrong user is given back at once, also when the auth server does not take it", async () => {
    redeem.mockResolvedValue({ ...GRANT, subject: "mallory" });
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject(wrongUser);
    expect(revoke).toHaveBeenCalledOnce();
    expect(grants.list("alice")).toEqual([]);
    expect(grants.list("mallory")).toEqual([]);

    revoke.mockRejectedValue(new Error("down"));
    run = new Run({ userId: "alice", prompt: "p", now: () => now });
    run.begin();
    run.awaitConsent("http://auth/consent", 600);
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject(wrongUser);
  });

  it("A17: of another user, or for a run that was cleared, does not take the giver's earlier consent back", async () => {
    const consent = {
      agent: "http://backend",
      resource: "http://sca",
      scopes: [],
      expiresAt: NOW,
      revocable: true,
    };
    const earlier = { authServer: "http://auth", refreshToken: "earlier", cacheKey: "c", consent };
    for (const subject of ["mallory", "alice"]) grants.add(subject, { ...earlier, refreshToken: subject });
    redeem.mockResolvedValue({ ...GRANT, subject: "mallory" });
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject(wrongUser);

    run = new Run({ userId: "alice", prompt: "p", now: () => now });
    run.begin();
    run.awaitConsent("http://auth/consent", 600);
    redeem.mockImplementation(async () => {
      run.discard();
      return GRANT;
    });
    await service().answer({ code: "c", state: "state-1" });
    expect(revoke).not.toHaveBeenCalled();
    for (const subject of ["mallory", "alice"]) expect(grants.list(subject)).toHaveLength(1);
  });

  it("A17: is given back when its giver has consented to another resource only", async () => {
    const consent = {
      agent: "http://backend",
      resource: "http://other",
      scopes: [],
      expiresAt: NOW,
      revocable: true,
    };
    grants.add("mallory", { authServer: "http://auth", refreshToken: "earlier", cacheKey: "c", consent });
    redeem.mockResolvedValue({ ...GRANT, subject: "mallory" });
    await service().answer({ code: "c", state: "state-1" });
    expect(revoke).toHaveBeenCalledOnce();
  });

  it("that could not be kept to be revoked is given back, and ends the run", async () => {
    vi.spyOn(grants, "add").mockImplementation(() => {
      throw new StoreFullError();
    });
    await expect(service().answer({ code: "c", state: "state-1" })).resolves.toMatchObject({
      error: "exchange_failed",
    });
    expect([keep.mock.calls.length, revoke.mock.calls.length, run.status]).toEqual([0, 1, "failed"]);
  });

  it("for a run that was cleared meanwhile is given back", async () => {
    redeem.mockImplementation(async () => {
      run.discard();
      return GRANT;
    });
    await service().answer({ code: "c", state: "state-1" });
    expect(revoke).toHaveBeenCalledOnce();
  });

  it("cannot be taken back without a refresh token", async () => {
    const { refreshToken: _none, ...grant } = GRANT;
    redeem.mockResolvedValue(grant);
    const consent = service();
    await consent.answer({ code: "c", state: "state-1" });
    expect(resume.mock.lastCall?.[1]).toMatchObject({ revocable: false });
    await expect(consent.revoke("alice")).resolves.toBe(0);
  });
});
