import { describe, expect, it } from "vitest";
import { leaveFor } from "../../../src/features/consent/consent-state.ts";
import { noteConsentReturn, readConsentOutcome } from "../../../src/features/consent/consent-storage.ts";
import {
  describeConsentError,
  failureOfReturn,
} from "../../../src/features/consent/describe-consent-error.ts";
import { memoryStore } from "../../memory-store.ts";

const authServerUrl = "http://localhost:8080/realms/r";

describe("leaveFor", () => {
  it("leaves for the auth server", () => {
    const consentUrl = "http://localhost:8080/realms/r/protocol/aauth/agent/auth?request_token=x";
    expect(leaveFor({ url: consentUrl }, authServerUrl, false)).toEqual({ phase: "leaving" });
  });

  it.each([
    "http://evil.test/realms/r",
    "https://localhost:8080/realms/r",
    "http://localhost:8081/realms/r",
    "http://localhost:8080@evil.test/",
    "javascript:alert(1)",
    "/realms/r",
    "",
  ])("does not send the user to %j", (consentUrl) => {
    expect(leaveFor({ url: consentUrl }, authServerUrl, true)).toMatchObject({
      phase: "blocked",
      failure: { code: "foreign_consent_url" },
    });
  });
});

describe("leaveFor another party's page", () => {
  const party = "https://supply-chain-agent.localhost";
  const url = "http://supply-chain-agent.localhost:3000/interaction?code=x";

  it("leaves by the user's own click alone", () => {
    expect(leaveFor({ url, party }, authServerUrl, false)).toEqual({ phase: "asked" });
    expect(leaveFor({ url, party }, authServerUrl, true)).toEqual({ phase: "leaving" });
  });

  it("opens the auth server's page at once", () => {
    const own = { url: "http://localhost:8080/interaction?code=x", party };
    expect(leaveFor(own, authServerUrl, false)).toEqual({ phase: "leaving" });
  });

  it("stays if an owner of the resource decides, until the user opens that page", () => {
    const owners = {
      url: "http://localhost:8080/access/interaction?code=x",
      party: "https://access-server.localhost",
    };
    expect(leaveFor(owners, authServerUrl, false)).toEqual({ phase: "asked" });
    expect(leaveFor(owners, authServerUrl, true)).toEqual({ phase: "leaving" });
  });

  it("does not leave for an address that is not a web page", () => {
    for (const wrong of ["javascript:alert(1)", "data:text/html,x", ""])
      expect(leaveFor({ url: wrong, party }, authServerUrl, true)).toMatchObject({ phase: "blocked" });
  });
});

describe("failureOfReturn", () => {
  const failed = { kind: "failed", error: "access_denied" } as const;
  const known = { ...failed, requestId: "run-1" };

  it("leaves the refusing party of a draft -11 run to the run", () => {
    expect(failureOfReturn(known, "draft-11")).toBeUndefined();
    expect(failureOfReturn(failed, "draft-11")).toMatchObject({ code: "access_denied" });
  });

  it("is the refusal that February's auth server sent back", () => {
    expect(failureOfReturn(known, "february-2026")).toMatchObject({ code: "access_denied" });
    expect(failureOfReturn({ kind: "granted", requestId: "run-1" }, "february-2026")).toBeUndefined();
  });

  it("leaves an error that has no sentence here to the run", () => {
    const other = { ...failed, error: "temporarily_unavailable" };
    expect(failureOfReturn({ ...other, requestId: "run-1" }, "february-2026")).toBeUndefined();
    expect(failureOfReturn(other, "february-2026")).toMatchObject({ code: "consent_failed" });
  });
});

describe("describeConsentError", () => {
  it("explains a refusal and keeps its code", () => {
    expect(describeConsentError("access_denied")).toMatchObject({ check: "consent", code: "access_denied" });
  });

  it.each(["call-555-1234-for-help", "constructor", ""])("S32z: shows no text of a link: %s", (error) => {
    const store = memoryStore();
    const query = new URLSearchParams({ aauth_error: "1", error, error_description: "Call this number" });
    noteConsentReturn(`?${query}`, store);
    const outcome = readConsentOutcome(store)!;
    expect(outcome).not.toHaveProperty("description");
    const failure = failureOfReturn(outcome, "february-2026");
    expect(failure).toEqual({
      hop: "auth-server",
      check: "consent",
      code: "consent_failed",
      message: "The consent request failed.",
      advice: "Try again.",
    });
  });
});
