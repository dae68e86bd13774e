import { describe, expect, it } from "vitest";
import { leaveFor } from "../../../src/features/consent/consent-state.ts";
import {
  describeConsentError,
  failureOfReturn,
} from "../../../src/features/consent/describe-consent-error.ts";

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

  it("leaves for the auth server at once, whose page it may be", () => {
    const own = { url: "http://localhost:8080/interaction?code=x", party };
    expect(leaveFor(own, authServerUrl, false)).toEqual({ phase: "leaving" });
  });

  it("stays where an owner of the resource decides, until the user wants to see that page", () => {
    const owners = {
      url: "http://localhost:8080/access/interaction?code=x",
      party: "https://access-server.localhost",
    };
    expect(leaveFor(owners, authServerUrl, false)).toEqual({ phase: "asked" });
    expect(leaveFor(owners, authServerUrl, true)).toEqual({ phase: "leaving" });
  });

  it("does not leave for what is no web page", () => {
    for (const wrong of ["javascript:alert(1)", "data:text/html,x", ""])
      expect(leaveFor({ url: wrong, party }, authServerUrl, true)).toMatchObject({ phase: "blocked" });
  });
});

describe("failureOfReturn", () => {
  const failed = { kind: "failed", error: "access_denied", description: "" } as const;
  const known = { ...failed, requestId: "run-1" };

  it("leaves a run of draft -11 to say itself who refused", () => {
    expect(failureOfReturn(known, "draft-11")).toBeUndefined();
    expect(failureOfReturn(failed, "draft-11")).toMatchObject({ code: "access_denied" });
  });

  it("is the refusal that February's auth server sent back", () => {
    expect(failureOfReturn(known, "february-2026")).toMatchObject({ code: "access_denied" });
    expect(failureOfReturn({ kind: "granted", requestId: "run-1" }, "february-2026")).toBeUndefined();
  });
});

describe("describeConsentError", () => {
  it("says what a refusal means and keeps its code", () => {
    const failure = describeConsentError("access_denied", "User denied the authorization request");
    expect(failure).toMatchObject({ check: "consent", code: "access_denied" });
    expect(failure.message).not.toContain("User denied");
  });

  it("quotes a text it does not know, at a bounded length", () => {
    const failure = describeConsentError("x".repeat(500), "Call this number".padEnd(1000, "!"));
    expect(failure.message).toContain("“Call this number");
    expect(failure.message.length).toBeLessThan(340);
    expect(failure.code).toHaveLength(60);
  });
});
