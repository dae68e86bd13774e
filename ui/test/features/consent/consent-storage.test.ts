import { consentFailedSchema, consentGivenSchema } from "backend-api";
import { describe, expect, it } from "vitest";
import {
  forgetConsent,
  noteConsentReturn,
  preserveState,
  readConsentOutcome,
} from "../../../src/features/consent/consent-storage.ts";
import { memoryStore } from "../../memory-store.ts";

const preserved = { requestId: "run-1", prompt: "p", draft: '{"prompt":"p"}' };
const given = consentGivenSchema.parse({ aauth_authorized: "1", request_id: "run-1" });
const denied = consentFailedSchema.parse({
  aauth_error: "1",
  error: "access_denied",
  error_description: "User denied",
  request_id: "run-1",
});
const query = (params: Record<string, string>) => `?${new URLSearchParams(params)}`;

describe("the trip to the consent page", () => {
  it("brings back what was typed, with the run it was typed for", () => {
    const store = memoryStore();
    preserveState(store, preserved);
    expect(noteConsentReturn(query(given), store)).toBe(true);
    expect(store.names()).toEqual([
      "aauth_preserved_state",
      "aauth_return_pending",
      "aauth_return_request_id",
    ]);
    expect(readConsentOutcome(store)).toEqual({ kind: "granted", requestId: "run-1", preserved });
  });

  it("brings back a failure, under the demo's names", () => {
    const store = memoryStore();
    preserveState(store, preserved);
    noteConsentReturn(query({ ...denied } as Record<string, string>), store);
    expect(store.names()).toEqual([
      "aauth_error",
      "aauth_error_description",
      "aauth_error_request_id",
      "aauth_preserved_state",
    ]);
    expect(readConsentOutcome(store)).toEqual({
      kind: "failed",
      error: "access_denied",
      description: "User denied",
      requestId: "run-1",
      preserved,
    });
  });

  it("can be read twice and is gone once forgotten", () => {
    const store = memoryStore();
    noteConsentReturn(query(given), store);
    expect(readConsentOutcome(store)).toEqual(readConsentOutcome(store));
    forgetConsent(store);
    expect(readConsentOutcome(store)).toEqual({ kind: "none" });
    expect(store.names()).toEqual([]);
  });

  it("does not put the text of one run beside another", () => {
    const store = memoryStore();
    preserveState(store, { ...preserved, requestId: "run-0" });
    noteConsentReturn(query(given), store);
    expect(readConsentOutcome(store)).toMatchObject({ requestId: "run-1", preserved: undefined });
  });

  it("keeps what was typed when the backend did not know the run", () => {
    const store = memoryStore();
    preserveState(store, preserved);
    noteConsentReturn("?aauth_error=1&error=missing_code_or_state&error_description=x", store);
    expect(readConsentOutcome(store)).toMatchObject({ kind: "failed", requestId: undefined, preserved });
  });

  it("starts each trip without the outcome of the last", () => {
    const store = memoryStore();
    noteConsentReturn(query({ ...denied } as Record<string, string>), store);
    preserveState(store, preserved);
    expect(readConsentOutcome(store)).toEqual({ kind: "none" });
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

  it("takes damaged state for none", () => {
    const store = memoryStore({ aauth_preserved_state: '{"request_id":1}' });
    noteConsentReturn(query(given), store);
    expect(readConsentOutcome(store)).toMatchObject({ kind: "granted", preserved: undefined });
  });
});
