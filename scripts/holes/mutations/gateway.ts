import type { Mutation } from "../mutation.ts";

const AAUTH = "packages/aauth/src";
const GATEWAY_TEST = "tests/contract/gateway/gateway.test.ts";
const CLAIMS = `${AAUTH}/tokens/claim-checks.ts`;
const GUARD = `${AAUTH}/discovery/url-guard.ts`;

/** Rows G: the gateway, and its check of who calls. */
export const GATEWAY: readonly Mutation[] = [
  {
    id: "G1",
    without: "the issuer of an auth token is trusted",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/auth-token.ts`,
        "if (!options.trustedIssuers.includes(claims.iss)) {",
        "if (false) {",
      ],
    ],
    test: [GATEWAY_TEST, "G1: a token of another issuer"],
  },
  {
    id: "G1",
    without: "the issuer has signed the auth token",
    edits: [
      [
        `${AAUTH}/tokens/published-key.ts`,
        "  try {\n    await verifyJwt(token, jwk, alg);\n",
        '  try {\n    if (kind !== "issuer") await verifyJwt(token, jwk, alg);\n',
      ],
    ],
    test: [GATEWAY_TEST, "G1: a token signed by another issuer"],
  },
  {
    id: "G2",
    without: "an auth token is for the resource that is called",
    edits: [
      [CLAIMS, 'if (typeof aud === "string" ? aud !== expected : !aud.includes(expected)) {', "if (false) {"],
    ],
    test: [GATEWAY_TEST, "G2: a token for another resource"],
  },
  {
    id: "G2",
    without: "a token has an end",
    edits: [[CLAIMS, 'if (value === undefined && name === "exp") throw missing(name);', ""]],
    test: [GATEWAY_TEST, "G2: a token without an end"],
  },
  {
    id: "G2",
    without: "a token ends",
    edits: [[CLAIMS, "return now >= exp;", "return now >= exp + 60;"]],
    test: [GATEWAY_TEST, "G2: an expired token"],
  },
  {
    id: "G3",
    without: "a token of no known type is no agent token",
    edits: [
      [
        `${AAUTH}/resource/find-key.ts`,
        'throw new AAuthVerificationError("token_type_mismatch", "the token is neither an auth token nor an agent token");',
        "return fromAgentToken(claim.jwt, options, trail);",
      ],
      [CLAIMS, "if (header.typ !== type) throw", "if (false) throw"],
    ],
    test: [GATEWAY_TEST, "G3: a token of no known type"],
  },
  {
    id: "G4",
    without: "addresses inside a network are not fetched",
    edits: [
      [GUARD, 'if (!local) throw blocked("http is only for loopback and *.localhost");', ""],
      [GUARD, "if (local ? !options.development : isPrivateLiteral(url.hostname)) {", "if (false) {"],
    ],
    test: ["services/gateway-authz/test/holes.test.ts", "G4: nothing is fetched"],
  },
  {
    id: "G5",
    without: "more than the key has to be covered",
    edits: [
      [`${AAUTH}/profiles/february-2026/coverage.ts`, "if (!components.includes(name)) {", "if (false) {"],
    ],
    test: [GATEWAY_TEST, "G5: only the key is signed"],
  },
  {
    id: "G6",
    without: "the agent behind compares the digest",
    edits: [
      [
        `${AAUTH}/http-signatures/content-digest.ts`,
        'if (expected !== (await platformCrypto.digest(algorithm, body, "base64"))) {',
        "if (false) {",
      ],
    ],
    test: [GATEWAY_TEST, "G6: a body that was changed after signing"],
  },
  {
    id: "G6",
    without: "a body that nobody announced needs a digest",
    edits: [
      [
        `${AAUTH}/http-signatures/verify-body.ts`,
        'if (body.length > 0 && options.bodyCoverage !== "optional") {',
        "if (false) {",
      ],
      [
        `${AAUTH}/profiles/february-2026/coverage.ts`,
        "hasBody:\n      (length",
        "hasBody: false &&\n      (length",
      ],
    ],
    test: [GATEWAY_TEST, "G6: a body that was added after signing"],
  },
  {
    id: "G7",
    without: "the keys of a resource are its own, not those of the agent by its name",
    edits: [
      [
        `${AAUTH}/discovery/discovery.ts`,
        "return (await metadata.resource(id)).value.jwks_uri;",
        "return (await metadata.agent(id)).value.jwks_uri;",
      ],
    ],
    test: ["tests/contract/auth-server/request-auth.test.ts", "G7: signed with a key"],
  },
  {
    id: "G8",
    without: "a host that is not configured is not served",
    edits: [
      [
        "services/gateway/src/routing/select-listener.ts",
        "  return best;",
        "  return best ?? bind.listeners[0];",
      ],
    ],
    test: [GATEWAY_TEST, "G8: an unknown host is 404"],
  },
  {
    id: "G8",
    without: "the signature over the authority is verified",
    edits: [
      [
        `${AAUTH}/resource/verify-request.ts`,
        'if ((typeof holds === "boolean" ? holds : await holds) === true) return key;',
        "return key;",
      ],
    ],
    test: [GATEWAY_TEST, "G8: signed for another resource"],
  },
  {
    id: "G9",
    without: "a policy without effect is refused",
    edits: [
      [
        "services/gateway/src/configuration/document-schema.ts",
        "const policies = z.strictObject({\n  cors: cors.optional(),",
        "const policies = z.looseObject({\n  cors: cors.optional(),",
      ],
    ],
    test: [GATEWAY_TEST, "G9: the inert policy of the fork"],
  },
  {
    id: "G10",
    without: "a request with one of the three headers is no unsigned one",
    edits: [
      [
        "packages/gateway-check/src/judge-check.ts",
        "[signatureKey, signatureInput, signature].every(",
        "[signatureKey, signatureInput, signature].some(",
      ],
    ],
    test: [GATEWAY_TEST, "G10: "],
  },
  {
    id: "G11",
    without: "what is open is an exact path, for GET and HEAD",
    edits: [
      [
        "packages/gateway-check/src/open-paths.ts",
        "return OPEN_METHODS.includes(method) && OPEN_PATHS.includes(path);",
        'return path.endsWith("/jwks.json") || path.startsWith("/.well-known/aauth-") || OPEN_PATHS.includes(path);',
      ],
    ],
    test: [GATEWAY_TEST, "G11: "],
  },
];
