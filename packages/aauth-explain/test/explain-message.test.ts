import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import { signedRequest, testKey } from "aauth/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requestOf } from "../../aauth/test/draft-11/kit.ts";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { explainMessage, type MessageToExplain, profileOf } from "../src/index.ts";

const parties = await createTestParties();
const { agent, resource, authServer, clock, discovery } = parties;
const VERIFIER = {
  profiles: [february2026, draft11],
  discovery,
  now: clock.now,
  audience: resource.id,
  issuers: [authServer.issuer],
} as const;
const url = `${resource.id}/orders?page=2`;

async function message(
  signatureKey: Parameters<typeof signedRequest>[0]["signatureKey"] = { scheme: "jwks", id: agent.id },
  key = agent.key,
): Promise<MessageToExplain & { headers: Record<string, string> }> {
  const { method, headers, body } = await signedRequest({
    profile: february2026,
    url,
    key,
    signatureKey,
    body: '{"order":1}',
    now: clock.now,
  });
  return { method, url, headers, body: body as Uint8Array };
}

const failed = (explanation: Awaited<ReturnType<typeof explainMessage>>) =>
  explanation.checks.filter((check) => check.verdict === "failed");

describe("an accepted message", () => {
  for (const scheme of ["hwk", "jwks", "jwt"] as const) {
    test(`${scheme}: both implementations build the same base and find the signature good`, async () => {
      const jwt = await parties.issueAuthToken({ scope: "orders:read" });
      const choice = { hwk: { scheme }, jwks: { scheme, id: agent.id }, jwt: { scheme, jwt } }[scheme];
      const explanation = await explainMessage(await message(choice as never), VERIFIER);
      expect(explanation.verdict).toBe("accepted");
      expect(explanation.signatureBase.agree).toBe(true);
      expect(explanation.signatureBase.ours).toContain('"@query": ?page=2');
      expect(explanation.secondOpinion).toEqual({ verifies: true });
      expect(explanation.key?.thumbprint).toBe(agent.key.thumbprint);
      expect(failed(explanation)).toEqual([]);
    });
  }

  test("may have its header names in any case, as messages are recorded", async () => {
    const signed = await message();
    const capitalised = Object.entries(signed.headers).map(([name, value]) => [name.toUpperCase(), value]);
    const headers = { ...Object.fromEntries(capitalised), ["__proto__"]: "x" };
    const explanation = await explainMessage({ ...signed, headers }, VERIFIER);
    expect([explanation.verdict, explanation.signatureBase.agree]).toEqual(["accepted", true]);
    const twice = { ...signed.headers, Signature: signed.headers.signature as string };
    expect((await explainMessage({ ...signed, headers: twice }, VERIFIER)).code).toBe("malformed_signature");
  });

  test("shows its token decoded and its requirement met", async () => {
    const jwt = await parties.issueAuthToken({ scope: "orders:read" });
    const explanation = await explainMessage(await message({ scheme: "jwt", jwt }), {
      ...VERIFIER,
      requirement: { level: "authorized", scopes: ["orders:read"] },
    });
    expect(explanation.tokens[0]?.claims).toMatchObject({ aud: resource.id, scope: "orders:read" });
    expect(explanation.checks.at(-1)).toEqual({
      name: "requirement",
      verdict: "passed",
      section: "profile 3.1",
    });
  });

  test("is unchanged by JSON, for use in a page", async () => {
    const explanation = await explainMessage(await message(), VERIFIER);
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });
});

describe("a refused message", () => {
  test("names the one check that failed, with code and section", async () => {
    const signed = await message();
    const explanation = await explainMessage(
      { ...signed, body: new TextEncoder().encode('{"order":9}') },
      VERIFIER,
    );
    expect(explanation).toMatchObject({ verdict: "refused", code: "digest_mismatch" });
    expect(failed(explanation)).toMatchObject([
      { name: "content-digest", code: "digest_mismatch", section: "profile 2.6" },
    ]);
  });

  test("signed by another key: the second opinion agrees on the base and on the refusal", async () => {
    const signed = await message({ scheme: "jwks", id: agent.id }, await testKey("B", "backend-ephemeral-1"));
    const explanation = await explainMessage(signed, VERIFIER);
    expect(explanation).toMatchObject({ code: "invalid_signature", secondOpinion: { verifies: false } });
    expect(explanation.signatureBase.agree).toBe(true);
  });

  test("stale: the signature itself is still found good", async () => {
    const signed = await message();
    const explanation = await explainMessage(signed, { ...VERIFIER, now: () => clock.now() + 61 });
    expect(explanation).toMatchObject({ code: "created_out_of_window", secondOpinion: { verifies: true } });
  });

  test("two labels: the second opinion reports that it has no signature to judge", async () => {
    const signed = await message();
    const headers = { ...signed.headers, signature: signed.headers.signature!.replace("sig1=", "sig2=") };
    const { secondOpinion } = await explainMessage({ ...signed, headers }, VERIFIER);
    expect(secondOpinion).toEqual({ verifies: false, reason: expect.stringContaining('"sig2"') });
  });

  test("unsigned: reports that there is nothing to rebuild", async () => {
    const explanation = await explainMessage({ method: "GET", url, headers: {} }, VERIFIER);
    expect(explanation).toMatchObject({ verdict: "refused", code: "missing_signature", tokens: [] });
    expect(explanation.signatureBase).toEqual({
      agree: false,
      problem: "the message has no signature-input",
    });
  });
});

/** A verifier that either profile allows. */
const OF_BOTH = { ...VERIFIER, audience: "https://resource.example", issuers: ["https://as.example"] };

test("a message of draft -11 is refused by a verifier or a requirement of this profile, whatever it is", async () => {
  const request = { ...(await requestOf()), url: "https://resource.example/data" };
  for (const options of [
    VERIFIER,
    { ...OF_BOTH, requirement: { level: "authorized", scopes: ["data.read"] } },
  ] as const) {
    const explanation = await explainMessage(request, options);
    expect(explanation).toMatchObject({ profile: "february-2026", code: "malformed_signature_key" });
  }
});

test("a message is of the profile whose form it has, and else of the first", async () => {
  const parenthesised = { headers: { "signature-key": 'sig1=(scheme=jwt jwt="a.b.c")' } };
  for (const profiles of [VERIFIER.profiles, [draft11, february2026]] as const) {
    expect(profileOf(parenthesised, profiles)).toBe(february2026);
    expect(profileOf({ headers: {} }, profiles)).toBe(profiles[0]);
    const unsigned = { method: "GET", url, headers: {} };
    expect((await explainMessage(unsigned, { ...OF_BOTH, profiles })).profile).toBe(profiles[0].name);
  }
});

test("never throws for anything in the message", async () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('sig1=(scheme=jwt jwt="a.b.c")', 'sig1=("@method" "x");created=1', "sig1=:AAAA:"),
  );
  const headers = fc.record(
    { "signature-key": value, "signature-input": value, signature: value, nonce: value },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(headers, fc.string(), async (fields, method) => {
      const explanation = await explainMessage({ method, url, headers: fields as never }, VERIFIER);
      expect(explanation.verdict).toBe("refused");
    }),
    { numRuns: 300 },
  );
});
