import { describe, expect, it } from "vitest";
import { consentReducer } from "../../../src/features/consent/consent-reducer.ts";
import { describeConsentError } from "../../../src/features/consent/describe-consent-error.ts";

const authServerUrl = "http://localhost:8080/realms/r";
const leave = (consentUrl: string) =>
  consentReducer({ phase: "asked" }, { type: "left_for_consent", consentUrl, authServerUrl });

describe("consentReducer", () => {
  it("leaves for the auth server, and can come back", () => {
    const leaving = leave("http://localhost:8080/realms/r/protocol/aauth/agent/auth?request_token=x");
    expect(leaving).toEqual({ phase: "leaving" });
    expect(consentReducer(leaving, { type: "came_back" })).toEqual({ phase: "asked" });
  });

  it.each([
    "http://evil.test/realms/r",
    "https://localhost:8080/realms/r",
    "http://localhost:8081/realms/r",
    "http://localhost:8080@evil.test/",
    "javascript:alert(1)",
    "/realms/r",
    "",
  ])("does not send the person to %j", (consentUrl) => {
    expect(leave(consentUrl)).toMatchObject({ phase: "blocked", failure: { code: "foreign_consent_url" } });
  });
});

describe("describeConsentError", () => {
  it("says what a refusal means and keeps its code", () => {
    const failure = describeConsentError("access_denied", "User denied the authorization request");
    expect(failure).toMatchObject({ check: "consent", code: "access_denied" });
    expect(failure.message).toContain("You did not allow");
  });

  it("quotes a text it does not know, at a bounded length", () => {
    const failure = describeConsentError("x".repeat(500), "Call this number".padEnd(1000, "!"));
    expect(failure.message).toMatch(/^The auth server said: “Call this number/);
    expect(failure.message.length).toBeLessThan(340);
    expect(failure.code).toHaveLength(60);
  });
});
