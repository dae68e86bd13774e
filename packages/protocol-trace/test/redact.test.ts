import { describe, expect, test } from "vitest";
import { timesAsLong } from "../../agent-kit/test/service/support/times-as-long.ts";
import { redactAddresses, redactFields, redactText } from "../src/redact.ts";

const TOKEN = `${Buffer.from('{"alg":"EdDSA","typ":"auth+jwt"}').toString("base64url")}.eyJzdWIiOiJtZSJ9.${"s".repeat(86)}`;
const SIGNATURE_OF_TOKEN = "s".repeat(86);
const SIGNATURE = "w".repeat(86);
const PRIVATE = "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU";
/** An address as a parameter's value, in this many levels. */
function nested(levels: number): string {
  const address = encodeURIComponent("http://backend/interaction?code=opaque-code&state=opaque-state");
  return levels === 1 ? address : encodeURIComponent(`http://auth/auth?redirect_uri=${nested(levels - 1)}`);
}
const PUBLIC = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";

describe("text", () => {
  test.each([
    ["token in a sentence", `Auth token ${TOKEN} verified`, TOKEN],
    ["token in Agent-Auth", `httpsig; auth-token; resource_token="${TOKEN}"; auth_server="http://a"`, TOKEN],
    ["Signature-Key, jwt", `sig1=(scheme=jwt jwt="${TOKEN}")`, TOKEN],
    ["Signature-Key, hwk", `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${PUBLIC}")`, PUBLIC],
    ["Signature, standard base64", `sig1=:${SIGNATURE}==:`, SIGNATURE],
    ["Signature, bare", `sig1=${SIGNATURE}`, SIGNATURE],
    ["bearer", "Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"],
    ["token under a long name", `http://backend/?${"x".repeat(60)}_token=opaque-token-1`, "opaque-token-1"],
    ["code in a URL", "http://backend/callback?code=opaque-code-1&state=s", "opaque-code-1"],
    [
      "state in an address in an address",
      `/interaction?session=x&return_url=${nested(1)}&a=b`,
      "opaque-state",
    ],
    ["state two addresses deep", `/login?next=${nested(2)}`, "opaque-state"],
    [
      "state in lower-case encoding",
      `/login?next=${nested(2).replace(/%[\dA-F]+/g, (x) => x.toLowerCase())}`,
      "opaque-state",
    ],
    ["password in an address in an address", "/login?next=%2F%3Fpassword%3Dopaque", "opaque"],
    [
      "encrypted token in an address in an address",
      `/?next=%2F%3Fa%3D${TOKEN.split(".")[0]}..a.opaque.b`,
      "opaque",
    ],
    ["value with a character of two levels", "/login?next=%2F%3Fstate%3Da%2526opaque", "opaque"],
    ["value that begins like a label", "/callback?state=[opaque&password=[opaque", "opaque"],
    ["request token in a URL", "http://auth/agent/auth?request_token=opaque-rt&x=1", "opaque-rt"],
    ["refresh token in a form", "request_type=refresh&refresh_token=opaque-rf", "opaque-rf"],
    ["password in a form", "username=mcp-user&password=user123", "user123"],
    ["secret of any name in a form", "app_secret=opaque-s", "opaque-s"],
    ["key whose name has no `_`", "/?apikey=opaque-k", "opaque-k"],
    ["basic credentials", "Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
    ["private JWK", `{"kty":"OKP","d":"${PRIVATE}","x":"${PUBLIC}"}`, PRIVATE],
    ["private JWK inside a string", JSON.stringify(JSON.stringify({ kty: "OKP", d: PRIVATE })), PRIVATE],
    ["token with a long header", `${TOKEN.slice(0, 10)}${"h".repeat(2000)}.p.${SIGNATURE}`, SIGNATURE],
    ["token after a shorter beginning of one", `eyJab.${TOKEN}`, SIGNATURE_OF_TOKEN],
    ["PEM", "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----", "MC4CAQ"],
  ])("hides a %s", (_what, text, secret) => {
    expect(text).toContain(secret);
    expect(redactText(text)).not.toContain(secret);
  });

  test.each([
    "Accepting request with valid signature (signature-only mode, scheme=hwk)",
    "VERIFYING with: method=POST, target_uri=http://supply-chain-agent.localhost:3000/",
    "content-digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    `content-digest: sha-512=:${"A".repeat(86)}==:`,
    'sig1=("@method" "@authority" "@path" "signature-key");created=1730217600',
    "code: invalid_signature",
    "request_type=auth",
    "/interaction?return_url=http%3A%2F%2Fbackend%2Fback%3Fpage%3D1%26mystate%3D2&page=3",
  ])("leaves alone: %s", (text) => expect(redactText(text)).toBe(text));

  test.each([
    "-eyJ",
    "-eyJaaaa",
    "eyJa.",
    "-a",
    "Basic ",
    "(scheme=a",
    "-----BEGIN A",
    '"d":',
    "code=[",
    "%25",
    "%3Fstate",
    "state%25",
  ])("takes about as long, whatever a caller repeats in its address: %s", (unit) => {
    const filled = (part: string) => `/?a=${part.repeat(1_000_000 / part.length)}!`;
    expect(timesAsLong(redactText, filled(unit), filled("-abc"))).toBeLessThan(100);
  });

  test("the same token gets the same label, another token another one", () => {
    const [first, second] = redactText(`${TOKEN} ${TOKEN}`).split("] ");
    expect(`${first}]`).toBe(second);
    expect(redactText(`${TOKEN}x`)).not.toBe(redactText(TOKEN));
  });
});

describe("fields", () => {
  test.each(["token", "authToken", "Authorization", "signature-key", "Signature"])(
    "hides %s even when its value has no shape",
    (name) => expect(JSON.stringify(redactFields({ deep: [{ [name]: "opaque" }] }))).not.toContain("opaque"),
  );

  test.each(["password", "clientSecret", "cookie", "set-cookie", "code_verifier"])(
    "hides %s always",
    (name) => {
      expect(JSON.stringify(redactFields({ [name]: "opaque" }, { showTokens: true }))).not.toContain(
        "opaque",
      );
    },
  );

  test.each(["set-cookie", "authorization", "cookie"])("hides each line of %s", (name) => {
    const lines = ["a=opaque-1", ["b=opaque-2"], { deep: "c" }];
    const shown = redactFields({ [name]: lines }) as Record<string, unknown[]>;
    expect(JSON.stringify(shown)).not.toContain("opaque");
    expect(shown[name]).toHaveLength(3);
    expect(redactFields({ "set-cookie": lines }, { showTokens: true })).toEqual({
      "set-cookie": ["[redacted]", ["[redacted]"], { deep: "c" }],
    });
  });

  test("hides the private members of a JWK and leaves the public ones", () => {
    expect(redactFields({ kty: "OKP", crv: "Ed25519", x: PUBLIC, d: "short" })).toEqual({
      kty: "OKP",
      crv: "Ed25519",
      x: PUBLIC,
      d: "[redacted]",
    });
  });

  test("leaves error codes, numbers and names alone", () => {
    const fields = {
      code: "invalid_signature",
      status: 401,
      agent: "http://backend.localhost:8000",
      d: 4,
      none: null,
    };
    expect(redactFields(fields)).toEqual(fields);
  });
});

describe("showTokens", () => {
  test("prints tokens and signatures whole", () => {
    const text = `Received auth_token ${TOKEN}`;
    expect(redactText(text, { showTokens: true })).toBe(text);
    expect(redactFields({ authToken: TOKEN }, { showTokens: true })).toEqual({ authToken: TOKEN });
  });

  test("never prints a private key or a password", () => {
    const text = redactText(`{"d":"${PRIVATE}"} password=user123`, { showTokens: true });
    expect(text).not.toContain(PRIVATE);
    expect(text).not.toContain("user123");
  });
});

test("a name that JavaScript gives a meaning is a name like any other", () => {
  const value: unknown = JSON.parse('{"__proto__":{"password":"opaque"},"a":1}');
  expect(JSON.stringify(redactFields(value))).toBe('{"__proto__":{"password":"[redacted]"},"a":1}');
});

test("the code of an interaction is shown neither in a log nor on a span", () => {
  const field = 'requirement=interaction; url="https://a.example/interaction"; code="A1B2-C3D4-E5F6"';
  for (const text of [field, JSON.stringify({ "aauth-requirement": field })]) {
    for (const shown of [
      redactText(text),
      redactAddresses(text),
      JSON.stringify(redactFields({ field: text })),
    ]) {
      expect(shown).not.toContain("A1B2");
      expect(shown).toContain("https://a.example/interaction");
    }
  }
});

test("S32f: a span has only the beginning of a pending request's name, wherever it stands", () => {
  const name = "YkFTQvCEIYTGkZZPYnt_PRBds8ZT6gZv";
  for (const path of ["aauth/pending", "aauth/revoke", "person/requests", "interaction/returned"]) {
    const url = `https://ps.example/${path}/${name}`;
    for (const text of [url, `"@path": /${path}/${name}`, `${url}?wait=5`]) {
      expect(redactAddresses(text)).toContain(`/${path}/YkFTQvCE…`);
      expect(redactAddresses(text)).not.toContain(name);
    }
    expect(redactAddresses(redactAddresses(url))).toBe(redactAddresses(url));
  }
  expect(redactAddresses("https://ps.example/aauth/pending/")).toBe("https://ps.example/aauth/pending/");
});
