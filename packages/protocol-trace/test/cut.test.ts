import { expect, test } from "vitest";
import { LIMIT } from "../src/attribute-names.ts";
import { cutTokens, shownBody, shownHeaders, shownUrl } from "../src/cut.ts";

const TOKEN = `eyJhbGciOiJFZERTQSJ9.${"A".repeat(60)}.${"B".repeat(86)}`;
const SIGNATURE = "k".repeat(86);
const FORM = "application/x-www-form-urlencoded";

test("a compact token is recognisable and of no use", () => {
  expect(cutTokens(`sig1=(scheme=jwt jwt="${TOKEN}")`)).toBe('sig1=(scheme=jwt jwt="eyJhbGciOiJF…")');
  expect(cutTokens(`httpsig; resource_token="${TOKEN}"; auth_server="https://as.example"`)).toBe(
    'httpsig; resource_token="eyJhbGciOiJF…"; auth_server="https://as.example"',
  );
  expect(cutTokens(TOKEN.slice(0, 40))).toBe("eyJhbGciOiJF…");
});

test("headers: what proves a person is left out, signatures and tokens are cut", () => {
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

test("headers are bounded, each and all together", () => {
  const many = Array.from({ length: 50 }, (_, index): [string, string] => [`x-${index}`, "v".repeat(9000)]);
  const shown = shownHeaders(many);
  expect(shown["x-0"]).toBe(`${"v".repeat(LIMIT.headerValue)}…`);
  expect(JSON.stringify(shown).length).toBeLessThan(LIMIT.text + 100);
});

test.each([
  [
    "form",
    `request_type=code&code=${SIGNATURE}&redirect_uri=http%3A%2F%2Fx`,
    FORM,
    `request_type=code&code=${"k".repeat(12)}…&redirect_uri=http%3A%2F%2Fx`,
  ],
  ["form, short secret", "refresh_token=abc&password=hunter2", FORM, "refresh_token=…&password=…"],
  [
    "JSON",
    `{"auth_token":"${TOKEN}","refresh_token":"${SIGNATURE}","expires_in":300,"code":-32603}`,
    "application/json; charset=utf-8",
    `{"auth_token":"eyJhbGciOiJF…","refresh_token":"${"k".repeat(12)}…","expires_in":300,"code":-32603}`,
  ],
  ["a token in prose", `the token ${TOKEN}.`, "text/plain", "the token eyJhbGciOiJF…"],
])("body: %s", (_name, body, type, shown) => {
  expect(shownBody(new TextEncoder().encode(body), type)).toBe(shown);
  expect(shownBody(body, type)).toBe(shown);
});

test("a body is bounded, and a token at the edge is cut all the same", () => {
  const edge = `${"x".repeat(LIMIT.body - 40)} ${TOKEN}`;
  expect(shownBody(edge, "text/plain")).toBe(`${"x".repeat(LIMIT.body - 40)} eyJhbGciOiJF……`);
  expect(shownBody("", "text/plain")).toBeUndefined();
  expect(shownBody("PNG", "image/png")).toBeUndefined();
  expect(shownBody(undefined, undefined)).toBeUndefined();
});

test("a URL keeps no code, token or state", () => {
  expect(shownUrl(`https://as.example/auth?request_token=${SIGNATURE}&state=abc&scope=x`)).toBe(
    `https://as.example/auth?request_token=${"k".repeat(12)}…&state=…&scope=x`,
  );
});
