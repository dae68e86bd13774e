/** Vectors of February 2026. Sections are those of docs/february-2026/profile.md. */

import { type Key, keys } from "./keys.ts";
import { accepts, type Case, digest, type Fields, jwt, refuses, sign, type VectorFile } from "./messages.ts";

const NOW = 1_730_217_600;
const { x } = keys.A.jwk;
const HWK = `(scheme=hwk kty="OKP" crv="Ed25519" x="${x}")`;
const hwk = `sig1=${HWK}`;
const jwks = 'sig1=(scheme=jwks id="http://backend.localhost:8000" kid="backend-ephemeral-1")';
const named = jwks.replace(")", ' well-known="aauth-agent")');

// ------------------------------------------------------------------------------------------ fields

const key = (title: string, value: string, parsed: object, written = value) =>
  accepts(`reads ${title}`, "profile 1.2", { value }, { parsed, written });
const badKey = (title: string, value: string, code = "malformed_signature_key") =>
  refuses(`refuses ${title}`, "profile 1.5", { value }, code);
const parsedHwk = { label: "sig1", scheme: "hwk", jwk: { kty: "OKP", crv: "Ed25519", x } };
const backend = {
  label: "sig1",
  scheme: "jwks",
  id: "http://backend.localhost:8000",
  kid: "backend-ephemeral-1",
};

const signatureKey: VectorFile = {
  about: "Signature-Key, parsed and written again.",
  operation: "signature-key",
  cases: [
    key("scheme hwk", hwk, parsedHwk),
    key("scheme jwks", jwks, backend),
    key("scheme jwks with a document", named, { ...backend, wellKnown: "aauth-agent" }),
    key(
      "scheme jwks with an address",
      'sig1=(scheme=jwks jwks="https://agent.example/jwks.json" kid="key-1")',
      {
        label: "sig1",
        scheme: "jwks",
        jwksUri: "https://agent.example/jwks.json",
        kid: "key-1",
      },
    ),
    key("scheme jwt, and any label", '*my-sig.2_b=(scheme=jwt jwt="eyJh.eyJp.c2ln")', {
      label: "*my-sig.2_b",
      scheme: "jwt",
      jwt: "eyJh.eyJp.c2ln",
    }),
    key(
      "whitespace around the value, and unknown parameters",
      ` \t${hwk.replace(")", ' kid="k" note="with, (signs); =")')} `,
      parsedHwk,
      hwk,
    ),
    badKey("an empty field", ""),
    badKey("no member", "sig1"),
    badKey("a label in upper case", hwk.replace("sig1", "Sig1")),
    badKey("no label", HWK),
    badKey("a scheme that is not the first parameter", `sig1=(kty="OKP" scheme=hwk crv="Ed25519" x="${x}")`),
    badKey("a scheme that is a string", hwk.replace("scheme=hwk", 'scheme="hwk"')),
    badKey("a second scheme", hwk.replace(")", ' scheme="jwt")')),
    badKey("a value that is a token", hwk.replace('"OKP"', "OKP")),
    badKey("an empty value", hwk.replace(String(x), "")),
    badKey("a name in upper case", hwk.replace("kty", "KTY")),
    badKey("a tab", hwk.replace(" kty", "\tkty")),
    badKey("a comma between parameters", hwk.replace(" kty", ",kty")),
    badKey("no closing bracket", hwk.slice(0, -1)),
    badKey("text behind the closing bracket", `${hwk};a=1`),
    badKey("a backslash", hwk.replace("OKP", "O\\KP")),
    badKey("a control character", hwk.replace("OKP", "OK\u0007P")),
    badKey("a line feed", hwk.replace("OKP", "OK\nP")),
    badKey("scheme hwk without x", 'sig1=(scheme=hwk kty="OKP" crv="Ed25519")'),
    badKey("scheme jwks without kid", 'sig1=(scheme=jwks id="https://a.example")'),
    badKey("scheme jwks with id and address", jwks.replace(")", ' jwks="https://a.example/jwks.json")')),
    badKey(
      "an address with a document",
      'sig1=(scheme=jwks jwks="https://a.example/j" kid="k" well-known="aauth-agent")',
    ),
    badKey("scheme jwt without jwt", "sig1=(scheme=jwt)"),
    badKey("a second member", `${hwk}, sig2=(scheme=jwt jwt="a.b.c")`),
    badKey("a parameter twice", hwk.replace(")", ` x="${x}")`)),
    badKey("the form of draft -11", `sig1=hwk;kty="OKP";crv="Ed25519";x="${x}"`),
    badKey("an unknown scheme", "sig1=(scheme=unknown)", "unsupported_scheme"),
    badKey("a private member", hwk.replace(")", ' d="AAAA")'), "unsupported_key"),
    badKey("another curve", hwk.replace("Ed25519", "Ed448"), "unsupported_key"),
  ],
};

const LIST = '("@method" "@authority" "@path" "signature-key")';
const COMPONENTS = ["@method", "@authority", "@path", "signature-key"];
const input = (title: string, value: string, parsed: object) =>
  accepts(`reads ${title}`, "profile 2.1", { value }, parsed);

const signatureInput: VectorFile = {
  about: "Signature-Input, parsed.",
  operation: "signature-input",
  cases: [
    input("one member", `sig1=${LIST};created=${NOW}`, {
      label: "sig1",
      components: COMPONENTS,
      params: { created: NOW },
    }),
    input("a keyid", 'sig-b26=("date" "@method");created=1618884473;keyid="test-key-ed25519"', {
      label: "sig-b26",
      components: ["date", "@method"],
      params: { created: 1_618_884_473, keyid: "test-key-ed25519" },
    }),
    input("a nonce parameter", 'sig1=("@method" "nonce");created=1730217600;nonce="abc123"', {
      label: "sig1",
      components: ["@method", "nonce"],
      params: { created: NOW, nonce: "abc123" },
    }),
    refuses(
      "refuses several members",
      "profile 2.1",
      { value: 'sig1=("@method");created=1, sig2=("@path");created=2' },
      "malformed_signature_input",
    ),
  ],
};

const BYTES = Buffer.alloc(64, 251);
const BASE64 = BYTES.toString("base64");
const goodSignature = (title: string, value: string) =>
  accepts(`reads ${title}`, "profile 2.3", { value: `sig1=:${value}:` }, { label: "sig1", bytes: BASE64 });
const badSignature = (title: string, value: string) =>
  refuses(`refuses ${title}`, "profile 2.3", { value }, "malformed_signature");

const signature: VectorFile = {
  about: "Signature, parsed. Bytes in base64.",
  operation: "signature",
  cases: [
    goodSignature("base64 with padding", BASE64),
    goodSignature("base64url without padding", BYTES.toString("base64url")),
    badSignature("both alphabets", `sig1=:${`-${BASE64.slice(1)}`}:`),
    badSignature("fewer than 64 bytes", "sig1=:abc1:"),
    badSignature("a second member", `sig1=:${BASE64}:, sig2=:${BASE64}:`),
  ],
};

const AUTH_SERVER = "http://localhost:8080/realms/aauth-test";
const TOKEN = 'resource_token="eyJh.eyJp.c2ln"';
const ASK = "https://resource.example/ask";
const parsedToken = { level: "authorized", resourceToken: "eyJh.eyJp.c2ln", authServer: AUTH_SERVER };
const challenge = `httpsig; auth-token; ${TOKEN}; auth_server="${AUTH_SERVER}"`;
const challengeOf = (title: string, value: string, parsed: object, written = value) =>
  accepts(`reads ${title}`, "profile 3.1", { value }, { parsed, written });
const badChallenge = (title: string, value: string) =>
  refuses(`refuses ${title}`, "profile 3.4", { value }, "malformed_challenge");

const agentAuth: VectorFile = {
  about: "Agent-Auth, parsed and written again.",
  operation: "agent-auth",
  cases: [
    challengeOf("a signature", "httpsig", { level: "pseudonymous" }),
    challengeOf("an identity", "httpsig; identity=?1", { level: "identified" }),
    challengeOf("no identity", "httpsig; identity=?0", { level: "pseudonymous" }, "httpsig"),
    challengeOf(
      "an identity, by certain algorithms",
      'httpsig; identity=?1; algs=("ed25519" "rsa-pss-sha512")',
      {
        level: "identified",
        algs: ["ed25519", "rsa-pss-sha512"],
      },
    ),
    challengeOf("an auth token", challenge, parsedToken),
    challengeOf("an interaction", `httpsig; user_interaction="${ASK}"`, {
      level: "pseudonymous",
      userInteraction: ASK,
    }),
    challengeOf(
      "an interaction, and then an auth token",
      `httpsig; user_interaction="${ASK}"; ${TOKEN}; auth_server="${AUTH_SERVER}"`,
      { ...parsedToken, userInteraction: ASK },
    ),
    challengeOf(
      "parameters in another order, other spacing, and unknown parameters",
      `  httpsig;auth_server="${AUTH_SERVER}";  new="x;y";${TOKEN};auth-token;z=7 `,
      parsedToken,
      challenge,
    ),
    badChallenge("an empty field", ""),
    badChallenge("the scheme in upper case", "HTTPSIG"),
    badChallenge("a scheme that is a string", '"httpsig"'),
    badChallenge("a second challenge", "httpsig, httpsig"),
    badChallenge("another challenge behind it", 'httpsig; identity=?1, Bearer realm="x"'),
    badChallenge("a parameter twice", `${challenge}; auth_server="https://evil.example"`),
    badChallenge("an identity that is not a boolean", "httpsig; identity=1"),
    badChallenge("an auth-token that is not a boolean", challenge.replace("auth-token", 'auth-token="x"')),
    badChallenge("an empty resource token", challenge.replace("eyJh.eyJp.c2ln", "")),
    badChallenge("an auth token without resource token", `httpsig; auth-token; auth_server="${AUTH_SERVER}"`),
    badChallenge("an auth token without auth server", `httpsig; auth-token; ${TOKEN}`),
    badChallenge("a resource token that is a token", challenge.replace(TOKEN, "resource_token=a.b.c")),
    badChallenge("a string without end", challenge.slice(0, -1)),
    badChallenge("a name in upper case", "httpsig; Identity=?1"),
    badChallenge("algs that is not a list", 'httpsig; algs="ed25519"'),
    badChallenge("algs of tokens", "httpsig; algs=(ed25519)"),
  ],
};

// ---------------------------------------------------------------------------------------- requests

const HELLO = '{"hello": "world"}';
const NONCE = "Y3VyaW91c2x5Y3VyaW91cw";

interface Sent {
  readonly method?: string;
  readonly url?: string;
  readonly fields?: Fields;
  readonly body?: string;
  readonly nonce?: string;
  readonly signatureKey?: string;
  readonly components?: readonly string[];
  readonly parameters?: string;
  readonly label?: string;
  /** After signing. */
  readonly received?: Readonly<Record<string, string | undefined>>;
}

const DATA = "https://resource.example/api/data";

function requestOf(sent: Sent) {
  const {
    url = DATA,
    body,
    nonce,
    signatureKey = hwk,
    label = "sig1",
    parameters = `;created=${NOW}`,
  } = sent;
  const method = sent.method ?? (body === undefined ? "GET" : "POST");
  const [, authority = "", target = ""] = /^https?:\/\/([^/]+)(.*)$/.exec(url) ?? [];
  const ofBody: Fields =
    body === undefined ? {} : { "content-type": "application/json", "content-digest": digest(body) };
  const fields = { ...ofBody, ...(nonce !== undefined && { nonce }), ...sent.fields };
  const components = sent.components ?? [
    "@method",
    "@authority",
    "@path",
    ...(target.includes("?") ? ["@query"] : []),
    ...(body === undefined ? [] : ["content-type", "content-digest"]),
    ...(nonce === undefined ? [] : ["nonce"]),
    "signature-key",
  ];
  const message = { method, authority, target: target === "" ? "/" : target, fields };
  const signed = sign(message, {
    key: keys.A,
    signatureKey,
    label,
    components,
    parameters,
    encoding: "base64url",
  });
  return { ...message, ...signed };
}

function signs(title: string, sent: Sent, more: object = {}): Case {
  const { method, fields, base } = requestOf(sent);
  const { "content-type": contentType, ...added } = fields;
  const toSign = {
    now: NOW,
    method,
    url: sent.url ?? DATA,
    key: "A",
    credential: { scheme: "hwk" },
    ...more,
    fields: contentType === undefined ? {} : { "content-type": contentType },
    body: sent.body,
    nonce: sent.nonce,
  };
  return accepts(`signs ${title}`, "profile 2", toSign, { signatureBase: base, fields: added });
}

const SUPPLY_CHAIN = "http://supply-chain-agent.localhost:3000";
const ownName = {
  credential: { scheme: "jwks", id: "http://backend.localhost:8000" },
  kid: "backend-ephemeral-1",
};

const signing: VectorFile = {
  about:
    "A request as an agent signs it. The value is what is signed, and the fields that are added to the request. `published` stands for agents of the published demo, which name no document.",
  operation: "sign-request",
  cases: [
    signs("a request without query and body", {}),
    signs("a query", { url: `${DATA}?user=alice&limit=10` }),
    signs("a body", { body: HELLO }),
    signs("a body and a query", { url: `${DATA}?confirm=true`, body: HELLO }),
    signs("a body and a nonce", { body: HELLO, nonce: NONCE }),
    signs("an identity", { method: "POST", url: `${SUPPLY_CHAIN}/`, signatureKey: named }, ownName),
    signs(
      "an identity without document",
      { method: "POST", url: `${SUPPLY_CHAIN}/`, signatureKey: jwks },
      { ...ownName, published: true },
    ),
    signs(
      "an empty path",
      { method: "POST", url: SUPPLY_CHAIN, signatureKey: jwks },
      { ...ownName, published: true },
    ),
  ],
};

const ANY_SIGNER = { level: "pseudonymous" };
const verifier = {
  authority: "resource.example",
  authServer: "https://auth.example",
  audience: "https://resource.example",
};

function judged(title: string, section: string, sent: Sent, expected: object, more: object = {}): Case {
  const { method, target, fields, base } = requestOf(sent);
  const { body } = sent;
  const request = {
    method,
    target,
    fields: { ...fields, ...sent.received },
    ...(body !== undefined && { body }),
  };
  const isRefusal = "code" in expected;
  return {
    title,
    section,
    input: { now: NOW, verifier, requirement: ANY_SIGNER, request, ...more },
    expected: isRefusal
      ? { error: expected as { code: string } }
      : { value: { signatureBase: base, ...expected } },
  };
}

const caller = { caller: { level: "pseudonymous", thumbprint: keys.A.thumbprint } };
const bad = (title: string, section: string, [code, check]: readonly [string, string], sent: Sent) =>
  judged(`refuses ${title}`, `profile ${section}`, sent, {
    code,
    check,
    status: 401,
    fields: { "agent-auth": "httpsig" },
    fetches: false,
  });
const documents = {
  "https://agent.example/.well-known/aauth-agent": {
    agent: "https://agent.example",
    jwks_uri: "https://agent.example/jwks.json",
  },
  "https://agent.example/jwks.json": { keys: [{ ...keys.A.publicJwk, kid: "key-1" }] },
};
const identified = 'sig1=(scheme=jwks id="https://agent.example" kid="key-1" well-known="aauth-agent")';

const requests: VectorFile = {
  about:
    "A received request, judged at `now` by a verifier of the given authority, for a route with the given requirement; `documents` has what it fetches. The value is what was signed, and the caller. An error has the name of this project's code and check, and status and fields of the answer. `fetches` says whether a document has been fetched.",
  operation: "verify-request",
  cases: [
    judged("accepts scheme hwk", "profile 1.2", {}, caller),
    judged("accepts a query", "profile 2.1", { url: `${DATA}?user=alice&limit=10` }, caller),
    judged("accepts a body", "profile 2.6", { body: HELLO }, caller),
    judged("accepts a body and a nonce", "profile 2.7", { body: HELLO, nonce: NONCE }, caller),
    judged(
      "accepts any label, the same in three fields",
      "profile 1.5",
      { label: "a", signatureKey: `a=${HWK}` },
      caller,
    ),
    judged(
      "accepts scheme jwks",
      "profile 1.2",
      { signatureKey: identified },
      { caller: { level: "identified", agent: "https://agent.example", thumbprint: keys.A.thumbprint } },
      { documents, requirement: { level: "identified" } },
    ),
    ...["signature-key", "signature-input", "signature"].map((name) =>
      bad(`a request without ${name}`, "1", ["missing_signature", "headers"], {
        received: { [name]: undefined },
      }),
    ),
    bad("an unknown scheme", "1.3", ["unsupported_scheme", "signature-key"], {
      signatureKey: "sig1=(scheme=unknown)",
    }),
    bad("several signatures", "2.1", ["malformed_signature_input", "signature-input"], {
      received: { "signature-input": 'sig1=("@method");created=1, sig2=("@path");created=2' },
    }),
    bad("another label in Signature-Key", "1.5", ["label_mismatch", "labels"], {
      signatureKey: `sig2=${HWK}`,
    }),
    bad("another label in Signature", "1.5", ["label_mismatch", "labels"], {
      received: { signature: `sig2=:${BASE64}:` },
    }),
    ...COMPONENTS.map((name) =>
      bad(`a request that does not cover ${name}`, "2.5", ["insufficient_coverage", "coverage"], {
        components: COMPONENTS.filter((other) => other !== name),
      }),
    ),
    ...[-61, 61].map((seconds) =>
      bad(`a signature made ${seconds} s from now`, "2.4", ["created_out_of_window", "created"], {
        parameters: `;created=${NOW + seconds}`,
      }),
    ),
    bad("a signature without created", "2.4", ["created_missing", "created"], { parameters: "" }),
    bad("a signature over something else", "2.3", ["invalid_signature", "signature"], {
      received: { signature: `sig1=:${BASE64}:` },
    }),
  ],
};

// --------------------------------------------------------------------------------- resource tokens

const supplyChain: Key = { ...keys.B, kid: "supply-chain-agent-ephemeral-1" };
const claims = {
  iss: SUPPLY_CHAIN,
  aud: AUTH_SERVER,
  agent: "http://backend.localhost:8000",
  agent_jkt: keys.A.thumbprint,
  exp: NOW + 300,
  scope: "supply-chain:optimize",
};
const resourceToken = (changes: object = {}) =>
  jwt(supplyChain, { alg: "EdDSA", kid: supplyChain.kid, typ: "resource+jwt" }, { ...claims, ...changes });
const redeems = (token: string) => ({
  now: NOW,
  token,
  audience: AUTH_SERVER,
  agent: claims.agent,
  agentJkt: keys.A.thumbprint,
  documents: {
    [`${SUPPLY_CHAIN}/.well-known/aauth-resource`]: {
      resource: SUPPLY_CHAIN,
      jwks_uri: `${SUPPLY_CHAIN}/jwks.json`,
    },
    [`${SUPPLY_CHAIN}/jwks.json`]: { keys: [{ ...keys.B.publicJwk, kid: supplyChain.kid }] },
  },
});

const badToken = (title: string, changes: object, code: string) =>
  refuses(`refuses ${title}`, "profile 4.1", redeems(resourceToken(changes)), code);

const resourceTokens: VectorFile = {
  about:
    "A resource token at the auth server `audience`. `agent` and `agentJkt` are the identifier and the key's thumbprint of the agent that sent the token request. The value is the token's claims.",
  operation: "resource-token",
  cases: [
    accepts("accepts a resource token", "profile 4.1", redeems(resourceToken()), claims),
    badToken("a token for another agent", { agent: SUPPLY_CHAIN }, "token_agent_mismatch"),
    badToken("a token for another key", { agent_jkt: keys.B.thumbprint }, "token_key_mismatch"),
    badToken("a token for another auth server", { aud: SUPPLY_CHAIN }, "token_audience_mismatch"),
    badToken("a token that has expired", { exp: NOW }, "token_expired"),
    badToken("a token that lives too long", { exp: NOW + 606 }, "malformed_token"),
  ],
};

export const february2026: Readonly<Record<string, VectorFile>> = {
  "february-2026/signature-key.json": signatureKey,
  "february-2026/signature-input.json": signatureInput,
  "february-2026/signature.json": signature,
  "february-2026/agent-auth.json": agentAuth,
  "february-2026/sign-request.json": signing,
  "february-2026/requests.json": requests,
  "february-2026/resource-tokens.json": resourceTokens,
};
