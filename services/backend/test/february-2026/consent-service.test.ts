import { StoreFullError, TokenRequestError } from "aauth";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ConsentAnswer } from "../../src/february-2026/consent-service.ts";
import { progressOf } from "../../src/runs/run.ts";
import { CLAIMS, CONSENT, demand, GRANT, NOW, refuse, scriptedRuns } from "../runs/scripted-runs.ts";

let stack: ReturnType<typeof scriptedRuns>;
let id: string;
let state: string;

const answer = (brought: ConsentAnswer = { code: "c" }) => stack.consent.answer({ state, ...brought });
const run = () => stack.runs.get("alice", id);
const unknown = { authorized: false, error: "unknown_request" };

/** A run of alice that waits for her consent. */
async function wait() {
  ({ id } = await stack.started());
  state = stack.stateOf(stack.contexts.length - 1);
}

beforeEach(async () => {
  stack = scriptedRuns(refuse(demand()), ...Array(3).fill(refuse(demand())));
  await wait();
});

describe("the answer of the consent page", () => {
  it("resumes the same run", async () => {
    await expect(answer()).resolves.toEqual({ authorized: true, requestId: id });
    expect(stack.agent.redeemCode).toHaveBeenCalledWith({
      authServer: "http://auth",
      code: "c",
      keyThumbprint: "key-1",
      observer: expect.any(Function),
    });
    expect(stack.agent.cacheToken).toHaveBeenCalledExactlyOnceWith({ obtained: GRANT, cacheKey: id });
    expect(await stack.grants.list("alice")).toEqual([
      expect.objectContaining({ consent: CONSENT, grantedAt: NOW }),
    ]);
    expect(stack.agent.revoke).not.toHaveBeenCalled();
    expect((await stack.settled(id)).consent).toMatchObject({ scopes: CONSENT.scopes, revocable: true });
    expect(stack.contexts).toHaveLength(2);
  });

  it("B3: works once, and the same state is unknown the second time", async () => {
    await answer();
    await expect(answer()).resolves.toMatchObject(unknown);
    expect(stack.agent.redeemCode).toHaveBeenCalledOnce();
  });

  it("B3: redeems no code with an unknown state", async () => {
    await expect(answer({ code: "c", state: "guessed" })).resolves.toMatchObject(unknown);
    expect(stack.agent.redeemCode).not.toHaveBeenCalled();
    expect((await run()).status).toBe("awaiting_consent");
  });

  it.each([{ sub: "mallory" }, {}])(
    "B3: fails the run when the token's user is another: %j",
    async (user) => {
      stack.verify.mockResolvedValue({ ...user, exp: CLAIMS.exp });
      await expect(answer()).resolves.toMatchObject({ error: "wrong_user", requestId: id });
      expect((await run()).failure).toMatchObject({ check: "consent", code: "wrong_user" });
      expect(stack.contexts).toHaveLength(1);
    },
  );

  it("B9: is too late after 600 s", async () => {
    stack.clock.now += 600;
    await expect(answer()).resolves.toMatchObject(unknown);
    expect(stack.agent.redeemCode).not.toHaveBeenCalled();
  });

  it.each([[{ code: "c", state: undefined }], [{ code: "" }]])(
    "is refused as incomplete: %j",
    async (brought) => {
      await expect(answer(brought)).resolves.toMatchObject({ error: "missing_code_or_state" });
      expect((await run()).status).toBe("awaiting_consent");
    },
  );

  it("passes the auth server's refusal on and ends the run", async () => {
    const refusal = { error: "access_denied", error_description: "User denied\n the request" };
    await expect(answer(refusal)).resolves.toEqual({
      authorized: false,
      error: "access_denied",
      description: "User denied the request",
      requestId: id,
    });
    const { failure } = await run();
    expect(failure).toMatchObject({ hop: "auth-server", check: "consent", code: "access_denied" });
    expect(failure?.message).toMatch(/^You did not allow the backend/);
  });

  it("quotes the auth server's reason for any other refusal", async () => {
    await answer({ error: "server_error", error_description: "No room." });
    expect((await run()).failure).toMatchObject({
      code: "server_error",
      message: "Consent was not given: No room.",
      advice: expect.stringContaining("Start the optimization again"),
    });
  });

  it("does not pass on an invalid error code, or an endless description", async () => {
    const refusal = { error: 'a"b', error_description: "x".repeat(1000) };
    expect(await answer(refusal)).toMatchObject({
      error: "invalid_error",
      description: `${"x".repeat(300)}…`,
    });
  });

  it("says when the code could not be exchanged", async () => {
    stack.agent.redeemCode.mockRejectedValue(new TokenRequestError("invalid_grant", "Invalid code", 400));
    await expect(answer()).resolves.toMatchObject({
      error: "exchange_failed",
      description: expect.stringContaining("invalid_grant"),
      requestId: id,
    });
    expect((await run()).failure).toMatchObject({ code: "invalid_grant" });
  });

  it("does not revive a run that was cleared while the code was exchanged, and revokes the consent", async () => {
    stack.agent.redeemCode.mockImplementation(async () => {
      await stack.runs.clear("alice");
      return GRANT;
    });
    await expect(answer()).resolves.toMatchObject(unknown);
    expect(stack.contexts).toHaveLength(1);
    expect(stack.agent.revoke).toHaveBeenCalledOnce();
  });
});

describe("the user's requests at the auth server", () => {
  const waiting = () => stack.consentRequests.count("alice");

  it("are one less when a code has been redeemed, also by another user", async () => {
    stack.verify.mockResolvedValue({ ...CLAIMS, sub: "mallory" });
    await answer();
    expect(await waiting()).toBe(0);
  });

  it("remain charged after a denial, which any party that knows the state can send", async () => {
    await answer({ error: "access_denied" });
    expect((await run()).status).toBe("failed");
    expect(await waiting()).toBe(1);
  });

  it("remain charged after a code that the auth server does not know", async () => {
    stack.agent.redeemCode.mockRejectedValue(new TokenRequestError("invalid_grant", "Invalid code", 400));
    await answer();
    expect(await waiting()).toBe(1);
  });
});

describe("a consent that is revoked", () => {
  it("is revoked at the auth server, once, and the runs say so", async () => {
    const { consent, agent } = stack;
    await answer();
    await expect(consent.revoke("bob")).resolves.toBe(0);
    expect(agent.revoke).not.toHaveBeenCalled();

    await expect(consent.revoke("alice")).resolves.toBe(1);
    expect(agent.revoke).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        authServer: "http://auth",
        refreshToken: "refresh-token-value",
        cached: { resource: "http://sca", cacheKey: id },
      }),
    );
    expect(progressOf(await run()).consent?.revoked_at).toBeDefined();
    await expect(consent.revoke("alice")).resolves.toBe(0);
  });

  it("stays held when the auth server does not revoke it, so that it can be tried again", async () => {
    const { consent, agent } = stack;
    await answer();
    agent.revoke.mockRejectedValueOnce(new Error("down"));
    await expect(consent.revoke("alice")).rejects.toMatchObject({ kind: "unreachable" });
    expect(progressOf(await run()).consent?.revoked_at).toBeUndefined();
    await expect(consent.revoke("alice")).resolves.toBe(1);
  });

  it("of the wrong user is revoked at once, also when the auth server refuses that", async () => {
    stack.verify.mockResolvedValue({ ...CLAIMS, sub: "mallory" });
    stack.agent.revoke.mockRejectedValue(new Error("down"));
    await expect(answer()).resolves.toMatchObject({ error: "wrong_user" });
    expect(stack.agent.revoke).toHaveBeenCalledOnce();
    for (const user of ["alice", "mallory"]) expect(await stack.grants.list(user)).toEqual([]);
  });

  it("A17: of another user, or for a cleared run, does not revoke the giver's earlier consent", async () => {
    const { grants, agent, verify, runs } = stack;
    const earlier = { authServer: "http://auth", cacheKey: "c", consent: CONSENT };
    for (const subject of ["mallory", "alice"])
      await grants.add(subject, { ...earlier, refreshToken: subject });
    verify.mockResolvedValue({ ...CLAIMS, sub: "mallory" });
    await expect(answer()).resolves.toMatchObject({ error: "wrong_user" });

    await wait();
    verify.mockResolvedValue(CLAIMS);
    agent.redeemCode.mockImplementation(async () => {
      await runs.clear("alice");
      return GRANT;
    });
    await expect(answer()).resolves.toMatchObject(unknown);
    expect(agent.revoke).not.toHaveBeenCalled();
    for (const subject of ["mallory", "alice"]) expect(await grants.list(subject)).toHaveLength(1);
  });

  it("A17: is given back when its giver has consented to another resource only", async () => {
    const consent = { ...CONSENT, resource: "http://other" };
    await stack.grants.add("mallory", {
      authServer: "http://auth",
      refreshToken: "e",
      cacheKey: "c",
      consent,
    });
    stack.verify.mockResolvedValue({ ...CLAIMS, sub: "mallory" });
    await answer();
    expect(stack.agent.revoke).toHaveBeenCalledOnce();
  });

  it("that could not be kept to be revoked later is revoked, and ends the run", async () => {
    vi.spyOn(stack.grants, "add").mockRejectedValue(new StoreFullError());
    await expect(answer()).resolves.toMatchObject({ error: "exchange_failed" });
    expect(stack.agent.cacheToken).not.toHaveBeenCalled();
    expect(stack.agent.revoke).toHaveBeenCalledOnce();
    expect((await run()).status).toBe("failed");
  });

  it("cannot be revoked without a refresh token", async () => {
    const { continuation: _none, ...grant } = GRANT;
    stack.agent.redeemCode.mockResolvedValue(grant);
    await answer();
    expect((await run()).consent).toMatchObject({ revocable: false });
    await expect(stack.consent.revoke("alice")).resolves.toBe(0);
  });
});
