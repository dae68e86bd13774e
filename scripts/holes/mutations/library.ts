import type { Mutation } from "../mutation.ts";

const AAUTH = "packages/aauth/src";
const SIGNATURE = "tests/contract/auth-server/signature.test.ts";
const EXCHANGE = "tests/contract/auth-server/exchange.test.ts";
const AGENTS = "tests/integration/holes-agents.test.ts";

const COVERAGE = `${AAUTH}/profiles/february-2026/coverage.ts`;
const NOT_COVERED = "if (!components.includes(name)) {";
const VERIFY = `${AAUTH}/http-signatures/verify-signature.ts`;
const SIGNATURE_KEY = `${AAUTH}/profiles/february-2026/signature-key.ts`;
const CLAIMS = `${AAUTH}/tokens/claim-checks.ts`;
const AUDIENCE = 'if (typeof aud === "string" ? aud !== expected : !aud.includes(expected)) {';

/** Rows P: what signs, when, and what for. */
export const LIBRARY: readonly Mutation[] = [
  {
    id: "P1",
    without: "created has to be there",
    edits: [
      [
        VERIFY,
        "if (input.created === undefined) {",
        "if (input.created === undefined) return;\n  if (false) {",
      ],
    ],
    test: [SIGNATURE, "P1: no created"],
  },
  {
    id: "P1",
    without: "created has to be there, at an agent",
    edits: [
      [
        VERIFY,
        "if (input.created === undefined) {",
        "if (input.created === undefined) return;\n  if (false) {",
      ],
    ],
    test: [AGENTS, "P1: no created"],
  },
  {
    id: "P2",
    without: "method, authority and path have to be covered",
    edits: [[COVERAGE, NOT_COVERED, 'if (!name.startsWith("@") && !components.includes(name)) {']],
    test: [SIGNATURE, "P2: nothing covered"],
  },
  {
    id: "P2",
    without: "anything has to be covered, at an agent",
    edits: [[COVERAGE, NOT_COVERED, "if (false) {"]],
    test: [AGENTS, "P2: only the key covered"],
  },
  {
    id: "P3",
    without: "the query has to be covered",
    edits: [[COVERAGE, NOT_COVERED, 'if (name !== "@query" && !components.includes(name)) {']],
    test: [SIGNATURE, "P3: a query that is not covered"],
  },
  {
    id: "P3",
    without: "the digest has to be covered",
    edits: [[COVERAGE, NOT_COVERED, 'if (name !== "content-digest" && !components.includes(name)) {']],
    test: [SIGNATURE, "J4, P3: content-digest is not covered"],
  },
  {
    id: "P4",
    without: "the digest is compared with the body",
    edits: [
      [
        `${AAUTH}/http-signatures/content-digest.ts`,
        'if (expected !== (await platformCrypto.digest(algorithm, body, "base64"))) {',
        "if (false) {",
      ],
    ],
    test: [SIGNATURE, "P4, J5: another body"],
  },
  {
    id: "P5",
    without: "the three headers have one label",
    edits: [[VERIFY, "if (label !== members[0]?.label) {", "if (false) {"]],
    test: [SIGNATURE, "P5: one label in all three headers"],
  },
  {
    id: "P6",
    without: "Signature-Key has one member",
    edits: [
      [
        SIGNATURE_KEY,
        'const match = pair.exec(text) ?? fail("a parameter is malformed or empty");',
        "const match = pair.exec(text);\n    if (match === null) break;",
      ],
      [
        SIGNATURE_KEY,
        'if (text.slice(position) !== end) fail("the member does not end where the header does");',
        "",
      ],
    ],
    test: [SIGNATURE, "P6: Signature-Key with two members"],
  },
  {
    id: "P6",
    without: "a parameter of Signature-Key is there once",
    edits: [[SIGNATURE_KEY, 'if (pairs.has(name)) fail("a parameter appears twice");', ""]],
    test: [SIGNATURE, "P6: Signature-Key with one parameter twice"],
  },
  {
    id: "P7",
    without: "the issuer of an auth token is trusted",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/auth-token.ts`,
        "if (!options.trustedIssuers.includes(claims.iss)) {",
        "if (false) {",
      ],
    ],
    test: [EXCHANGE, "J3, P7: is refused without a single request"],
  },
  {
    id: "P7",
    without: "an auth token is for who gets it",
    edits: [[CLAIMS, AUDIENCE, "if (false) {"]],
    test: [EXCHANGE, "P7: an upstream token for somebody else"],
  },
  {
    id: "P7",
    without: "a token has an end",
    edits: [[CLAIMS, 'if (value === undefined && name === "exp") throw missing(name);', ""]],
    test: [EXCHANGE, "P7: a token that says nothing about its end"],
  },
  {
    id: "P8",
    without: "expires of a signature counts",
    edits: [[VERIFY, "if (input.expires !== undefined && !(now < input.expires)) {", "if (false) {"]],
    test: [SIGNATURE, "P8: expires in the past"],
  },
  {
    id: "P9",
    without: "a challenge is of scheme httpsig, and not only about it",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/agent-auth.ts`,
        'if (scheme !== "httpsig") throw',
        'if (!scheme?.includes("httpsig")) throw',
      ],
    ],
    test: [AGENTS, "P9: httpsig inside another scheme's text"],
  },
  {
    id: "P10",
    without: "a nonce is good once",
    edits: [
      [
        `${AAUTH}/http-signatures/replay.ts`,
        'if (claimed !== true) throw new AAuthVerificationError("nonce_replayed"',
        'if (false) throw new AAuthVerificationError("nonce_replayed"',
      ],
    ],
    test: [SIGNATURE, "P10, J20: the same request twice"],
  },
];
