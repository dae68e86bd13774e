import type { Edit, Mutation } from "../mutation.ts";

const AAUTH = "packages/aauth/src";
const AGENTS_TEST = "tests/integration/holes-agents.test.ts";
const CLAIMS = `${AAUTH}/tokens/claim-checks.ts`;
const AUTH_TOKEN = `${AAUTH}/profiles/february-2026/auth-token.ts`;

const TRUSTED = "if (!options.trustedIssuers.includes(claims.iss)) {";
const anySignature: readonly Edit[] = [
  [
    `${AAUTH}/resource/verify-request.ts`,
    'if ((typeof holds === "boolean" ? holds : await holds) === true) return key;',
    "return key;",
  ],
];
/** A request without signature counts as one by a key. */
const noSignature: readonly Edit[] = [
  [
    `${AAUTH}/http-signatures/verify-signature.ts`,
    'if (value === undefined) throw new AAuthVerificationError("missing_signature",',
    'if (value === undefined) return "";\n    if (false) throw new AAuthVerificationError("missing_signature",',
  ],
];
const anyAddress: readonly Edit[] = [
  [
    `${AAUTH}/discovery/url-guard.ts`,
    'if (!local) throw blocked("http is only for loopback and *.localhost");',
    "",
  ],
  [
    `${AAUTH}/discovery/url-guard.ts`,
    "if (local ? !options.development : isPrivateLiteral(url.hostname)) {",
    "if (false) {",
  ],
];

/** Rows D: the demo agents. */
export const AGENTS: readonly Mutation[] = [
  {
    id: "D1",
    without: "all three headers have to be there",
    edits: noSignature,
    test: [AGENTS_TEST, "D1: Signature-Key without signature"],
  },
  {
    id: "D2",
    without: "a signature of scheme hwk is verified",
    edits: anySignature,
    test: [AGENTS_TEST, "D2: an invalid signature"],
  },
  {
    id: "D3",
    without: "whoever brings an auth token has signed with its key",
    edits: anySignature,
    test: [AGENTS_TEST, "D3: a stolen auth token"],
  },
  {
    id: "D4",
    without: "a resource token is for whoever has signed",
    edits: anySignature,
    test: [AGENTS_TEST, "D4: nobody gets a resource token"],
  },
  {
    id: "D5",
    without: "the token has the scopes that are asked for",
    edits: [[`${AAUTH}/resource/requirement.ts`, "if (missing.length === 0) return", "return"]],
    test: [AGENTS_TEST, "D5: a token with less"],
  },
  {
    id: "D6",
    without: "an issuer is trusted by its whole name",
    edits: [[AUTH_TOKEN, TRUSTED, 'if (!claims.iss.includes("/realms/")) {']],
    test: [AGENTS_TEST, "D6: an issuer is not trusted for its path"],
  },
  {
    id: "D7",
    without: "a token of an unknown issuer is none, whatever key it brings",
    edits: [
      [AUTH_TOKEN, TRUSTED, "if (false) {"],
      [
        `${AAUTH}/tokens/published-key.ts`,
        "  const { jwk, source } = await discovery.key(kind, id, kid);\n  try {",
        '  if (kind === "issuer") return;\n  const { jwk, source } = await discovery.key(kind, id, kid);\n  try {',
      ],
    ],
    test: [AGENTS_TEST, "D7: in signature-only mode"],
  },
  {
    id: "D8",
    without: "an identity elsewhere is not fetched",
    edits: anyAddress,
    test: [AGENTS_TEST, "D8, G4: an identity elsewhere"],
  },
  {
    id: "D8",
    without: "a key set elsewhere is not fetched",
    edits: anyAddress,
    test: [AGENTS_TEST, "D8, G4: a key set elsewhere"],
  },
  {
    id: "D9",
    without: "a request has to be signed",
    edits: noSignature,
    test: [AGENTS_TEST, "D9: Signature-Key without signature"],
  },
  {
    id: "D10",
    without: "a token's audience is compared",
    edits: [
      [CLAIMS, 'if (typeof aud === "string" ? aud !== expected : !aud.includes(expected)) {', "if (false) {"],
    ],
    test: [AGENTS_TEST, "P7, D10: the token's verdict stands"],
  },
  {
    id: "D11",
    without: "an invalid signature is refused",
    edits: anySignature,
    test: [AGENTS_TEST, "D9, D11: without a signature"],
  },
  {
    id: "D12",
    without: "whoever has no name is asked for one",
    edits: [
      [
        `${AAUTH}/resource/requirement.ts`,
        'if (agent.level === "pseudonymous") {\n    return askingForMore("identity_required", "the route needs an identified agent");',
        'if (agent.level === "pseudonymous") {\n    return askingForMore("authorization_required", "the route needs an auth token");',
      ],
    ],
    test: [AGENTS_TEST, "D12: whoever has no name"],
  },
  {
    id: "D13",
    without: "an unknown variable stops the start",
    edits: [
      [
        "packages/service-kit/src/config/load-config.ts",
        "const problems = [...flags.problems, ...unknownVariables(settings, env)];",
        "const problems = [...flags.problems];",
      ],
    ],
    test: [AGENTS_TEST, "D13: there is no switch"],
  },
  {
    id: "D14",
    // Each of the two is enough: who calls does not hand tokens out, and the log takes out what it is given.
    without: "tokens are kept out of the log, twice",
    edits: [
      ["services/backend/src/app.ts", "revealTokens: config.showTokens,", "revealTokens: true,"],
      [
        "packages/service-kit/src/log/logger.ts",
        "redactFields(JSON.parse(line), { showTokens })",
        "redactFields(JSON.parse(line), { showTokens: true })",
      ],
    ],
    test: [AGENTS_TEST, "D14: no whole token"],
  },
];
