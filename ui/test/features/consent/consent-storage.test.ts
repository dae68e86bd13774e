import { consentFailedSchema, consentGivenSchema } from "backend-api";
import { describe, expect, it } from "vitest";
import {
  forgetConsent,
  noteConsentReturn,
  readConsentOutcome,
} from "../../../src/features/consent/consent-storage.ts";
import { memoryStore } from "../../memory-store.ts";

const given = consentGivenSchema.parse({ aauth_authorized: "1", request_id: "run-1" });
const denied = consentFailedSchema.parse({
  aauth_error: "1",
  error: "access_denied",
  error_description: "User denied",
  request_id: "run-1",
});
const query = (params: object) => `?${new URLSearchParams({ ...params })}`;

describe("the trip to the consent page", () => {
  it.each([
    ["a consent", query(given), { kind: "granted", requestId: "run-1" }],
    ["a failure", query(denied), { kind: "failed", error: "access_denied", requestId: "run-1" }],
    [
      "a failure of no run that the backend knows",
      "?aauth_error=1&error=missing_code_or_state&error_description=x",
      { kind: "failed", error: "missing_code_or_state" },
    ],
  ])("returns %s, which can be read twice and is gone once forgotten", (_what, search, outcome) => {
    const store = memoryStore();
    expect(noteConsentReturn(search, store)).toBe(true);
    expect(readConsentOutcome(store)).toEqual(outcome);
    expect(readConsentOutcome(store)).toEqual(outcome);
    forgetConsent(store);
    expect(readConsentOutcome(store)).toBeUndefined();
    expect(store.names()).toEqual([]);
  });

  it.each([
    "",
    "?code=c&state=s",
    "?error=access_denied&state=s",
    "?aauth_authorized=1",
    "?aauth_authorized=0&request_id=x",
  ])("leaves %j alone", (search) => {
    const store = memoryStore();
    expect(noteConsentReturn(search, store)).toBe(false);
    expect(store.names()).toEqual([]);
  });

  it("ignores damaged state", () => {
    expect(readConsentOutcome(memoryStore({ consent_outcome: '{"kind":1}' }))).toBeUndefined();
  });
});
