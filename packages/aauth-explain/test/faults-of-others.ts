/** Messages of other libraries, and faults that they can have. */

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import { keys } from "../../aauth/test/vectors/maker/keys.ts";
import { explainRecorded } from "../src/index.ts";

export interface Sent {
  readonly library: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly keys: readonly object[];
  /** See `RecordedOptions`. */
  readonly at?: string;
}

export const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
/** Signed by the libraries themselves: tests/interop/draft-11/messages-of-others.test.ts. */
export const ALL: readonly Sent[] = JSON.parse(read("messages-of-others.json"));
export const [HTTPSIG, WITH_QUERY, BOT, NODE, INTROSPECTION, REGENT, AAUTH, RUST] = ALL as [
  Sent,
  Sent,
  Sent,
  Sent,
  Sent,
  Sent,
  Sent,
  Sent,
];
const inBase64 = (value: string) => value.replaceAll("-", "+").replaceAll("_", "/").replace(/=*:$/, "==:");
/** Those with a fault of their own have it mended. */
export const PEERS = [
  HTTPSIG,
  BOT,
  NODE,
  INTROSPECTION,
  REGENT,
  field("signature", inBase64)(AAUTH),
  RUST,
] as Sent[];

export const explain = ({ method, url, headers, body, keys, at }: Sent) =>
  explainRecorded(
    { message: { method, url, headers, ...(body && { body: new TextEncoder().encode(body) }) } },
    { profiles: [draft11, february2026], keys: [JSON.stringify({ keys })], at },
  );

/** The message with the fault; undefined where it cannot have it. */
type Change = (sent: Sent) => Sent | undefined | Promise<Sent | undefined>;
const changed = (sent: Sent, edit: Partial<Sent>): Sent | undefined =>
  Object.entries(edit).every(([name, value]) => sent[name as keyof Sent] === value)
    ? undefined
    : { ...sent, ...edit };
const address =
  (from: string | RegExp, to: string): Change =>
  (sent) =>
    changed(sent, { url: sent.url.replace(from, to) });
function field(name: string, value: (old: string) => string) {
  return (sent: Sent): Sent | undefined => {
    const old = sent.headers[name];
    if (old === undefined || value(old) === old) return undefined;
    return { ...sent, headers: { ...sent.headers, [name]: value(old) } };
  };
}
const input = (from: string | RegExp, to: string) => field("signature-input", (old) => old.replace(from, to));
const dropped =
  (name: string): Change =>
  ({ headers: { [name]: old, ...headers }, ...sent }) =>
    old === undefined ? undefined : { ...sent, headers };
const added =
  (name: string, value: (sent: Sent) => string, change: Change): Change =>
  (sent) =>
    change({ ...sent, headers: { ...sent.headers, [name]: value(sent) } });
const body =
  (text: (old: string) => string): Change =>
  (sent) =>
    sent.body === "" ? undefined : { ...sent, body: text(sent.body) };
const bytes = (change: (old: Buffer) => Buffer) =>
  field("signature", (old) =>
    old.replace(
      /:(.*):/,
      (_all, text: string) => `:${change(Buffer.from(text, "base64")).toString("base64")}:`,
    ),
  );
const flipped = bytes((old) => Buffer.from(old.map((byte, at) => (at === 9 ? byte ^ 1 : byte))));
const der = bytes((old) => {
  const integers = [old.subarray(0, 32), old.subarray(32)].map((half) =>
    Buffer.concat([Buffer.from(half[0]! > 127 ? [2, 33, 0] : [2, 32]), half]),
  );
  const content = Buffer.concat(integers);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
});
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const OTHER_KEY = { ...publicKey.export({ format: "jwk" }), kid: "other" };
/** Signed by another key, which is given or not. */
const byOtherKey =
  (...given: readonly object[]): Change =>
  async (sent) => {
    const named = input(/;alg="[^"]*"/, "")(sent) ?? sent;
    const { signatureBase } = await explain(named);
    const signed = bytes(() => sign(null, Buffer.from(signatureBase.ours!), privateKey))(named)!;
    return { ...signed, keys: [...sent.keys, ...given] };
  };

/** Signed by its own key, with a base that it builds in another way. */
const byItself =
  (change: (base: string) => string): Change =>
  async (sent) => {
    if (isAAuth(sent)) return undefined;
    const { signatureBase } = await explain(sent);
    const { sign: signed } = isBot(sent) ? keys.A : keys.es256;
    return bytes(() => signed(change(signatureBase.ours!)))(sent);
  };

const AUTHORITY = /(?<=\/\/)[^/]+/;
const SHA_512 = (sent: Sent) => `sha-512=:${createHash("sha512").update(sent.body).digest("base64")}:`;
const created = Number(/created=(\d+)/.exec(NODE.headers["signature-input"]!)![1]);
const hostOf = ({ url }: Sent) => new URL(url).host;

export const UNKNOWN = "cannot be known from this message";
export const isAAuth = (sent: Sent) => "signature-key" in sent.headers;
const isBot = (sent: Sent) => sent.library === BOT.library;
const covers = (sent: Sent, ...names: readonly string[]) =>
  names.some((name) => sent.headers["signature-input"]!.includes(`"${name}"`));
/** The given words where one of these is signed; else the message is accepted. */
const where =
  (text: string, ...names: readonly string[]) =>
  (sent: Sent) =>
    covers(sent, ...names) ? text : "accepted";
const PATH = ["@path", "@target-uri"];
const QUERY = ["@query", "@target-uri"];

/** Each with the words of the reader: the remedy, the reason, or that the message is accepted. */
export const FAULTS: readonly (readonly [
  what: string,
  change: Change,
  said: string | ((sent: Sent) => string),
])[] = [
  ["a host that nothing names", address(AUTHORITY, "10.9.8.7"), UNKNOWN],
  [
    "the internal host, with the public one in Forwarded",
    added(
      "forwarded",
      (sent) => `for=192.0.2.1;host="${hostOf(sent)}"`,
      address(AUTHORITY, "backend.internal:9000"),
    ),
    "signed for the host",
  ],
  [
    "the internal host, with the public one in X-Forwarded-Host",
    added("x-forwarded-host", hostOf, address(AUTHORITY, "10.0.0.7")),
    "signed for the host",
  ],
  ["a port that was added", address(/(?<=api\.example)/, ":41873"), "the port differs"],
  ["a port that was lost", address(":8443", ""), "signed for shop.example:8443"],
  ["another scheme", address("https:", "http:"), where("signed for the scheme https", "@target-uri")],
  ["a slash that was added", address("b?", "b/?"), where("the slash at its end differs", ...PATH)],
  ["a slash that was lost", address("/?", "?"), where("the slash at its end differs", ...PATH)],
  ["an encoded slash that was decoded", address("%2F", "/"), where("a decoded slash differs", ...PATH)],
  ["an encoding in lower case", address("%2F", "%2f"), where("the case of its encoding differs", ...PATH)],
  ["an encoding of the encoding", address("%2F", "%252F"), where("its percent-encoding differs", ...PATH)],
  [
    "a prefix that was added",
    address(/(?<=example)(?=[:/])(:8443)?/, "$1/gateway"),
    where("first segment differs", ...PATH),
  ],
  ["a prefix that was taken away", address(/(?<=\w)\/(orders|v1|list)(?=\/)/, ""), where(UNKNOWN, ...PATH)],
  [
    "a path that was rewritten, with the old one in X-Original-URI",
    added(
      "x-original-uri",
      ({ url }) => new URL(url).pathname,
      address(/(?<=\w)\/(?:v1\/)?(?:orders|list)[^?]*/, "/internal"),
    ),
    where("rewritten (x-original-uri)", ...PATH),
  ],
  ["another path", address(/orders|list/, "accounts"), where(UNKNOWN, ...PATH)],
  [
    "a parameter that was added",
    address(/\?/, "?utm_source=x&"),
    where("the parameter utm_source", ...QUERY),
  ],
  ["a parameter that was doubled", address(/page=2/, "page=2&page=2"), where("the parameter page", ...QUERY)],
  [
    "parameters in another order",
    address(/\?(.*)&(.*)/, "?$2&$1"),
    where("the order of its parameters", ...QUERY),
  ],
  ["another value in the query", address("page=2", "page=3"), where(UNKNOWN, ...QUERY)],
  ["a query that was dropped", address(/\?.*/, ""), where(UNKNOWN, ...QUERY)],
  ["another method", (sent) => ({ ...sent, method: "PUT" }), where("signed for the method", "@method")],
  ["another body", body(() => '{"order": 2}\n'), "The body is not the one that Content-Digest names"],
  ["a body without its line end", body((old) => old.trim()), "with a line end at its end"],
  ["a body with a byte order mark", body((old) => `\ufeff${old}`), "without the byte order mark"],
  [
    "a digest of another algorithm",
    (sent) => field("content-digest", () => SHA_512(sent))(sent),
    "Content-Digest was changed after signing",
  ],
  [
    "a digest of an empty body, from a proxy",
    field("content-digest", () => "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
    "Content-Digest was changed after signing",
  ],
  [
    "body and digest that were replaced",
    (sent) =>
      field(
        "content-digest",
        () => "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
      )({ ...sent, body: "x" }),
    UNKNOWN,
  ],
  ["a covered field that was dropped", dropped("content-type"), "it was dropped on the way"],
  ["a Signature-Agent that was dropped", dropped("signature-agent"), "it was dropped on the way"],
  [
    "a value that was joined",
    field("content-type", (old) => `${old}, text/plain`),
    "signed was its first value",
  ],
  [
    "values joined without a space",
    field("accept", (old) => old.replace(", ", ",")),
    "its values joined with a space",
  ],
  [
    "a charset that was added",
    field("content-type", (old) => `${old};charset=UTF-8`),
    "its value without parameters",
  ],
  ["a value in other case", field("content-type", (old) => old.toUpperCase()), "its value in lower case"],
  ["a value that was replaced", field("content-type", () => "text/plain"), UNKNOWN],
  [
    "components in another order",
    input(/\(("[^"]+") ("[^"]+")/, "($2 $1"),
    "the order of the components differs",
  ],
  [
    "the first component as the last",
    input(/\(("[^"]+") ([^)]*)\)/, "($2 $1)"),
    "the order of the components differs",
  ],
  ["a component that the list leaves out", input(/ "(?:content-type|accept)"/, ""), "was signed, too"],
  ["a component that was not signed", input(")", ' "@scheme")'), "@scheme was not signed"],
  [
    "a component that is required",
    input(/"@path" |("@authority") "signature-agent"/, "$1"),
    "Cover the component",
  ],
  ["a component twice", input(/\(("[^"]+")/, "($1 $1"), "each component once"],
  ["the status of a response", input(")", ' "@status")'), "@status is of a response"],
  ["a component in upper case", input('"content-type"', '"Content-Type"'), "Signature-Input by RFC 9421"],
  ["a parameter that was not signed", input(/$/, ';tag="x"'), "tag was not signed"],
  ["parameters in another order", input(/(;created=\d+)(;keyid="[^"]+")/, "$2$1"), "their order differs"],
  ["another tag", input("web-bot-auth", "other"), UNKNOWN],
  ["a time that was changed", input(/created=\d+/, `created=${created + 1}`), UNKNOWN],
  ["a time in milliseconds", input(/created=\d+/, "$&000"), "it is in milliseconds"],
  ["a time that is a string", input(/created=(\d+)/, 'created="$1"'), "Send created, in Unix seconds"],
  [
    "a clock that is late",
    (sent) => ({ ...sent, at: String(created + 7200) }),
    (sent) => (isAAuth(sent) ? "Set the clocks right" : isBot(sent) ? "a later expires" : "accepted"),
  ],
  ["a clock that is early", (sent) => ({ ...sent, at: String(created - 600) }), "Set the clocks right"],
  ["another label in Signature", field("signature", (old) => `x${old}`), "one label"],
  ["another label in Signature-Input", input(/^/, "x"), "one label"],
  ["another label in Signature-Key", field("signature-key", (old) => `x${old}`), "one label"],
  [
    "an algorithm that the key is not for",
    input(/alg="[^"]*"/, 'alg="rsa-pss-sha512"'),
    "Name the algorithm",
  ],
  [
    "another signature before it",
    added(
      "x",
      () => "",
      (sent) =>
        field(
          "signature",
          (old) => `proxy=:AAAA:, ${old}`,
        )(input(/^/, 'proxy=("@method");keyid="proxy", ')(sent)!),
    ),
    "accepted",
  ],
  ["a truncated signature", bytes((old) => old.subarray(0, 60)), "with all of its bytes"],
  [
    "a signature that was cut in its text",
    field("signature", (old) => old.slice(0, 60)),
    "Write Signature as label=:base64:",
  ],
  [
    "a signature in base64url",
    field("signature", (old) => old.replaceAll("+", "-").replaceAll("/", "_").replace(/=*:$/, ":")),
    "it is in base64url",
  ],
  [
    "a signature in hexadecimal",
    field("signature", (old) =>
      old.replace(/:(.*):/, (_all, text: string) => `:${Buffer.from(text, "base64").toString("hex")}:`),
    ),
    "it is in hexadecimal",
  ],
  ["a signature in DER", der, "it is in DER"],
  [
    "a signature in quotes",
    field("signature", (old) => old.replace(/:(.*):/, '"$1"')),
    "Write Signature as label=:base64:",
  ],
  ["a bit of the signature", flipped, UNKNOWN],
  ["a bit of the signature and the host", (sent) => address(AUTHORITY, "localhost")(flipped(sent)!), UNKNOWN],
  [
    "method and scheme",
    (sent) => address("https:", "http:")({ ...sent, method: "PUT" }),
    (sent) => (covers(sent, "@target-uri") ? UNKNOWN : where("signed for the method", "@method")(sent)),
  ],
  ["another key, which is not given", byOtherKey(), UNKNOWN],
  ["another key, which is given", byOtherKey(OTHER_KEY), "signed with the key other"],
  ["a line end after the base", byItself((base) => `${base}\n`), "a line end after its last line"],
  ["a base with CRLF", byItself((base) => base.replaceAll("\n", "\r\n")), "its lines end with CRLF"],
  [
    "a base without its last line",
    byItself((base) => base.replace(/\n.*$/, "")),
    "lacks the line @signature-params",
  ],
  ["two changes of the base", byItself((base) => `${base.replace("example", "x")}\n`), UNKNOWN],
  ["Signature that was dropped", dropped("signature"), "one of them did not arrive"],
  ["Signature-Input that was dropped", dropped("signature-input"), "one of them did not arrive"],
  ["Signature-Key that was dropped", dropped("signature-key"), "one of them did not arrive"],
];

const quoted = (text: string) =>
  `$'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
const lines = ({ headers, body: content }: Sent, mark: string) =>
  Object.entries({ ...headers, ...(content && { "content-length": String(Buffer.byteLength(content)) }) })
    .map(([name, value]) => `${mark}${name}: ${value}\n`)
    .join("");
const raw = (sent: Sent) => `${sent.method} ${sent.url} HTTP/1.1\n${lines(sent, "")}\n${sent.body}`;

/** Forms in which a message may be given. */
export const FORMS: Readonly<Record<string, (sent: Sent) => string>> = {
  raw,
  "raw with its answer": (sent) => `${raw(sent)}\nHTTP/1.1 401 Unauthorized\n\nno`,
  curl: ({ method, url, headers, body: content }) =>
    ["curl", "-X", method, quoted(url)]
      .concat(Object.entries(headers).flatMap(([name, value]) => ["-H", quoted(`${name}: ${value}`)]))
      .concat(content && ["--data-raw", quoted(content)])
      .join(" "),
  "curl -v": (sent) =>
    `* SSL connection\n> ${sent.method} ${sent.url.replace(/^.*?\/\/[^/]+/, "")} HTTP/1.1\n> Host: ${hostOf(sent)}\n${lines(sent, "> ")}>\n`,
  "a HAR entry": ({ method, url, headers, body: content }) =>
    JSON.stringify({
      request: {
        method,
        url,
        headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
        ...(content && { postData: { text: content } }),
      },
    }),
};
