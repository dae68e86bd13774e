import { LIMIT } from "aauth-explain/trace-names";
import { describe, expect, test } from "vitest";
import { cutTokens } from "../src/redact.ts";
import { headersJson, redactedBase, redactedBody, redactedUrl } from "../src/redacted-message.ts";

const TOKEN = `eyJhbGciOiJFZERTQSJ9.${"A".repeat(60)}.${"B".repeat(86)}`;
const SIGNATURE = "k".repeat(86);
const shownHeaders = (headers: Parameters<typeof headersJson>[0]) => JSON.parse(headersJson(headers));
const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

test("a compact token is recognisable and of no use", () => {
  expect(cutTokens(`sig1=(scheme=jwt jwt="${TOKEN}")`)).toBe('sig1=(scheme=jwt jwt="eyJhbGciOiJF…")');
  expect(cutTokens(`httpsig; resource_token="${TOKEN}"; auth_server="https://as.example"`)).toBe(
    'httpsig; resource_token="eyJhbGciOiJF…"; auth_server="https://as.example"',
  );
  expect(cutTokens(TOKEN.slice(0, 40))).toBe("eyJhbGciOiJF…");
});

test("headers: what proves a user is left out, signatures and tokens are cut", () => {
  expect(
    shownHeaders(
      Object.entries({
        authorization: `Bearer ${TOKEN}`,
        cookie: "session=1",
        "set-cookie": ["a=1", "b=2"],
        "x-id-token": TOKEN,
        "proxy-authorization": "Basic eDp5",
        signature: `sig1=:${SIGNATURE}==:`,
        "content-digest": "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
        location: `http://localhost/callback?code=${SIGNATURE}&state=${SIGNATURE}&page=1`,
        "content-length": 12,
        missing: undefined,
      }),
    ),
  ).toEqual({
    signature: `sig1=:${"k".repeat(16)}…:`,
    "content-digest": "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
    location: `http://localhost/callback?code=${"k".repeat(12)}…&state=${"k".repeat(12)}…&page=1`,
    "content-length": "12",
  });
  expect(shownHeaders([["signature", `sig1="${SIGNATURE}"`]])).toEqual({
    signature: `sig1="${"k".repeat(16)}…"`,
  });
});

test.each([
  "x-api-key",
  "x-forwarded-access-token",
  "x-client-secret",
  "x-amz-credential",
  "x-auth",
  "x-session-id",
  "x-aauth-token",
  "www-authenticate",
])("a header that is named like a secret is left out: %s", (name) => {
  expect(shownHeaders([[name, "opaque"]])).toEqual({});
});

test("a header that only looks secret is shown", () => {
  const hwk = 'sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs")';
  const shown = {
    "signature-key": hwk,
    "agent-auth": "httpsig; identity=?1",
    "aauth-refusal": "code=identity_required",
    "x-aauth-mode": "strict",
    "x-aauth-uri": "/a?page=1",
  };
  expect(shownHeaders(Object.entries(shown))).toEqual(shown);
});

test("a header with an address keeps no code, state, session or user", () => {
  const value = `http://me:hunter2@localhost/back?code=${SIGNATURE}&page=1&state=s&session=s#access_token=opaque`;
  const shown = `http://…@localhost/back?code=${"k".repeat(12)}…&page=1&state=…&session=…#access_token=…`;
  for (const name of ["referer", "agent-auth"]) expect(shownHeaders([[name, value]])[name]).toBe(shown);
});

test("a signature base shows no more than headers and address do", () => {
  const base = [
    '"@method": GET',
    '"@query": ?code=abc&page=1',
    '"authorization": Bearer opaque',
    '"x-api-key": opaque',
    `"signature-key": sig1=(scheme=jwt jwt="${TOKEN}")`,
    '"@signature-params": ("@method")',
  ];
  expect(redactedBase(base.join("\n")).split("\n")).toEqual([
    '"@method": GET',
    '"@query": ?code=…&page=1',
    '"authorization": …',
    '"x-api-key": …',
    '"signature-key": sig1=(scheme=jwt jwt="eyJhbGciOiJF…")',
    '"@signature-params": ("@method")',
  ]);
});

describe("headers are bounded", () => {
  const protocol: [string, string][] = [
    ["signature-input", `sig1=("@method");created=1`],
    ["signature-key", "sig1=(scheme=hwk)"],
    ["signature", `sig1=:${SIGNATURE}==:`],
  ];

  test("applies to each of them", () => {
    expect(shownHeaders([["x-0", "v".repeat(9000)]])["x-0"]).toBe(`${"v".repeat(LIMIT.headerValue)}…`);
    expect(shownHeaders([["signature", "=".repeat(9000)]]).signature).toHaveLength(LIMIT.headerValue + 1);
  });

  test.each([
    ["quotes, which JSON spells out", '"'.repeat(60)],
    ["long values", "v".repeat(9000)],
  ])("all together, and whole as JSON: %s", (_name, value) => {
    const many = Array.from({ length: 90 }, (_, index): [string, string] => [`x-${index}`, value]);
    const json = headersJson([...many, ...protocol]);
    expect(json.length).toBeLessThanOrEqual(LIMIT.text);
    // The protocol's own headers are kept.
    const names = Object.keys(JSON.parse(json));
    expect(names.slice(0, 4)).toEqual([...protocol.map(([name]) => name), "x-0"]);
  });
});

test.each([
  [
    "form",
    `request_type=code&code=${SIGNATURE}&redirect_uri=http%3A%2F%2Fx`,
    FORM,
    `request_type=code&code=${"k".repeat(12)}…&redirect_uri=http%3A%2F%2Fx`,
  ],
  ["form, short secret", "refresh_token=abc&password=hunter2", FORM, "refresh_token=…&password=…"],
  ["JSON, any secret", '{"app_secret":"abc","apikey":"d"}', JSON_TYPE, '{"app_secret":"…","apikey":"…"}'],
  [
    "JSON",
    `{"auth_token":"${TOKEN}","refresh_token":"${SIGNATURE}","expires_in":300,"code":-32603}`,
    "application/json; charset=utf-8",
    `{"auth_token":"eyJhbGciOiJF…","refresh_token":"${"k".repeat(12)}…","expires_in":300,"code":-32603}`,
  ],
  ["a token in prose", `the token ${TOKEN}.`, "text/plain", "the token eyJhbGciOiJF…"],
])("a body is shown without secrets: %s", (_name, body, type, shown) => {
  expect(redactedBody(new TextEncoder().encode(body), type)).toBe(shown);
  expect(redactedBody(body, type)).toBe(shown);
});

test("a body is bounded, and a token at the edge is still cut", () => {
  const edge = `${"x".repeat(LIMIT.body - 40)} ${TOKEN}`;
  expect(redactedBody(edge, "text/plain")).toBe(`${"x".repeat(LIMIT.body - 40)} eyJhbGciOiJF……`);
  expect(redactedBody("", "text/plain")).toBeUndefined();
  for (const type of ["image/png", "TEXT/HTML; charset=utf-8"])
    expect(redactedBody("x", type)).toBeUndefined();
  expect(redactedBody(undefined, undefined)).toBeUndefined();
});

test.each([0, 1, 2, 8])(
  "an address within an address contains no token either, encoded %i more times",
  (levels) => {
    let inner = encodeURIComponent(`http://app.example/back?page=1&code=${SIGNATURE}&state=abc`);
    for (let level = 0; level < levels; level++) inner = encodeURIComponent(inner);
    const shown = redactedUrl(`https://as.example/auth?return_url=${inner}&scope=x`);
    expect(shown).not.toContain("abc");
    expect(shown).not.toContain(SIGNATURE);
    expect(shown).toMatch(/^https:\/\/as\.example\/auth\?return_url=http%.*page.*k{12}…&scope=x$/);
  },
);

test("a token within an encoded address is cut, whatever its name", () => {
  expect(redactedUrl(`https://as.example/auth?to=${encodeURIComponent(`/back?any=${TOKEN}`)}`)).toBe(
    "https://as.example/auth?to=%2Fback%3Fany%3DeyJhbGciOiJF…",
  );
});
