import type { GrantedConsent } from "backend-api";
import { describe, expect, test } from "vitest";
import { revocationReducer, standingOf } from "../../../src/features/consent/revocation-reducer.ts";

const consent: GrantedConsent = {
  agent: "http://backend.localhost:8000",
  resource: "http://supply-chain-agent.localhost:3000",
  scopes: ["supply-chain:optimize"],
  granted_at: "2026-09-01T12:00:00.000Z",
  expires_at: "2026-09-01T12:05:00.000Z",
  revocable: true,
};
const failure = { message: "The backend refused." };

const at = "2026-09-01T12:01:00.000Z";

describe("a revocation", () => {
  const revoking = revocationReducer({ phase: "idle" }, { type: "started", requestId: "run-1" });

  test("goes from started to done, or to a failure that the next attempt clears", () => {
    expect(revoking).toEqual({ phase: "revoking", requestId: "run-1" });
    const failed = revocationReducer(revoking, { type: "failed", failure });
    expect(failed).toEqual({ phase: "failed", requestId: "run-1", failure });
    expect(revocationReducer(failed, { type: "started", requestId: "run-1" })).toEqual(revoking);
    expect(revocationReducer(revoking, { type: "succeeded", at })).toEqual({
      phase: "revoked",
      requestId: "run-1",
      at,
    });
  });

  test("shows on the run it was asked for, and on no other", () => {
    const revoked = revocationReducer(revoking, { type: "succeeded", at });
    const failed = revocationReducer(revoking, { type: "failed", failure });
    expect(standingOf(consent, "run-1", revoking)).toEqual({ phase: "revoking" });
    expect(standingOf(consent, "run-1", revoked)).toEqual({ phase: "revoked", revokedAt: at });
    expect(standingOf(consent, "run-1", failed)).toEqual({ phase: "failed", failure });
    for (const state of [revoking, revoked, failed])
      expect(standingOf(consent, "run-2", state)).toEqual({ phase: "idle" });
  });

  test("is taken from the backend where that knows of it", () => {
    const told = { ...consent, revoked_at: "2026-09-01T12:02:00.000Z" };
    expect(standingOf(told, "run-1", { phase: "idle" })).toEqual({
      phase: "revoked",
      revokedAt: "2026-09-01T12:02:00.000Z",
    });
  });
});
