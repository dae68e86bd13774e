import { readFileSync } from "node:fs";
import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import { describe, expect, test } from "vitest";
import { explainRecorded } from "../src/index.ts";

interface Sent {
  readonly library: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly keys: readonly object[];
}

/** Signed by the libraries themselves. */
const MESSAGES: readonly Sent[] = JSON.parse(
  readFileSync(new URL("messages-of-others.json", import.meta.url), "utf8"),
);
const named = (name: string) => MESSAGES.find(({ library }) => library.includes(name))!;
const WITH_QUERY = named("with @query");
const HTTPSIG = named("@hellocoop/httpsig");
const BOT = named("web-bot-auth");
const NODE = named("http-message-signatures");

const explain = ({ method, url, headers, body, keys }: Sent) =>
  explainRecorded(
    { message: { method, url, headers, ...(body && { body: new TextEncoder().encode(body) }) } },
    { profiles: [draft11, february2026], keys: [JSON.stringify({ keys })] },
  );

type Change = (sent: Sent) => Partial<Sent>;
const address =
  (from: string, to: string): Change =>
  ({ url }) => ({ url: url.replace(from, to) });
const field =
  (name: string, value: (old: string) => string): Change =>
  ({ headers }) => ({ headers: { ...headers, [name]: value(headers[name] ?? "") } });
const dropped =
  (name: string): Change =>
  ({ headers: { [name]: _dropped, ...headers } }) => ({ headers });
const body =
  (text: string): Change =>
  () => ({ body: text });

test.each([HTTPSIG, BOT, NODE])(
  "$library: as it was sent, it is accepted, and both bases agree",
  async (sent) => {
    const explanation = await explain(sent);
    expect(explanation).toMatchObject({ verdict: "accepted", signatureBase: { agree: true } });
    expect(explanation.remedy).toBeUndefined();
    expect(explanation.sentence).toContain("passes every check");
  },
);

test.each([HTTPSIG, BOT, NODE])("$library: the kind of the message is named", async (sent) => {
  const { profile, parties } = await explain(sent);
  const kinds: Record<string, object> = {
    [HTTPSIG.library]: { profile: "draft-11", parties: { signer: "aauth:planner@agent.example" } },
    [BOT.library]: { profile: "web-bot-auth", parties: { signer: "https://bot.example" } },
    [NODE.library]: { profile: "rfc-9421", parties: { signer: "key-1" } },
  };
  expect({ profile, parties }).toMatchObject(kinds[sent.library]!);
});

const OTHER_BODY = '{"order": 2}\n';
const OTHER_DIGEST = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

describe("a fault that the message proves is named", () => {
  test.each<[string, Sent, Change, string]>([
    [
      "another host, in X-Forwarded-Host",
      HTTPSIG,
      (sent) => ({
        ...field("x-forwarded-host", () => "api.example")(sent),
        ...address("api.example", "10.0.0.7")(sent),
      }),
      "signed for the host api.example",
    ],
    ["a port that was added", HTTPSIG, address("api.example", "api.example:8443"), "the port differs"],
    ["a port that was lost", BOT, address(":8443", ""), "signed for shop.example:8443"],
    ["another scheme", NODE, address("https:", "http:"), "signed for the scheme https"],
    ["a slash that was lost", NODE, address("orders/?", "orders?"), "the slash at its end differs"],
    ["a path that was decoded", HTTPSIG, address("%2F", "%2f"), "the case of its encoding differs"],
    [
      "a path that was rewritten",
      NODE,
      (sent) => ({
        ...field("x-original-uri", () => "/v1/orders/?page=2&sort=up")(sent),
        ...address("/v1/orders/", "/internal")(sent),
      }),
      "rewritten (x-original-uri)",
    ],
    [
      "a parameter that was added",
      NODE,
      address("page=2", "page=2&utm_source=x"),
      "the parameter utm_source",
    ],
    [
      "parameters in another order",
      NODE,
      address("page=2&sort=up", "sort=up&page=2"),
      "the order of its parameters",
    ],
    [
      "@query without its question mark, which the library signs",
      WITH_QUERY,
      () => ({}),
      "@query without its question mark",
    ],
    ["another method", NODE, () => ({ method: "PUT" }), "signed for the method POST"],
    [
      "a digest written by a proxy",
      NODE,
      field("content-digest", () => OTHER_DIGEST),
      "Content-Digest was changed after signing",
    ],
    ["a body that was changed", NODE, body(OTHER_BODY), "The body is not the one that Content-Digest names"],
    ["a body without its line end", NODE, body('{"order": 1}'), "with a line end at its end"],
    [
      "a value that was joined",
      NODE,
      field("accept", (old) => `${old}, */*`),
      "signed was all but its last value",
    ],
    [
      "a charset that was added",
      HTTPSIG,
      field("content-type", (old) => `${old}; charset=utf-8`),
      "its value without parameters",
    ],
    [
      "values joined without a space",
      NODE,
      field("accept", (old) => old.replace(", ", ",")),
      "its values joined with a space",
    ],
    ["a field that was dropped", NODE, dropped("accept"), "it was dropped on the way"],
    ["a dropped Signature-Agent", BOT, dropped("signature-agent"), "it was dropped on the way"],
    [
      "components in another order",
      NODE,
      field("signature-input", (old) => old.replace('"@method" "@target-uri"', '"@target-uri" "@method"')),
      "the order of the components differs",
    ],
    [
      "a component that was not signed",
      NODE,
      field("signature-input", (old) => old.replace('"@method"', '"@method" "@authority"')),
      "@authority was not signed",
    ],
    [
      "a component that was left out",
      NODE,
      field("signature-input", (old) => old.replace(' "accept"', "")),
      "accept was signed, too",
    ],
    [
      "parameters of Signature-Input in another order",
      NODE,
      field("signature-input", (old) => old.replace(/(;created=\d+)(;keyid="key-1")/, "$2$1")),
      "their order differs",
    ],
    ["a label that differs", BOT, field("signature", (old) => old.replace("sig1=", "sig2=")), "one label"],
    [
      "a Signature-Agent that is not covered",
      BOT,
      field("signature-input", (old) => old.replace(' "signature-agent"', "")),
      "Cover the component",
    ],
    [
      "another key that is given",
      NODE,
      (sent) => ({
        keys: [
          { ...BOT.keys[0], kid: "key-1" },
          { ...sent.keys[0], kid: "key-2" },
        ],
        ...field("signature-input", (old) => old.replace(';alg="ecdsa-p256-sha256"', ""))(sent),
      }),
      "cannot be known",
    ],
    [
      "an algorithm of another key",
      NODE,
      (sent) => ({ keys: [{ ...BOT.keys[0], kid: "key-1" }, ...sent.keys] }),
      "Name the algorithm",
    ],
  ])("%s", async (_what, sent, change, text) => {
    const { verdict, remedy, sentence } = await explain({ ...sent, ...change(sent) });
    expect({ verdict, text: remedy?.text }).toEqual({
      verdict: "refused",
      text: expect.stringContaining(text),
    });
    expect(sentence).toContain("is refused at the check");
  });
});

describe("a fault that the message does not show is not guessed", () => {
  test.each<[string, Sent, Change]>([
    ["a value that was replaced", NODE, field("accept", () => "text/html")],
    ["another host, which nothing names", HTTPSIG, address("api.example", "10.0.0.7")],
    ["two parts that differ", NODE, (sent) => ({ method: "PUT", ...address("https:", "http:")(sent) })],
    ["a signature of other bytes", BOT, field("signature", (old) => old.replace(/:../, ":AA"))],
    [
      "body and digest that were replaced",
      NODE,
      (sent) => ({ ...field("content-digest", () => OTHER_DIGEST)(sent), ...body("x")(sent) }),
    ],
    ["another path", HTTPSIG, address("/orders", "/accounts")],
    [
      "a time that was changed",
      NODE,
      field("signature-input", (old) => old.replace("created=179", "created=178")),
    ],
    ["the key of another party", NODE, () => ({ keys: [{ ...HTTPSIG_KEY, kid: "key-1" }] })],
  ])("%s", async (_what, sent, change) => {
    const { verdict, code, remedy } = await explain({ ...sent, ...change(sent) });
    expect({ verdict, code, remedy }).toEqual({
      verdict: "refused",
      code: "invalid_signature",
      remedy: { state: "unknown", text: expect.stringContaining("cannot be known from this message") },
    });
  });
});

/** Another P-256 key. */
const HTTPSIG_KEY = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

test("without its key a message that is not AAuth is undecided", async () => {
  for (const sent of [BOT, NODE]) {
    const { verdict, reason, sentence } = await explain({ ...sent, keys: [] });
    expect({ verdict, reason }).toMatchObject({
      verdict: "undecided",
      reason: expect.stringContaining("give the signer’s public key"),
    });
    expect(sentence).toContain("cannot be judged");
  }
});
