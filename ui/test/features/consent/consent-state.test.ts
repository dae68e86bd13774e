import { describe, expect, it } from "vitest";
import { leaveFor } from "../../../src/features/consent/consent-state.ts";
import { describeConsentError } from "../../../src/features/consent/describe-consent-error.ts";

const authServerUrl = "http://localhost:8080/realms/r";

describe("leaveFor", () => {
  it("leaves for the auth server", () => {
    const consentUrl = "http://localhost:8080/realms/r/protocol/aauth/agent/auth?request_token=x";
    expect(leaveFor(consentUrl, authServerUrl)).toEqual({ phase: "leaving" });
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
    expect(leaveFor(consentUrl, authServerUrl)).toMatchObject({
      phase: "blocked",
      failure: { code: "foreign_consent_url" },
    });
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
