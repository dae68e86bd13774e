import { describe, expect, test } from "vitest";
import { refusalBy } from "../../src/break-it/refusal-by.ts";

const AGENT = "supply-chain-agent";
const refused = (refusal: string) =>
  new Response(null, { status: 401, headers: { "aauth-refusal": refusal } });

test("the gateway names its code, check and section in a header", () => {
  const response = refused('code=nonce_replayed, check=replay, section="profile 2.7", by=gateway');
  expect(refusalBy(AGENT, response, "code=token_expired")).toEqual({
    refused_by: "gateway",
    code: "nonce_replayed",
    check: "replay",
    section: "profile 2.7",
    meaning: expect.any(String),
  });
});

test("an agent does as well, and speaks for no other party", () => {
  for (const by of ["", ", by=auth-server"]) {
    expect(refusalBy(AGENT, refused(`code=digest_mismatch, check=content-digest${by}`), "")).toMatchObject({
      refused_by: "supply-chain-agent",
      code: "digest_mismatch",
      check: "content-digest",
    });
  }
});

test("the auth server answers with an OAuth error, and names the check that failed beside it", () => {
  const body = JSON.stringify({ error: "invalid_grant", error_description: "Invalid\nresource_token" });
  expect(refusalBy("auth-server", refused("code=invalid_token_signature"), body)).toMatchObject({
    refused_by: "auth-server",
    code: "invalid_grant",
    check: "resource token",
    reason: "Invalid resource_token",
    cause: "invalid_token_signature",
  });
  expect(refusalBy("auth-server", refused("code=unknown_key"), '{"error":"invalid_signature"}')).toEqual({
    refused_by: "auth-server",
    code: "invalid_signature",
    section: "profile 6.2",
    cause: "unknown_key",
  });
  expect(refusalBy("auth-server", refused("code=unknown_key"), "")).toMatchObject({
    refused_by: "auth-server",
    code: "unknown_key",
  });
});

test.each(["", "<html>", '{"error":5}', "x".repeat(100_000), "invalid_signature"])(
  "anything else names no code",
  (body) => {
    expect(refusalBy(AGENT, new Response(null, { status: 401 }), body).code).toBeUndefined();
  },
);

test("the gateway's policy is not taken for a check of the agent behind it", () => {
  expect(refusalBy(AGENT, new Response(null, { status: 403 }), "")).toEqual({
    refused_by: "gateway",
    check: "policy",
    reason: "the gateway's own rules do not admit this caller; the supply-chain agent never saw the request",
  });
});

describe("a server of draft -11", () => {
  const answered = (status: number, headers: Record<string, string> = {}) =>
    new Response(null, { status, headers });

  test("names an error of a signature in a field, and other errors in the body", () => {
    const field = { "signature-error": 'error=invalid_input, required_input=("@method")' };
    expect(refusalBy("person-server", answered(401, field), '{"error":"other"}')).toEqual({
      refused_by: "person-server",
      code: "invalid_input",
      section: "draft -11, section 11.3.4",
    });
    const body = JSON.stringify({ error: "invalid_resource_token", detail: "of\nanother agent" });
    expect(refusalBy("access-server", answered(400), body)).toEqual({
      refused_by: "access-server",
      code: "invalid_resource_token",
      section: "draft -11, section 11.9.3",
      reason: "of another agent",
    });
  });

  test.each(["", "null", "<html>", '{"error":5}', '{"error":"<b>"}', '"text"'])(
    "names no code: %s",
    (body) => {
      expect(refusalBy("person-server", answered(401, { "signature-error": "=" }), body)).toEqual({
        refused_by: "person-server",
      });
    },
  );
});
