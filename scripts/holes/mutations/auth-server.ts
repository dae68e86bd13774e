import type { Mutation } from "../mutation.ts";

const AAUTH = "packages/aauth/src";
const SERVER = "services/auth-server/src";
const CONTRACT = "tests/contract/auth-server";
const SIGNATURE = `${CONTRACT}/signature.test.ts`;
const REQUEST = `${CONTRACT}/request-auth.test.ts`;
const CONSENT = `${CONTRACT}/consent.test.ts`;
const CODE = `${CONTRACT}/code-and-refresh.test.ts`;
const EXCHANGE = `${CONTRACT}/exchange.test.ts`;

const ROUTES = `${SERVER}/consent/consent-routes.ts`;
const VERIFY_REQUEST = `${AAUTH}/resource/verify-request.ts`;
const KEY_SET_BY_URL = 'if ("jwksUri" in claim && jwksMode1 !== "verify-only") {';
const SIGNATURE_CHECK = "  try {\n    await verifyJwt(token, jwk, alg);\n";
/** Believes the signature of tokens that a party of this kind issues. */
const believed = (kind: string) =>
  [
    `${AAUTH}/tokens/published-key.ts`,
    SIGNATURE_CHECK,
    SIGNATURE_CHECK.replace("await", `if (kind !== "${kind}") await`),
  ] as const;

/** Rows J: the auth server. */
export const AUTH_SERVER: readonly Mutation[] = [
  {
    id: "J1",
    without: "the signature of a resource token is verified",
    edits: [believed("resource")],
    test: [REQUEST, "J1: with a forged signature"],
  },
  {
    id: "J2",
    without: "the signature of an agent token is verified",
    edits: [believed("agent")],
    test: [SIGNATURE, "J2: an agent token with a forged signature"],
  },
  {
    id: "J2",
    without: "the audience of an agent token is compared",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/agent-token.ts`,
        'if (claims.aud !== undefined) checkAudience(claims.aud, options.audience ?? "");',
        "",
      ],
    ],
    test: [SIGNATURE, "J2: an agent token for another audience"],
  },
  {
    id: "J2",
    without: "whoever brings an agent token has signed with its key",
    edits: [
      [
        VERIFY_REQUEST,
        'if ((typeof holds === "boolean" ? holds : await holds) === true) return key;',
        "return key;",
      ],
    ],
    test: [SIGNATURE, "J2: an agent token that somebody else carries"],
  },
  {
    id: "J3",
    without: "the signature of an upstream token is verified",
    edits: [believed("issuer")],
    test: [EXCHANGE, "J3: a token that only says it is from here"],
  },
  {
    id: "J3",
    without: "an auth token identifies nobody outside an exchange",
    edits: [
      [
        `${SERVER}/verify-requester.ts`,
        "const verifier = createVerifier(gate);",
        "const verifier = createVerifier({ ...gate, trustedIssuers: trustedIssuers() });",
      ],
    ],
    test: [SIGNATURE, "J3: an auth token identifies nobody"],
  },
  {
    id: "J4",
    without: "created is near",
    edits: [
      [
        `${AAUTH}/http-signatures/verify-signature.ts`,
        "if (!(Math.abs(now - input.created) <= tolerance)) {",
        "if (false) {",
      ],
    ],
    test: [SIGNATURE, "J4: created, as far as 60 seconds away"],
  },
  {
    id: "J4",
    without: "the nonce has to be covered",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/coverage.ts`,
        "if (!components.includes(name)) {",
        'if (name !== "nonce" && !components.includes(name)) {',
      ],
    ],
    test: [SIGNATURE, "J4, P3: nonce is not covered"],
  },
  {
    id: "J4",
    without: "an exchange is signed now",
    edits: [
      [
        `${SERVER}/verify-requester.ts`,
        '        ...gate,\n        schemes: ["jwt"],',
        '        ...gate,\n        toleranceSeconds: 3_600,\n        schemes: ["jwt"],',
      ],
    ],
    test: [EXCHANGE, "J4: stale, or not covering what it has to"],
  },
  {
    id: "J5",
    without: "the digest is compared where there is no body",
    edits: [
      [
        `${AAUTH}/http-signatures/verify-body.ts`,
        "if (digest !== undefined) await",
        "if (digest !== undefined && body.length > 0) await",
      ],
    ],
    test: [SIGNATURE, "P4, J5: another body"],
  },
  {
    id: "J6",
    without: "the authority is the configured one",
    edits: [
      [
        VERIFY_REQUEST,
        'const authority = request.authority ?? authorities[0] ?? "";',
        "const authority = String(request.headers.host ?? authorities[0]);",
      ],
      [VERIFY_REQUEST, "if (!authorities.includes(authority)) {", "if (false) {"],
    ],
    test: [SIGNATURE, "J6: the authority is the configured one"],
  },
  {
    id: "J7",
    without: "policy allows the scope before a user is asked",
    edits: [
      [
        `${SERVER}/request-types/auth.ts`,
        'if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");',
        "",
      ],
    ],
    test: [REQUEST, "J7: a scope that policy forbids"],
  },
  {
    id: "J8",
    without: "redirect_uri is compared with the code's",
    edits: [
      [
        `${SERVER}/request-types/code.ts`,
        'if (redirectUri !== consented.redirectUri) throw invalidGrant("redirect_uri mismatch");',
        "",
      ],
    ],
    test: [CODE, "J8: without redirect_uri"],
  },
  {
    id: "J8",
    without: "redirect_uri has to be there",
    edits: [
      [
        `${SERVER}/request-types/code.ts`,
        'const redirectUri = requiredParameter(form, "redirect_uri");',
        'const redirectUri = form.get("redirect_uri") ?? consented?.redirectUri;',
      ],
    ],
    test: [CODE, "J8: without redirect_uri"],
  },
  {
    id: "J9",
    without: "the agent has published the redirect_uri",
    edits: [
      [
        `${SERVER}/redirect-uri-check.ts`,
        "if (registered.includes(redirectUri)) return;\n    throw refused;",
        "return;",
      ],
    ],
    test: [REQUEST, "J9: a redirect_uri that the agent has not published"],
  },
  {
    id: "J9",
    without: "a key alone has published nothing",
    edits: [[`${SERVER}/redirect-uri-check.ts`, "if (!requester.identified || url", "if (url"]],
    test: [REQUEST, "J9: a key alone has published nothing"],
  },
  {
    id: "J10",
    without: "the address's redirect_uri is the signed request's",
    edits: [
      [
        ROUTES,
        "if (redirectUri !== undefined && redirectUri !== consent.redirectUri)\n      throw",
        "if (false) throw",
      ],
    ],
    test: [CONSENT, "J10: an address that cannot be trusted"],
  },
  {
    id: "J11",
    without: "the answer comes from the browser and person that were asked",
    edits: [
      [
        ROUTES,
        "if (session === undefined || session.id !== page.sessionId || session.user.id !== page.userId) {",
        "if (session === undefined) {",
      ],
    ],
    test: [CONSENT, "J11: an answer counts only from the page"],
  },
  {
    id: "J11",
    without: "a page is answered once",
    edits: [[ROUTES, "await shown.take(consentCode)", "await shown.find(consentCode)"]],
    test: [CONSENT, "once: twice the same button"],
  },
  {
    id: "J12",
    without: "state is that of the signed request",
    edits: [
      [
        ROUTES,
        'state: consent.state ?? single(query, "state")',
        'state: single(query, "state") ?? consent.state',
      ],
    ],
    test: [CONSENT, "J12: is that of the agent's signed request"],
  },
  {
    id: "J13",
    without: "a request token is used up by a decision",
    edits: [
      [
        ROUTES,
        "await grants.consentRequests.take(requestToken)",
        "await grants.consentRequests.find(requestToken)",
      ],
    ],
    test: [CONSENT, "J13: a request token is good for one decision"],
  },
  {
    id: "J14",
    without: "text of the request is made printable",
    edits: [
      [
        `${SERVER}/oauth-error.ts`,
        'return text.replace(/["\\\\]/g, "\'").replace(/[^\\x20-\\x7e]/g, "?");',
        "return text;",
      ],
    ],
    test: [SIGNATURE, "J14: an answer is JSON"],
  },
  {
    id: "J15",
    without: "an unknown request_type is none",
    edits: [
      [
        `${SERVER}/token-endpoint.ts`,
        "      default:\n        throw",
        "      default:\n        if (true) return handleAuth({ form, requester, policy }, context);\n        throw",
      ],
    ],
    test: [SIGNATURE, "J15: "],
  },
  ...(
    [
      [`${CONTRACT}/policy.test.ts`, "J16: a malformed attribute opens nothing"],
      ["tests/integration/holes-auth-server.test.ts", "J16: an allow list"],
    ] as const
  ).map((test) => ({
    id: "J16",
    without: "a list that cannot be read is an error",
    edits: [
      [
        `${SERVER}/realm/policy.ts`,
        'context.addIssue({ code: "custom", message: "expected a JSON array of non-empty strings" });\n  return z.NEVER;',
        "return [];",
      ],
    ] as const,
    test,
  })),
  {
    id: "J17",
    without: "a refused refresh does not name the owner",
    edits: [
      [
        `${SERVER}/request-types/refresh.ts`,
        '"Error refreshing token: Agent signature mismatch"',
        '"Error refreshing token: Agent signature mismatch" + grant.agent',
      ],
    ],
    test: [CODE, "J17: another agent is refused"],
  },
  {
    id: "J18",
    without: "a certificate's address is not taken for a key",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/signature-key.ts`,
        '    default:\n      throw new AAuthVerificationError("unsupported_scheme"',
        '    case "x509":\n      return { label, scheme: "jwks", jwksUri: String(pairs.get("x5u")), kid: "k" };\n    default:\n      throw new AAuthVerificationError("unsupported_scheme"',
      ],
      [VERIFY_REQUEST, KEY_SET_BY_URL, "if (false) {"],
    ],
    test: [SIGNATURE, "J18: a certificate's address"],
  },
  {
    id: "J19",
    without: "a key set by its address proves no identity",
    edits: [[VERIFY_REQUEST, KEY_SET_BY_URL, "if (false) {"]],
    test: [SIGNATURE, "J19: a key set's address"],
  },
  {
    id: "J19",
    without: "an id and a key set's address exclude each other",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/signature-key.ts`,
        'if (pairs.has("id") || wellKnown !== undefined) fail(\'"jwks" excludes "id" and "well-known"\');',
        "",
      ],
    ],
    test: [SIGNATURE, "J19: both an id and a key set's address"],
  },
  {
    id: "J20",
    without: "a revoked refresh token is gone",
    edits: [[`${SERVER}/token-endpoint.ts`, "await context.grants.refreshTokens.take(token);", ""]],
    test: [CODE, "J20: revocation"],
  },
  {
    id: "J20",
    without: "a revocation is remembered consent's end, too",
    edits: [[`${SERVER}/token-endpoint.ts`, "await memory.forget(grant);", ""]],
    test: [CONSENT, "is asked again once the agent has given its refresh token back"],
  },
];
