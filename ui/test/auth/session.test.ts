import type { User } from "oidc-client-ts";
import { describe, expect, it } from "vitest";
import { type SessionInputs, sessionOf } from "../../src/auth/session.ts";

const valid = { expired: false } as User;
const expired = { expired: true } as User;
const inputs: SessionInputs = {
  isLoading: false,
  user: undefined,
  lapsed: false,
  error: undefined,
  authServerUrl: "http://as.test/realms/r",
};

describe("sessionOf", () => {
  it("is loading until the session is known", () => {
    expect(sessionOf({ ...inputs, isLoading: true }).kind).toBe("loading");
    expect(sessionOf(inputs).kind).toBe("signed-out");
    expect(sessionOf({ ...inputs, user: valid })).toEqual({ kind: "signed-in", user: valid });
  });

  it("waits for a renewal before it drops an expired token", () => {
    expect(sessionOf({ ...inputs, user: expired }).kind).toBe("loading");
    expect(sessionOf({ ...inputs, user: expired, lapsed: true }).kind).toBe("lapsed");
  });

  it("keeps the page of an ended session whose token has not yet expired", () => {
    expect(sessionOf({ ...inputs, user: valid, lapsed: true })).toMatchObject({
      kind: "lapsed",
      user: valid,
    });
  });

  it("distinguishes an unreachable auth server from an unfinished sign-in", () => {
    const unreachable = sessionOf({
      ...inputs,
      error: { source: "signinRedirect", message: "Failed to fetch" },
    });
    expect(unreachable).toMatchObject({ problem: { check: "connection", code: "auth_server_unreachable" } });
    const unfinished = sessionOf({
      ...inputs,
      error: { source: "signinCallback", message: "No matching state" },
    });
    expect(unfinished).toMatchObject({ problem: { code: "sign_in_incomplete" } });
  });

  it("does not call a failed renewal a problem of signing in", () => {
    expect(sessionOf({ ...inputs, error: { source: "renewSilent", message: "x" } })).toEqual({
      kind: "signed-out",
      problem: undefined,
    });
  });
});
