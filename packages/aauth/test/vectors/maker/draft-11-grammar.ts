/** Identifiers and fields of draft -11. */

import { accepts, refuses, type VectorFile } from "./messages.ts";

const long = (length: number) => "a".repeat(length);
const JWT = "eyJhbGciOiJFZDI1NTE5In0.e30.c2ln";

// ------------------------------------------------------------------------------------- identifiers

const titleOf = (value: string, isOne: boolean) =>
  `${isOne ? "accepts" : "refuses"} the identifier ${JSON.stringify(value.slice(0, 80))}`;
const verdicts = (section: string, isOne: boolean, values: readonly string[]) =>
  values.map((value) => accepts(titleOf(value, isOne), section, { value }, isOne));

const serverIdentifier: VectorFile = {
  about: "True for the identifier of a server.",
  operation: "server-identifier",
  cases: [
    ...verdicts("11.1.1", true, [
      "https://agent.example",
      "https://localhost",
      "https://xn--nxasmq6b.example",
      "https://a.b-c.d1",
    ]),
    ...verdicts("11.1.1", false, [
      "http://agent.example",
      "HTTPS://agent.example",
      "https://Agent.example",
      "https://Agent.Example",
      "https://agent.example:8443",
      "https://agent.example:443",
      "https://agent.example/v1",
      "https://agent.example/",
      "https://agent.example?x=1",
      "https://agent.example#f",
      "https://user@agent.example",
      "https://",
      "agent.example",
      "",
      " https://agent.example",
      "https://agent.example\n",
      "https://-a.example",
      "https://a..example",
      "https://a.example.",
      "https://2130706433",
      "https://0x7f.1",
      "https://[::1]",
      "https://ágent.example",
      `https://${long(64)}.example`,
      `https://${"a.".repeat(127)}example`,
    ]),
  ],
};

const agent = (value: string, local: string, domain: string) =>
  accepts(titleOf(value, true), "5.2", { value }, { local, domain });

const agentIdentifier: VectorFile = {
  about: "An agent identifier in its parts; null for what is not one.",
  operation: "agent-identifier",
  cases: [
    agent("aauth:assistant-v2@agent.example", "assistant-v2", "agent.example"),
    agent("aauth:planner.7f3c@vendor.example", "planner.7f3c", "vendor.example"),
    agent("aauth:planner.7f3c+search1@vendor.example", "planner.7f3c+search1", "vendor.example"),
    agent("aauth:a+b+c@agent.example", "a+b+c", "agent.example"),
    agent("aauth:Agent@agent.example", "Agent", "agent.example"),
    agent("aauth:agent_1@xn--nxasmq6b.example", "agent_1", "xn--nxasmq6b.example"),
    agent(`aauth:${long(255)}@agent.example`, long(255), "agent.example"),
    ...[
      `aauth:${long(256)}@agent.example`,
      "aauth:a b@agent.example",
      "aauth:@agent.example",
      "aauth:agent@https://agent.example",
      "aauth:agent@agent.example:8443",
      "aauth:agent@Agent.example",
      "aauth:agent@agent.example/",
      "aauth:agent@-agent.example",
      "aauth:agent@agent..example",
      "aauth:agént@agent.example",
      "aauth:agent@",
      "aauth:+worker@agent.example",
      "aauth:agent+@agent.example",
      "aauth:a@b@agent.example",
      "agent@agent.example",
      "AAUTH:agent@agent.example",
      "",
    ].map((value) => accepts(titleOf(value, false), "5.2", { value }, null)),
  ],
};

const endpointUrl: VectorFile = {
  about: "True for the address of an endpoint.",
  operation: "endpoint-url",
  cases: [
    ...verdicts("11.1.2", true, ["https://ps.example/token", "https://ps.example:8443/token"]),
    ...verdicts("11.1.2", false, [
      "http://ps.example/token",
      "https://ps.example/token?x=1",
      "https://ps.example/token#f",
      "/token",
      "https://u:p@ps.example/token",
      "https://ps.example/token?",
      "",
      " https://ps.example/",
    ]),
  ],
};

// ---------------------------------------------------------------------- the signature's own fields

const shown = `sig=jwt;jwt="${JWT}"`;
const parsedJwt = { label: "sig", scheme: "jwt", jwt: JWT };
const published = 'sig=jwks_uri;id="https://ps.example";dwk="aauth-person.json";kid="ps-1"';

const LABELLED = { label: "sig" };
const keyOf = (title: string, value: string, parsed: object, written?: string, label: object = LABELLED) =>
  accepts(
    `reads ${title}`,
    "K 3",
    { value, ...label },
    { parsed, ...(written !== undefined && { written }) },
  );
const badKey = (title: string, value: string, code = "malformed_signature_key", label: object = LABELLED) =>
  refuses(`refuses ${title}`, "K 3", { value, ...label }, code);
const spelt = 'sig1=jwks_uri;id="https://ps.example";dwk="aauth-person.json";kid="ps \\"1\\""';
const SCHEMES = [
  'hwk;kty="OKP";crv="Ed25519";x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";alg="Ed25519"',
  "jwks",
  "x509",
  'jkt-jwt;jwt="a"',
  "x-unregistered",
  "toString",
];

const signatureKey: VectorFile = {
  about:
    "Signature-Key: the member of the signature `label`; without it the only member, or sig. Where `written` is missing the scheme is not one of AAuth: it is known by its name alone, and a verifier refuses it with `unsupported_scheme`.",
  operation: "signature-key",
  cases: [
    keyOf("scheme jwt", shown, parsedJwt, shown),
    keyOf("a space after the semicolon", `sig=jwt; jwt="${JWT}"`, parsedJwt, shown),
    keyOf(
      "a member for another label, and an unknown parameter",
      `sig1=hwk;kty="OKP", ${shown};cache`,
      parsedJwt,
      shown,
    ),
    keyOf(
      "scheme jwks_uri",
      published,
      { label: "sig", scheme: "jwks_uri", id: "https://ps.example", dwk: "aauth-person.json", kid: "ps-1" },
      published,
    ),
    keyOf(
      "an escaped quote, and the only member's label where none is asked for",
      spelt,
      {
        label: "sig1",
        scheme: "jwks_uri",
        id: "https://ps.example",
        dwk: "aauth-person.json",
        kid: 'ps "1"',
      },
      spelt,
      {},
    ),
    keyOf("whitespace at the ends", ` ${shown};cache;n=1 \t`, parsedJwt, shown),
    keyOf("another member that is a list", `${shown}, a=(1 2)`, parsedJwt, shown),
    ...SCHEMES.map((member) => {
      const [scheme = ""] = member.split(";");
      return keyOf(`scheme ${scheme}`, `sig=${member}`, { label: "sig", scheme });
    }),
    badKey("several members without sig", `a=jwt;jwt="${JWT}", b=jwt;jwt="${JWT}"`, "label_mismatch", {}),
    badKey("a scheme that is a list", `sig=(jwt);jwt="${JWT}"`),
    badKey("no member for the label", `sig1=jwt;jwt="${JWT}"`, "label_mismatch"),
    badKey("an empty field", ""),
    badKey("a scheme that is a string", 'sig="jwt";jwt="x"'),
    badKey("scheme jwt without jwt", "sig=jwt"),
    badKey("a jwt that is a token", "sig=jwt;jwt=abc"),
    badKey("an empty jwt", 'sig=jwt;jwt=""'),
    badKey("a parameter twice", `${shown};jwt="a"`),
    badKey("a member twice", `${shown}, ${shown}`),
    badKey("a comma at the end", `${shown},`),
    badKey("a label in upper case", `Sig=jwt;jwt="${JWT}"`),
    badKey("another member that is malformed", `${shown}, b=é`),
    badKey("a space before the semicolon", `sig=jwt ;jwt="${JWT}"`),
    ...["id", "dwk", "kid"].map((name) =>
      badKey(`scheme jwks_uri without ${name}`, published.replace(new RegExp(`;${name}="[^"]*"`), "")),
    ),
    badKey("the form of February 2026", `sig1=(scheme=jwt jwt="${JWT}")`),
  ],
};

const LIST = '("@method" "@authority" "@path" "signature-key")';
const input = (title: string, value: string, parsed: object) =>
  accepts(`reads ${title}`, "RFC 9421, section 4.1", { value }, parsed);
const badInput = (title: string, value: string) =>
  refuses(`refuses ${title}`, "RFC 9421, section 4.1", { value }, "malformed_signature_input");
const COMPONENTS = ["@method", "@authority", "@path", "signature-key"];

const signatureInput: VectorFile = {
  about: "Signature-Input: the only member, or the one labelled `sig` among several.",
  operation: "signature-input",
  cases: [
    input("one member", `sig=${LIST};created=1795804700`, {
      label: "sig",
      components: COMPONENTS,
      params: { created: 1795804700 },
    }),
    input("any label", `x1=${LIST};created=1`, {
      label: "x1",
      components: COMPONENTS,
      params: { created: 1 },
    }),
    input("a string parameter", 'sig=("@method" "nonce");created=1;nonce="abc123";keyid="k"', {
      label: "sig",
      components: ["@method", "nonce"],
      params: { created: 1, nonce: "abc123", keyid: "k" },
    }),
    input("sig among several members", `a=("b,c");created=2, sig=${LIST};created=1`, {
      label: "sig",
      components: COMPONENTS,
      params: { created: 1 },
    }),
    badInput("an empty field", ""),
    badInput("several members without sig", `a=${LIST};created=1, b=${LIST};created=1`),
    badInput("a label twice", `sig=${LIST};created=1, sig=${LIST};created=1`),
    badInput("something that is not a member", `sig=${LIST};created=1, (`),
    badInput("a comma at the end", `sig=${LIST};created=1,`),
    badInput("a component twice", 'sig=("@method" "@method");created=1'),
    badInput("a component with a parameter", 'sig=("@method";req);created=1'),
    badInput("a parameter twice", `sig=${LIST};created=1;created=2`),
    badInput("a component that is a token", "sig=(method);created=1"),
  ],
};

const BYTES = Buffer.alloc(64, 251);
const [BASE64, BASE64URL] = [BYTES.toString("base64"), BYTES.toString("base64url")];
const badSignature = (title: string, value: string) =>
  refuses(`refuses ${title}`, "11.3.4, step 1", { value }, "malformed_signature");

const signature: VectorFile = {
  about: "Signature: the member of the signature `sig`, or the only one. Bytes in base64.",
  operation: "signature",
  cases: [
    accepts(
      "reads base64 with padding",
      "11.3",
      { value: `sig=:${BASE64}:` },
      { label: "sig", bytes: BASE64 },
    ),
    accepts("reads any label", "11.3", { value: `a=:${BASE64}:` }, { label: "a", bytes: BASE64 }),
    accepts(
      "reads sig among several members",
      "11.3",
      { value: `a=:AAAA:, sig=:${BASE64}:` },
      { label: "sig", bytes: BASE64 },
    ),
    badSignature("base64 without padding", `sig=:${BASE64.replace(/=+$/, "")}:`),
    badSignature("bytes in base64url", `sig=:${BASE64URL}:`),
    badSignature("fewer than 64 bytes", "sig=:AAAA:"),
    badSignature("a label twice", `sig=:${BASE64}:, sig=:${BASE64}:`),
    badSignature("a string", `sig="${BASE64}"`),
    badSignature("an empty field", ""),
  ],
};

// ----------------------------------------------------------------------------- fields of responses

const ASK = 'url="https://ps.example/interaction"; code="A1B2-C3D4"';
const field = (section: string) => ({
  is: (title: string, value: string, parsed: unknown, written = value) =>
    accepts(`reads ${title}`, section, { value }, { parsed, written }),
  isNot: (title: string, value: string) =>
    refuses(`refuses ${title}`, section, { value }, "malformed_challenge"),
});
const demand = field("11.6");
const person = { requirement: "interaction", url: "https://ps.example/interaction", code: "A1B2-C3D4" };

const requirement: VectorFile = {
  about: "AAuth-Requirement, parsed and written again.",
  operation: "aauth-requirement",
  cases: [
    demand.is("an agent token", "requirement=agent-token", { requirement: "agent-token" }),
    demand.is("a person token", "requirement=person-token", { requirement: "person-token" }),
    demand.is("an auth token", `requirement=auth-token; resource-token="${JWT}"`, {
      requirement: "auth-token",
      resourceToken: JWT,
    }),
    demand.is("an interaction", `requirement=interaction; ${ASK}`, person),
    demand.is(
      "no space after a semicolon",
      `requirement=interaction;${ASK.replace("; ", ";")}`,
      person,
      `requirement=interaction; ${ASK}`,
    ),
    demand.is("an approval", "requirement=approval", { requirement: "approval" }),
    demand.is("a requirement that is not known", "requirement=something-new", {
      requirement: "something-new",
    }),
    demand.is(
      "an unknown parameter",
      'requirement=agent-token; future-param="x"',
      { requirement: "agent-token" },
      "requirement=agent-token",
    ),
    demand.is(
      "unknown members",
      'a=1, requirement=approval;x="y";resource-token="t", b',
      { requirement: "approval" },
      "requirement=approval",
    ),
    demand.isNot("an empty field", ""),
    demand.isNot("no member requirement", "agent-token"),
    demand.isNot("a requirement that is a string", 'requirement="agent-token"'),
    demand.isNot("a requirement without value", "requirement"),
    demand.isNot("a requirement that is a list", "requirement=(a)"),
    demand.isNot("a requirement that is a number", "requirement=1"),
    demand.isNot("a requirement twice", "requirement=a, requirement=b"),
    demand.isNot("an auth token without resource token", "requirement=auth-token"),
    demand.isNot("an empty resource token", 'requirement=auth-token; resource-token=""'),
    demand.isNot("a resource token that is a token", "requirement=auth-token; resource-token=abc"),
    demand.isNot("a parameter twice", 'requirement=auth-token; resource-token="a"; resource-token="b"'),
    demand.isNot("an interaction without url and code", "requirement=interaction"),
    demand.isNot("an interaction without code", 'requirement=interaction; url="https://ps.example/i"'),
    demand.isNot("an interaction without url", 'requirement=interaction; code="A"'),
    demand.isNot("an http url", `requirement=interaction; ${ASK.replace("https", "http")}`),
    demand.isNot("a url with a query", `requirement=interaction; ${ASK.replace("interaction", "i?x=1")}`),
    demand.isNot("a javascript url", `requirement=interaction; ${ASK.replace("https", "javascript")}`),
  ],
};

const failure = field("K 5");
const CODES = [
  "invalid_signature",
  "unsupported_algorithm",
  "unsupported_scheme",
  "unknown_key",
  "invalid_key",
  "issuer_mismatch",
  "issuer_missing",
  "invalid_jwt",
  "expired_jwt",
  "revoked_jwt",
  "clock_skew",
];
const REQUIRED = 'error=invalid_input, required_input=("@method" "@path" "content-digest")';

const signatureError: VectorFile = {
  about: "Signature-Error, parsed and written again.",
  operation: "signature-error",
  cases: [
    ...CODES.map((error) => failure.is(`the error ${error}`, `error=${error}`, { error })),
    failure.is("components that have to be covered", REQUIRED, {
      error: "invalid_input",
      requiredInput: ["@method", "@path", "content-digest"],
    }),
    failure.is(
      "other spacing",
      'error=invalid_input,required_input=("@method"  "@path" "content-digest")',
      { error: "invalid_input", requiredInput: ["@method", "@path", "content-digest"] },
      REQUIRED,
    ),
    failure.is(
      "an unknown member",
      'error=revoked_jwt, future_member="x"',
      { error: "revoked_jwt" },
      "error=revoked_jwt",
    ),
    failure.isNot("an empty field", ""),
    failure.isNot("an error without value", "error"),
    failure.isNot("an error that is a string", 'error="invalid_signature"'),
    failure.isNot("an error twice", "error=a, error=b"),
    failure.isNot("a comma at the end", "error=invalid_signature,"),
    failure.isNot("components that are a token", "error=invalid_input, required_input=a"),
  ],
};

const list = field("K 4");

const tokenList: VectorFile = {
  about: "Accept-Signature-Scheme, Accept-Signature-Alg and AAuth-Capabilities, parsed and written again.",
  operation: "token-list",
  cases: [
    list.is("two algorithms", "Ed25519, ES256", ["Ed25519", "ES256"]),
    list.is(
      "other spacing, and a parameter",
      " Ed25519 ,\tES256;q=1",
      ["Ed25519", "ES256"],
      "Ed25519, ES256",
    ),
    list.is("an empty field", "", []),
    list.isNot("a string", '"Ed25519"'),
    list.isNot("two tokens without comma", "a b"),
    list.isNot("a comma at the end", "a,"),
    list.isNot("a number", "1"),
    list.isNot("an inner list", "(a)"),
    list.isNot("a parameter that is not ASCII", "a;b=é"),
  ],
};

export const draft11Grammar: Readonly<Record<string, VectorFile>> = {
  "draft-11/server-identifier.json": serverIdentifier,
  "draft-11/agent-identifier.json": agentIdentifier,
  "draft-11/endpoint-url.json": endpointUrl,
  "draft-11/signature-key.json": signatureKey,
  "draft-11/signature-input.json": signatureInput,
  "draft-11/signature.json": signature,
  "draft-11/aauth-requirement.json": requirement,
  "draft-11/signature-error.json": signatureError,
  "draft-11/token-list.json": tokenList,
};
