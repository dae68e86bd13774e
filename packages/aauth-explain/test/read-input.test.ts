import { generateKeyPairSync } from "node:crypto";
import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import { describe, expect, test } from "vitest";
import { explainRecorded, readInput } from "../src/index.ts";
import { explain, NODE } from "./faults-of-others.ts";
import { recordedAnswer } from "./run/recorded-trace.ts";

const SIGNED = "signature-input: sig1=();created=1\r\nsignature: sig1=:AAAA:";
const { privateKey } = generateKeyPairSync("ed25519");
const privateJwk = JSON.stringify(privateKey.export({ format: "jwk" }));
const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));

const range = (count: number) =>
  Array.from({ length: count }, (_, at) => `"@query-param";name="${at}"`).join(" ");

function codeOf(input: string | Uint8Array): string {
  try {
    readInput(input);
    return "none";
  } catch (error) {
    expect(String(error)).not.toContain(JSON.parse(privateJwk).d);
    return (error as { code: string }).code;
  }
}

test("a raw request has its answer below it, after its body", () => {
  const raw = `POST /a HTTP/1.1\r\nHost: b.example\r\nContent-Length: 2\r\n${SIGNED}\r\n\r\n{}\r\nHTTP/1.1 401 Unauthorized\r\nAAuth-Requirement: requirement=agent-token\r\n\r\nno`;
  const [{ message } = {}] = readInput(raw);
  expect(message).toMatchObject({ method: "POST", url: "https://b.example/a", response: { status: 401 } });
  expect(new TextDecoder().decode(message!.body)).toBe("{}");
  expect(message!.response!.headers).toEqual({ "aauth-requirement": "requirement=agent-token" });
});

test("the log of curl -v has each request with its answer, and no body", () => {
  const log = `* Connected to b.example (192.0.2.1) port 443
* SSL connection using TLSv1.3
> POST /a?b=c HTTP/1.1
> Host: b.example:8443
> Content-Length: 2
> Signature: sig1=:AAAA:
>
} [2 bytes data]
< HTTP/1.1 401 Unauthorized
< Content-Type: text/plain
<
no
> GET / HTTP/1.1
> Host: b.example
>`;
  expect(readInput(log)).toEqual([
    {
      message: {
        method: "POST",
        url: "https://b.example:8443/a?b=c",
        headers: { host: "b.example:8443", "content-length": "2", signature: "sig1=:AAAA:" },
        response: { status: 401, headers: { "content-type": "text/plain" } },
      },
      isBodyMissing: true,
    },
    { message: { method: "GET", url: "https://b.example/", headers: { host: "b.example" } } },
  ]);
});

test.each<[string, string]>([
  ["with an object inside", JSON.stringify({ kty: "OKP", ext: {}, ...JSON.parse(privateJwk) })],
  ["in strings of JSON within strings", JSON.stringify({ log: JSON.stringify({ body: privateJwk }) })],
  ["with escaped names", privateJwk.replace('"d"', '"\\u0064"')],
  ["in Signature-Key", `GET / HTTP/1.1\nSignature-Key: sig=hwk;kty="OKP";d="${JSON.parse(privateJwk).d}"`],
  [
    "in a token",
    `eyJhbGciOiJub25lIn0.${Buffer.from(`{"cnf":{"jwk":${privateJwk}}}`).toString("base64url")}.`,
  ],
  ["in base64", `{"log":"${btoa(privateJwk)}"}`],
  ["in single quotes", privateJwk.replaceAll('"', "'")],
  ["in an address", `GET /?jwk=${encodeURIComponent(privateJwk)} HTTP/1.1`],
  ["in DER", `X-Key: ${pem.split("\n")[1]}`],
  ["of PGP", "-----BEGIN PGP PRIVATE KEY BLOCK-----"],
  ["of OpenSSH, in base64", btoa("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA")],
])("R10: a private key %s is refused, and not repeated", (_what, input) => {
  expect(codeOf(input)).toBe("private_key");
});

test("a text of many beginnings of keys takes no time", () => {
  for (const part of ['"kty"', '{"kty":', "eyJh", "{", 'd="'])
    expect(codeOf(`GET / HTTP/1.1\n${part.repeat(200_000)}`)).not.toBe("private_key");
});

describe("an input that is not read has a code", () => {
  const har = (headers: unknown) =>
    JSON.stringify({
      log: { entries: [{ request: { method: "GET", url: "https://a.example/", headers } }] },
    });
  test.each<[string, string | Uint8Array, string]>([
    ["50 MB", new Uint8Array(50_000_000), "input_too_large"],
    ["50 MB of text", "x".repeat(50_000_000), "input_too_large"],
    ["a private JWK", privateJwk, "private_key"],
    ["a private key in a body", `POST / HTTP/1.1\nHost: a.example\n\n${privateJwk}`, "private_key"],
    ["a private key in JSON in a recording", JSON.stringify({ log: privateJwk }), "private_key"],
    ["a shared key", '{"kty":"oct","k":"AAAA"}', "private_key"],
    ["a private PEM", pem, "private_key"],
    ["markup", "<script>alert(1)</script>", "not_a_request"],
    ["control characters", "\u0000\u001b[2J\u202e", "not_a_request"],
    ["a recording whose headers are no list", har({ name: "signature" }), "no_signed_entry"],
    ["a recording with headers of other shapes", har([null, 1, { name: 1 }, []]), "no_signed_entry"],
    ["deep JSON", "[".repeat(100_000), "not_a_request"],
    ["deep JSON of a recording", `{"log":${"[".repeat(100_000)}`, "not_a_har"],
    ["many comments", "# \n".repeat(4_000_000), "malformed_header"],
    ["many escapes", `curl $'${"\\'".repeat(60_000)}'`, "malformed_curl"],
    ["many header lines", `GET / HTTP/1.1\n${"x: a\n".repeat(3000)}`, "input_too_large"],
    ["an answer alone", "HTTP/1.1 200 OK\nSignature: sig=:AAAA:\n\n", "not_a_request"],
    ["many quotes", `curl ${"'".repeat(100_001)}`, "malformed_curl"],
  ])("%s", (_what, input, code) => {
    expect(codeOf(input)).toBe(code);
  });

  test("a public key is no private one", () => {
    const publicJwk = '{"kty":"OKP","crv":"Ed25519","x":"AAAA"}';
    expect(codeOf(`POST / HTTP/1.1\nHost: a.example\n\n{"jwk":${publicJwk},"d":"other"}`)).toBe("none");
  });
});

test("a trace is explained by what its parties recorded, and not judged", async () => {
  const trace = JSON.stringify(recordedAnswer("changed-path"));
  const [message, ...others] = readInput(trace);
  expect(others).toEqual([]);
  const explained = await explainRecorded(message!, { profiles: [draft11, february2026] });
  expect(explained).toMatchObject({
    verdict: "undecided",
    request: { method: "POST", target: "/admin" },
    reason: expect.stringContaining("agentgateway recorded that the check “signature” failed"),
    remedy: {
      state: "named",
      text: 'The recorded bases differ: signed was "@path": /, received "@path": /admin. Let it pass on as it was signed.',
    },
  });
  expect(explained.secondOpinion).toBeUndefined();
  const [span] = JSON.parse(trace).data[0].spans.filter(({ tags }: { tags: { key: string }[] }) =>
    tags.some(({ key }) => key === "aauth.signature.base"),
  );
  expect(readInput(JSON.stringify(span))[0]?.message.method).toBe("POST");
  // A trace is the word of its maker: records of success accept nothing.
  const lies = trace.replaceAll('\\"verdict\\":\\"failed\\"', '\\"verdict\\":\\"passed\\"');
  const [believed] = await Promise.all(
    readInput(lies).map((lie) => explainRecorded(lie, { profiles: [february2026] })),
  );
  expect(believed).toMatchObject({ verdict: "undecided" });
  expect(believed?.remedy).toBeUndefined();
});

test("a trace without a signed request, and other JSON, have codes", () => {
  expect(codeOf('{"data":[]}')).toBe("no_signed_entry");
  expect(codeOf('{"spans":[null,1,{"tags":"x"}]}')).toBe("no_signed_entry");
  expect(codeOf('{"other":[]}')).toBe("not_a_har");
});

test.each<[string, Readonly<Record<string, string>>]>([
  ["a long field", { accept: ",".repeat(1_000_000) }],
  ["a long list", { "signature-input": `sig=(${'"a" '.repeat(100_000)});keyid="key-1"` }],
  ["thousands of components", { "signature-input": `sig=(${range(2000)});keyid="key-1"` }],
  [
    "a deep body",
    { "content-digest": "sha-256=:AAAA:", body: "[".repeat(7_000_000) + "]".repeat(7_000_000) },
  ],
])("a message with %s is answered at once", async (_what, { body = NODE.body, ...fields }) => {
  const startedAt = performance.now();
  const sent = { ...NODE, body, headers: { ...NODE.headers, ...fields } };
  await explain(sent).catch((error) => expect(error).toMatchObject({ code: "input_too_large" }));
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
