import { describe, expect, it } from "vitest";
import { decodeClaims } from "../../src/auth/decode-claims.ts";
import { describeClaim } from "../../src/auth/describe-claim.ts";

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("decodeClaims", () => {
  it("decodes header and claims, in UTF-8", () => {
    const token = `${segment({ alg: "RS256" })}.${segment({ name: "Zoë ✓" })}.sig`;
    expect(decodeClaims(token)).toEqual({ header: { alg: "RS256" }, claims: { name: "Zoë ✓" } });
  });

  it.each([
    "",
    "opaque",
    "a.b",
    "a.b.c",
    `${segment({})}.${segment([1])}.s`,
    `${segment({})}.${segment({})}.s.x`,
  ])("rejects %j as a JWT", (token) => {
    expect(decodeClaims(token)).toBeUndefined();
  });
});

describe("describeClaim", () => {
  it("shows times as times, lists as lists, structures as JSON", () => {
    expect(describeClaim(["exp", 1_700_000_000]).value).toBe(new Date(1_700_000_000_000).toLocaleString());
    expect(describeClaim(["aud", ["a", "b"]]).value).toBe("a, b");
    expect(describeClaim(["realm_access", { roles: ["user"] }]).value).toBe('{"roles":["user"]}');
    expect(describeClaim(["email_verified", true])).toEqual({
      name: "email_verified",
      value: "true",
      meaning: undefined,
    });
  });
});
