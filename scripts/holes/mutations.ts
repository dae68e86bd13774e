import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { markedMutations, summaryOf, testsOfRows } from "./marked-checks.ts";
import { type Edit, type Mutation, runOf } from "./mutation.ts";

const AAUTH = "packages/aauth/src";
const PROFILE = `${AAUTH}/february-2026`;
const SIGNATURES = `${AAUTH}/http-signatures`;
const SERVER = "services/auth-server/src";
const BACKEND = "services/backend/src";
const CONTRACT = "tests/contract/auth-server";

const SIGNATURE_TEST = `${CONTRACT}/signature.test.ts`;
const REQUEST_TEST = `${CONTRACT}/request-auth.test.ts`;
const CONSENT_TEST = `${CONTRACT}/consent.test.ts`;
const CODE_TEST = `${CONTRACT}/code-and-refresh.test.ts`;
const EXCHANGE_TEST = `${CONTRACT}/exchange.test.ts`;
const BACKEND_TEST = "tests/integration/holes-backend.test.ts";
const VERIFY_TEST = "packages/aauth/test/resource/verify-request.test.ts";
const SUB_AGENTS_TEST = "services/backend/test/delegates/sub-agents.test.ts";

const VERIFY = `${SIGNATURES}/verify-signature.ts`;
const SIGNATURE_KEY = `${PROFILE}/signature-key.ts`;
const ISSUER_KEY = `${AAUTH}/tokens/open-token.ts`;
const CALLERS = `${PROFILE}/callers.ts`;
const REQUIREMENT = `${PROFILE}/requirement.ts`;
const VERIFICATION = `${AAUTH}/resource/verification.ts`;
const CLAIMS = `${AAUTH}/tokens/claim-checks.ts`;
const GUARD = `${AAUTH}/discovery/url-guard.ts`;
const CONSENT_ROUTES = `${SERVER}/consent/consent-routes.ts`;
const FORM_DESK = "packages/issuer-kit/src/form-desk.ts";
const SUB_AGENTS = `${BACKEND}/delegates/sub-agents.ts`;
const MIGRATIONS = "packages/aauth-stores/src/postgres/migrations.ts";
const CODE = `${SERVER}/request-types/code.ts`;
const TRUSTED = "if (trusts(trustedIssuers, iss)) return;";

/** Components that match the condition need not be covered. */
const uncovered = (condition: string): Edit => [
  `${SIGNATURES}/verify-body.ts`,
  "filter((name) => !components.includes(name))",
  `filter((name) => !(${condition} || components.includes(name)))`,
];
/** Skips the signature of tokens that a party of this kind issues. */
const believed = (kind: string): Edit => [
  ISSUER_KEY,
  "    await verifyJwt(token, jwk, alg, named);\n  } catch",
  `    if (kind.name !== "${kind}") await verifyJwt(token, jwk, alg, named);\n  } catch`,
];
const anySignature: Edit = [VERIFICATION, "if ((await hasSigned(key)) === true) return key;", "return key;"];
/** Reads a missing header as an empty one. */
const noSignature: Edit = [
  VERIFY,
  "if (value === undefined) {",
  'if (value === undefined) return "";\n    if (false) {',
];
const anyDigest: Edit = [`${SIGNATURES}/content-digest.ts`, "if (expected !== (", "if (false && ("];
const anyAddress: readonly Edit[] = [
  [GUARD, 'if (!local) throw blocked("http is allowed only for loopback and *.localhost");', ""],
  [GUARD, "if (local ? !options.development : isPrivateLiteral(url.hostname)) {", "if (false) {"],
];

/** Edits that remove a check, by the row of the hole. */
const HOLES: Readonly<Record<string, Edit | readonly Edit[]>> = {
  // The library: signer, time and purpose.
  P1: [VERIFY, "(input.created === undefined) {", "(input.created === undefined) return;\n  if (false) {"],
  P2: uncovered('name.startsWith("@")'),
  P3: uncovered('name === "@query"'),
  P4: anyDigest,
  P5: [VERIFY, "if (label !== members[0]?.label) {", "if (false) {"],
  P6: [SIGNATURE_KEY, 'if (pairs.has(name)) fail("a parameter appears twice");', ""],
  P7: [CLAIMS, 'if (value === undefined && name === "exp") throw missing(name);', ""],
  P8: [VERIFY, "if (input.expires !== undefined && !(now < input.expires)) {", "if (false) {"],
  P9: [`${PROFILE}/agent-auth.ts`, 'scheme !== "httpsig"', '!scheme?.includes("httpsig")'],
  P10: [`${SIGNATURES}/replay.ts`, "if (claimed !== true) throw", "if (false) throw"],

  // The auth server.
  J1: believed("resource"),
  J2: believed("agent"),
  J3: [CLAIMS, TRUSTED, "return;"],
  J4: [VERIFY, "if (!(Math.abs(now - input.created) <= tolerance)) {", "if (false) {"],
  J5: [
    `${SIGNATURES}/verify-body.ts`,
    "return digest === undefined ?",
    "return digest === undefined || !message.body?.length ?",
  ],
  J6: [
    [VERIFICATION, 'request.authority ?? rules.authorities[0] ?? ""', "String(request.headers.host)"],
    [VERIFICATION, "if (!v.rules.authorities.includes(v.authority)) {", "if (false) {"],
  ],
  J7: [`${SERVER}/request-types/auth.ts`, "if (!scopesAllowed(policy, scopes)) throw", "if (false) throw"],
  J8: [CODE, 'requiredParameter(form, "redirect_uri")', 'form.get("redirect_uri") ?? consented?.redirectUri'],
  J9: [`${SERVER}/redirect-uri-check.ts`, "registered.includes(redirectUri)", "true"],
  J10: [CONSENT_ROUTES, "redirectUri !== undefined && redirectUri !== consent.redirectUri", "false"],
  J11: [FORM_DESK, " || session.id !== shown.sessionId || personOf(session) !== shown.personId", ""],
  J12: [CONSENT_ROUTES, 'consent.state ?? single(query, "state")', 'single(query, "state") ?? consent.state'],
  J13: [CONSENT_ROUTES, "grants.consentRequests.take(", "grants.consentRequests.find("],
  J14: ["packages/issuer-kit/src/oauth-error.ts", "return text.replace(", "return text; text.replace("],
  J15: [
    `${SERVER}/token-endpoint.ts`,
    "REQUEST_TYPES.find((candidate) => candidate.name === name)",
    "REQUEST_TYPES.find((candidate) => candidate.name === name) ?? REQUEST_TYPES[0]",
  ],
  J16: [
    `${SERVER}/realm/policy.ts`,
    'context.addIssue({ code: "custom", message: "expected a JSON array of',
    'return [];\n  void ({ code: "", message: "',
  ],
  J17: [
    `${SERVER}/request-types/refresh.ts`,
    'Agent signature mismatch"',
    'Agent signature mismatch" + grant.agent',
  ],
  J18: [
    SIGNATURE_KEY,
    "    default:\n      throw",
    '    case "x509":\n      return { label, scheme: "jwks", id: new URL(required("x5u")).origin, kid: "k" };\n    default:\n      throw',
  ],
  J19: [
    CALLERS,
    'if ("jwksUri" in claim) {',
    'if ("jwksUri" in claim) {\n return { ...claim, id: new URL(claim.jwksUri).origin };',
  ],
  J20: [`${SERVER}/token-endpoint.ts`, "await context.grants.refreshTokens.take(token);", ""],

  // The gateway, and its check of the caller.
  G1: believed("issuer"),
  G2: [CLAIMS, "return now >= exp;", "return now >= exp + 60;"],
  G3: [
    [
      `${AAUTH}/profile/candidates.ts`,
      'typeof type === "string" && accepted.includes(type) ? resolvers[type] : undefined',
      "resolvers[String(type)] ?? Object.values(resolvers)[0]",
    ],
    [CLAIMS, "if (header.typ !== type) {", "if (false) {"],
  ],
  G4: anyAddress,
  G5: uncovered("true"),
  G6: anyDigest,
  G7: [
    `${PROFILE}/documents.ts`,
    'resource: kindOf("resource", resource)',
    'resource: kindOf("agent", agent)',
  ],
  G8: [
    "services/gateway/src/routing/select-listener.ts",
    'hostname === "*");',
    'hostname === "*") ?? listeners[0];',
  ],
  G9: [
    "services/gateway/src/configuration/document-schema.ts",
    "policies = z.strictObject(",
    "policies = z.looseObject(",
  ],
  G10: [
    "packages/gateway-check/src/judge-check.ts",
    "[signatureKey, signatureInput, signature].every(",
    "[signatureKey, signatureInput, signature].some(",
  ],
  G11: [
    "packages/gateway-check/src/open-paths.ts",
    "    OPEN_METHODS.includes(method) &&\n",
    '    (path.includes("/.well-known/aauth-") || OPEN_METHODS.includes(method)) &&\n',
  ],

  // The demo agents.
  D1: noSignature,
  D2: anySignature,
  D3: anySignature,
  D4: anySignature,
  D5: [REQUIREMENT, "if (missing.length > 0) {", "if (false) {"],
  D6: [CLAIMS, TRUSTED, 'if (iss.includes("/realms/")) return;'],
  D7: [
    [CLAIMS, TRUSTED, "return;"],
    [ISSUER_KEY, "const { jwk, source } =", 'if (kind.name === "issuer") return;\n  const { jwk, source } ='],
  ],
  D8: anyAddress,
  D9: noSignature,
  D10: [CLAIMS, 'typeof aud === "string" ? aud === audience : aud.includes(audience)', "true"],
  D11: anySignature,
  D12: [
    REQUIREMENT,
    'new AAuthVerificationError("identity_required", "the route needs an identified agent")',
    'new AAuthVerificationError("authorization_required", "", { provenCaller: { ...caller, agent: "http://victim" } })',
  ],
  D13: [
    "packages/agent-kit/src/service/config/load-config.ts",
    ", ...unknownVariables(settings, env)];",
    "];",
  ],
  D14: [
    // Either is enough: callers do not pass tokens out, and the log redacts its input.
    [`${BACKEND}/own-agent.ts`, "revealTokens: config.showTokens,", "revealTokens: true,"],
    [
      "packages/agent-kit/src/service/log/logger.ts",
      "redactFields(JSON.parse(line), { showTokens })",
      "redactFields(JSON.parse(line), { showTokens: true })",
    ],
  ],

  // The backend.
  B1: [`${BACKEND}/users/user-token.ts`, 'requiredClaims: ["exp", ', "requiredClaims: ["],
  B2: [
    `${BACKEND}/routes/returns.ts`,
    'page.searchParams.set("error_description", ',
    'page.search += ("&error_description=" + ',
  ],
  B3: [`${BACKEND}/runs/consent-service.ts`, "if (claims.sub !== run.userId) {", "if (false) {"],
  B4: [`${BACKEND}/store/user-records.ts`, "value?.userId === userId", "value !== undefined"],
  B5: [`${BACKEND}/runs/run-context.ts`, "sharesTokens ? run.userId : run.id", '"everybody"'],
  B6: [
    `${PROFILE}/calls.ts`,
    "for (const check of RESOURCE_TOKEN.beforeSignature) check(claims, expected);",
    "void expected;",
  ],
  B7: [
    `${BACKEND}/runs/run-attempt.ts`,
    "(error instanceof ConsentRequiredError) || consented",
    "(error instanceof ConsentRequiredError)",
  ],
  B8: [
    [`${BACKEND}/routes/user-route.ts`, 'access: "user"', 'access: "public"'],
    [`${BACKEND}/routes/user-route.ts`, "= signedInUser(request)", "= request.user!"],
  ],
  B9: [
    `${BACKEND}/runs/run-store.ts`,
    "settle: (run) => expireConsent(run, now()),",
    "settle: (run) => run,",
  ],
  B15: [
    `${BACKEND}/bearer-twin/bearer-service.ts`,
    "&& timingSafeEqual(hashed(given), hashed(expected))",
    "",
  ],

  // Checks that no published implementation lacks by name: authority that ends, delegates, orders,
  // bounds, shapes.
  X1: [`${SERVER}/request-types/exchange.ts`, "    notAfter: upstream.exp,\n", ""],
  X2: [`${SERVER}/aauth.ts`, "Math.min(state.policy().refreshTokenLifetimeSeconds, ", "Math.max(0, "],
  X3: [CODE, " || requester.thumbprint !== consented.thumbprint", ""],
  X4: [CLAIMS, "if (agent_jkt !== agentJkt) throw", "if (false) throw"],
  X5: [
    "packages/fastify-aauth/src/level-limits.ts",
    "[ownerOfCaller(caller), subject]",
    "[caller.agent, subject]",
  ],
  X6: [`${BACKEND}/store/open-requests.ts`, "if (!isTaken) throw", "if (false) throw"],
  X7: [`${SERVER}/consent/describe-request.ts`, "words.filter((name) => !isIdentityScope(name)),", "words,"],
  X8: [`${BACKEND}/delegates/delegates-service.ts`, "JSON.stringify([userId, sub])", "sub"],
  X9: [
    `${PROFILE}/token-schemas.ts`,
    '    optional("sub"),\n    optional("agent"),\n    optional("agent_delegate"),\n    optional("jti"),\n',
    "",
  ],
  X10: [`${AAUTH}/store/quota-store.ts`, "return held < this.#maxPerOwner && ", "return true || "],
  X11: [`${AAUTH}/discovery/http-node.ts`, "addresses.some(({ address }) => isForbidden(address))", "false"],
  X12: [CALLERS, "    requireTrustedCaller(agentOf(claims, context), context);\n", ""],
  X13: [VERIFICATION, "ownerOfCaller(caller)", "caller.agent ?? caller.thumbprint"],
  X14: [`${AAUTH}/tokens/token-key.ts`, "maxBytes: 512 }", "maxBytes: 5_120 }"],
  X15: [`${SERVER}/request-types/exchange.ts`, "!policy.exchangeAgents.includes(agent)", "false"],
  X16: [
    `${SERVER}/request-types/auth.ts`,
    "    requireMayAskIdentity(policy, { agent, resource }, scopes);\n",
    "",
  ],
  X17: [SUB_AGENTS, "const value = { ...required(at), ...change }", "const value = { ...at!, ...change }"],
  X18: [SUB_AGENTS, "if (token === undefined || token.jti !== jti)", "if (token === undefined)"],
  V8a: [
    "packages/aauth-stores/src/encrypt-stores.ts",
    "function decrypt(record: EncryptedRecord): Bound<Value> {",
    "function decrypt(record: EncryptedRecord): Bound<Value> {\n    void record.kid;",
  ],
  V6: [
    [MIGRATIONS, "  perform aauth_lock(in_store);\n  select * into present", "  select * into present"],
    [
      MIGRATIONS,
      "  if coalesce(present.version, 0) <> expected then",
      "  perform aauth_lock(in_store);\n  if coalesce(present.version, 0) <> expected then",
    ],
    [
      MIGRATIONS,
      "  perform aauth_lock(in_store);\n  delete from aauth_entries where ctid",
      "  delete from aauth_entries where ctid",
    ],
    [
      "packages/aauth-stores/src/postgres/connections.ts",
      "codeOf(error) === DEADLOCK ? run() :",
      "false ? run() :",
    ],
  ],
  R4: [
    "ui/src/saved-run/elements.ts",
    "made.append(child);",
    'made.insertAdjacentHTML("beforeend", String(child));',
  ],
  R5: ["ui/src/features/take-along/saved-attack.ts", 'name === "authorization" ?', "false ?"],
};

/** Tests of holes without a row, and those of rows whose test another check satisfies. */
const TESTS: Readonly<Record<string, readonly [file: string, pattern: string]>> = {
  P2: [SIGNATURE_TEST, "P2, P3, J4: @method is not covered"],
  P5: [SIGNATURE_TEST, "P5: one label in all three headers"],
  P6: [SIGNATURE_TEST, "P6: Signature-Key with one parameter twice"],
  J20: [CODE_TEST, "J20: revocation"],
  G4: ["services/gateway-authz/test/discovery.test.ts", "A20: an address in a network"],
  B1: ["services/backend/test/users/user-token.test.ts", "it has no exp"],
  B6: [BACKEND_TEST, "is for another agent"],
  X1: [EXCHANGE_TEST, "a token that ends with the caller's"],
  X2: [CONSENT_TEST, "is asked again once the refresh token that came with it has expired"],
  X3: [CODE_TEST, "is for the key that asked"],
  X4: [REQUEST_TEST, "for another key"],
  X5: ["packages/fastify-aauth/test/level-limits.test.ts", "all agents of one host are one"],
  X6: ["services/backend/test/orders/order-service.test.ts", "are open twenty at a time"],
  X7: [`${CONTRACT}/own-token.test.ts`, "gets a token for itself"],
  X8: ["services/backend/test/delegates/delegates-service.test.ts", "a report is for the user"],
  X9: ["packages/aauth/test/february-2026/auth-token.test.ts", "refuses a claim of the wrong type"],
  X10: ["packages/aauth/test/store/quota-store.test.ts", "an owner's oldest entry goes"],
  X11: ["packages/aauth/test/discovery/discovery.test.ts", "does not connect to https://localhost"],
  X12: [VERIFY_TEST, "an auth token of an agent that is not trusted"],
  X13: [VERIFY_TEST, "nor does one host"],
  X14: ["packages/aauth/test/tokens/jwt.test.ts", "an RSA key of more than 4096 bits"],
  X15: [EXCHANGE_TEST, "where no agent may carry a user's authority on"],
  X16: [`${CONTRACT}/own-token.test.ts`, "is refused where neither is on the list"],
  X17: [SUB_AGENTS_TEST, "receives no token that arrives after its end"],
  X18: [SUB_AGENTS_TEST, "asks with its last agent token"],
};

/**
 * Marked checks (marked-checks.ts) that need a replacement, because nothing works without any code
 * there.
 */
const INSTEAD: Readonly<Record<string, string>> = {
  V23: "const run = await runs.find(first.userId, first.id);",
  V24: "const ttlSeconds = toleranceSeconds + 1;",
  A21: "trustProxy: true,",
  E1: "coverageOf(facts, false);",
  E1a: 'const DEFAULT_COMPONENTS = ["content-digest", "content-type"];',
  E2: "export const registrableDomain = (host: string): string | undefined => host;",
  K2: 'await (await import("node:fs/promises")).rename(beside, join(this.#folder, name));',
  K3: "return { ...jwk, kid: kidPrefix };",
  R1c: "return true;",
  R1d: "const kept = Object.entries(headers);",
  R3: "return JSON.stringify(run);",
  S11c: "true;",
  S15: "const servesFebruary = true;",
  S19: "if (false) record.outcome = outcome;",
  S23: 'return result ?? "invalid_code";',
  S32d: "return;",
  T1a: "return keys[0]!;",
  T5a: "return outcome;",
  T8a: "return opened;",
  T11a: "const own = { ...checks, trustedIssuers: expected.issuers };",
  T15a: "const exp = iat + lifetimeSeconds;",
  T17: "const isItsOwn = false;",
  T18: "const data = new TextEncoder().encode(JSON.stringify([person]));",
  T22a: "const consented = agreed !== undefined;",
  T22b: "scope,",
  T23a: "return decision;",
  T23b: "agreed: standing.agreed,",
  T23c: "return outcome;",
  T24: "return record === undefined ? undefined : deliveries.revoke([record]);",
  T29a: 'return "invalid_code";',
  T32a: "const known = Object.entries(claims);",
  T33a: "false;",
  T34a: "location: location?.href,",
  T37a: 'const shown = await forms.find(requiredParameter(form, "consent_code"));',
  T38a: "shows: ({ person }, { id }) => person === undefined || person === id,",
  T39a: "return callback;",
  T42a: "instead: async () => undefined,",
  T44: "const path = target;",
  T49: "const isFinal = decision !== undefined;",
  T48: 'long: { signed: true, httpOnly: true, sameSite: "lax" },',
  T46: "return String(part);",
  U1: 'new URL("/.well-known/openid-configuration", issuer),',
  U5: "const secret = cookie.read(request) ?? newSecret();",
  U6: "const isSame = true;",
  U7: 'return hash("sha256", subject, "base64url");',
  U10: "if (url !== null) return url.href;",
  U11: "if (owner === subject || owner === claimedName) return true;",
  U11a: "return claimedName?.includes(owner.slice(OWNER_NAME_PREFIX.length)) === true;",
  U14: ";",
  U15a: "return true;",
  U15b: "const login = { accountId: person.id, remember: false };",
  U16: "const email = claims.email_verified === false ? undefined : textOf(claims.email);",
  U17: "if (endSession !== undefined) return noStore(reply).redirect(endSession.href, 303);",
  V6a: "return await run();",
  X20: "return await fetch(signal);",
};

/** Mutations of the table above, and of each marked check. */
export function allMutations(): readonly Mutation[] {
  const testOf = testsOfRows(REPOSITORY_ROOT);
  const ofTable = Object.entries(HOLES).map(([id, hole]): Mutation => {
    const edits = isEdit(hole) ? [hole] : hole;
    const named = TESTS[id];
    const run = named === undefined ? testOf(id) : runOf(...named);
    return { id, without: summaryOf(edits[0]![1]), runs: run === undefined ? [] : [run], edits };
  });
  return [...ofTable, ...markedMutations(REPOSITORY_ROOT, INSTEAD)];
}

const isEdit = (hole: Edit | readonly Edit[]): hole is Edit => typeof hole[0] === "string";
