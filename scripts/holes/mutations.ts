import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { markedMutations } from "./marked-checks.ts";
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
const GATEWAY_TEST = "tests/contract/gateway/gateway.test.ts";
const AGENTS_TEST = "tests/integration/holes-agents.test.ts";
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
/** Believes the signature of tokens that a party of this kind issues. */
const believed = (kind: string): Edit => [
  ISSUER_KEY,
  "    await verifyJwt(token, jwk, alg, named);\n  } catch",
  `    if (kind.name !== "${kind}") await verifyJwt(token, jwk, alg, named);\n  } catch`,
];
const anySignature: Edit = [VERIFICATION, "if ((await hasSigned(key)) === true) return key;", "return key;"];
/** A header that is not there is an empty one. */
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

type Hole = readonly [without: string, test: readonly [file: string, name: string], ...edits: Edit[]];

/** By id: a hole has one. */
const HOLES: Readonly<Record<string, Hole>> = {
  // The library: what signs, when, and what for.
  P1: [
    "created has to be there",
    [SIGNATURE_TEST, "P1: no created"],
    [VERIFY, "(input.created === undefined) {", "(input.created === undefined) return;\n  if (false) {"],
  ],
  P2: [
    "method, authority and path have to be covered",
    [SIGNATURE_TEST, "P2, P3, J4: @method is not covered"],
    uncovered('name.startsWith("@")'),
  ],
  P3: [
    "the query has to be covered",
    [SIGNATURE_TEST, "P3: a query that is not covered"],
    uncovered('name === "@query"'),
  ],
  P4: ["the digest is compared with the body", [SIGNATURE_TEST, "P4, J5: another body"], anyDigest],
  P5: [
    "the three headers have one label",
    [SIGNATURE_TEST, "P5: one label in all three headers"],
    [VERIFY, "if (label !== members[0]?.label) {", "if (false) {"],
  ],
  P6: [
    "a parameter of Signature-Key is there once",
    [SIGNATURE_TEST, "P6: Signature-Key with one parameter twice"],
    [SIGNATURE_KEY, 'if (pairs.has(name)) fail("a parameter appears twice");', ""],
  ],
  P7: [
    "a token has an end",
    [EXCHANGE_TEST, "P7: a token that says nothing about its end"],
    [CLAIMS, 'if (value === undefined && name === "exp") throw missing(name);', ""],
  ],
  P8: [
    "expires of a signature counts",
    [SIGNATURE_TEST, "P8: expires in the past"],
    [VERIFY, "if (input.expires !== undefined && !(now < input.expires)) {", "if (false) {"],
  ],
  P9: [
    "a challenge is of scheme httpsig, and not only about it",
    [AGENTS_TEST, "P9: httpsig inside another scheme's text"],
    [`${PROFILE}/agent-auth.ts`, 'scheme !== "httpsig"', '!scheme?.includes("httpsig")'],
  ],
  P10: [
    "a nonce is good once",
    [SIGNATURE_TEST, "P10, J20: the same request twice"],
    [`${SIGNATURES}/replay.ts`, "if (claimed !== true) throw", "if (false) throw"],
  ],

  // The auth server.
  J1: [
    "the signature of a resource token is verified",
    [REQUEST_TEST, "J1: with a forged signature"],
    believed("resource"),
  ],
  J2: [
    "the signature of an agent token is verified",
    [SIGNATURE_TEST, "J2: an agent token with a forged signature"],
    believed("agent"),
  ],
  J3: [
    "the issuer of an upstream token is trusted",
    [EXCHANGE_TEST, "J3, P7: is refused without a single request"],
    [CLAIMS, TRUSTED, "return;"],
  ],
  J4: [
    "created is near",
    [SIGNATURE_TEST, "J4: created, further than 60 seconds away"],
    [VERIFY, "if (!(Math.abs(now - input.created) <= tolerance)) {", "if (false) {"],
  ],
  J5: [
    "the digest is compared where there is no body",
    [SIGNATURE_TEST, "P4, J5: another body"],
    [
      `${SIGNATURES}/verify-body.ts`,
      "return digest === undefined ?",
      "return digest === undefined || !message.body?.length ?",
    ],
  ],
  J6: [
    "the authority is the configured one",
    [SIGNATURE_TEST, "J6: the authority is the configured one"],
    [VERIFICATION, 'request.authority ?? rules.authorities[0] ?? ""', "String(request.headers.host)"],
    [VERIFICATION, "if (!v.rules.authorities.includes(v.authority)) {", "if (false) {"],
  ],
  J7: [
    "policy allows the scope before a user is asked",
    [REQUEST_TEST, "J7: a scope that policy forbids"],
    [`${SERVER}/request-types/auth.ts`, "if (!scopesAllowed(policy, scopes)) throw", "if (false) throw"],
  ],
  J8: [
    "redirect_uri has to be there",
    [CODE_TEST, "J8: without redirect_uri"],
    [CODE, 'requiredParameter(form, "redirect_uri")', 'form.get("redirect_uri") ?? consented?.redirectUri'],
  ],
  J9: [
    "the agent has published the redirect_uri",
    [REQUEST_TEST, "J9: a redirect_uri that the agent has not published"],
    [`${SERVER}/redirect-uri-check.ts`, "registered.includes(redirectUri)", "true"],
  ],
  J10: [
    "the address's redirect_uri is the signed request's",
    [CONSENT_TEST, "J10: an address that cannot be trusted"],
    [CONSENT_ROUTES, "redirectUri !== undefined && redirectUri !== consent.redirectUri", "false"],
  ],
  J11: [
    "the answer comes from the browser and person that were asked",
    [CONSENT_TEST, "J11: an answer counts only from the page"],
    [FORM_DESK, " || session.id !== shown.sessionId || personOf(session) !== shown.personId", ""],
  ],
  J12: [
    "state is that of the signed request",
    [CONSENT_TEST, "J12: is that of the agent's signed request"],
    [CONSENT_ROUTES, 'consent.state ?? single(query, "state")', 'single(query, "state") ?? consent.state'],
  ],
  J13: [
    "a request token is used up by a decision",
    [CONSENT_TEST, "J13: a request token is valid for one decision"],
    [CONSENT_ROUTES, "grants.consentRequests.take(", "grants.consentRequests.find("],
  ],
  J14: [
    "text of the request is made printable",
    [SIGNATURE_TEST, "J14: an answer is JSON"],
    ["packages/issuer-kit/src/oauth-error.ts", "return text.replace(", "return text; text.replace("],
  ],
  J15: [
    "an unknown request_type is none",
    [SIGNATURE_TEST, "J15: "],
    [
      `${SERVER}/token-endpoint.ts`,
      "REQUEST_TYPES.find((candidate) => candidate.name === name)",
      "REQUEST_TYPES.find((candidate) => candidate.name === name) ?? REQUEST_TYPES[0]",
    ],
  ],
  J16: [
    "a list that cannot be read is an error",
    ["tests/integration/holes-auth-server.test.ts", "J16: an allow list"],
    [
      `${SERVER}/realm/policy.ts`,
      'context.addIssue({ code: "custom", message: "expected a JSON array of',
      'return [];\n  void ({ code: "", message: "',
    ],
  ],
  J17: [
    "a refused refresh does not name the owner",
    [CODE_TEST, "J17: another agent is refused"],
    [
      `${SERVER}/request-types/refresh.ts`,
      'Agent signature mismatch"',
      'Agent signature mismatch" + grant.agent',
    ],
  ],
  J18: [
    "a certificate's address is not taken for a key",
    [SIGNATURE_TEST, "J18: a certificate's address"],
    [
      SIGNATURE_KEY,
      "    default:\n      throw",
      '    case "x509":\n      return { label, scheme: "jwks", id: new URL(required("x5u")).origin, kid: "k" };\n    default:\n      throw',
    ],
  ],
  J19: [
    "a key set by its address proves no identity",
    [SIGNATURE_TEST, "J19: a key set's address"],
    [
      CALLERS,
      'if ("jwksUri" in claim) {',
      'if ("jwksUri" in claim) {\n return { ...claim, id: new URL(claim.jwksUri).origin };',
    ],
  ],
  J20: [
    "a revoked refresh token is gone",
    [CODE_TEST, "J20: revocation"],
    [`${SERVER}/token-endpoint.ts`, "await context.grants.refreshTokens.take(token);", ""],
  ],

  // The gateway, and its check of who calls.
  G1: [
    "the issuer has signed the auth token",
    [GATEWAY_TEST, "G1: a token signed by another issuer"],
    believed("issuer"),
  ],
  G2: [
    "an expired token has no leeway",
    [GATEWAY_TEST, "G2: an expired token"],
    [CLAIMS, "return now >= exp;", "return now >= exp + 60;"],
  ],
  G3: [
    "a token of no known type is no agent token",
    [GATEWAY_TEST, "G3: a token of no known type"],
    [
      `${AAUTH}/profile/candidates.ts`,
      'typeof type === "string" && accepted.includes(type) ? resolvers[type] : undefined',
      "resolvers[String(type)] ?? Object.values(resolvers)[0]",
    ],
    [CLAIMS, "if (header.typ !== type) {", "if (false) {"],
  ],
  G4: [
    "addresses inside a network are not fetched",
    ["services/gateway-authz/test/discovery.test.ts", "A20: an address in a network"],
    ...anyAddress,
  ],
  G5: [
    "more than the key has to be covered",
    [GATEWAY_TEST, "G5: only the key is signed"],
    uncovered("true"),
  ],
  G6: [
    "the agent behind compares the digest",
    [GATEWAY_TEST, "G6: a body that was changed after signing"],
    anyDigest,
  ],
  G7: [
    "the keys of a resource are its own, not those of the agent by its name",
    [REQUEST_TEST, "G7: signed with a key"],
    [`${PROFILE}/documents.ts`, 'resource: kindOf("resource", resource)', 'resource: kindOf("agent", agent)'],
  ],
  G8: [
    "a host that is not configured is not served",
    [GATEWAY_TEST, "G8: an unknown host is 404"],
    [
      "services/gateway/src/routing/select-listener.ts",
      'hostname === "*");',
      'hostname === "*") ?? listeners[0];',
    ],
  ],
  G9: [
    "a policy without effect is refused",
    [GATEWAY_TEST, "G9: the inert policy of the fork"],
    [
      "services/gateway/src/configuration/document-schema.ts",
      "policies = z.strictObject(",
      "policies = z.looseObject(",
    ],
  ],
  G10: [
    "a request with one of the three headers is no unsigned one",
    [GATEWAY_TEST, "G10: "],
    [
      "packages/gateway-check/src/judge-check.ts",
      "[signatureKey, signatureInput, signature].every(",
      "[signatureKey, signatureInput, signature].some(",
    ],
  ],
  G11: [
    "what is open is an exact path, for GET and HEAD",
    [GATEWAY_TEST, "G11: "],
    [
      "packages/gateway-check/src/open-paths.ts",
      "    OPEN_METHODS.includes(method) &&\n",
      '    (path.includes("/.well-known/aauth-") || OPEN_METHODS.includes(method)) &&\n',
    ],
  ],

  // The demo agents.
  D1: [
    "all three headers have to be there",
    [AGENTS_TEST, "D1: Signature-Key without signature"],
    noSignature,
  ],
  D2: ["a signature of scheme hwk is verified", [AGENTS_TEST, "D2: an invalid signature"], anySignature],
  D3: [
    "an auth token comes with a signature by its key",
    [AGENTS_TEST, "D3: a stolen auth token"],
    anySignature,
  ],
  D4: [
    "a resource token is for the agent that has signed",
    [AGENTS_TEST, "D4: no caller gets a resource token"],
    anySignature,
  ],
  D5: [
    "the token has the scopes that are asked for",
    [AGENTS_TEST, "D5: a token with less"],
    [REQUIREMENT, "if (missing.length > 0) {", "if (false) {"],
  ],
  D6: [
    "an issuer is trusted by its whole name",
    [AGENTS_TEST, "D6: an issuer is not trusted for its path"],
    [CLAIMS, TRUSTED, 'if (iss.includes("/realms/")) return;'],
  ],
  D7: [
    "a token of an unknown issuer is none, whatever key it brings",
    [AGENTS_TEST, "D7: in signature-only mode"],
    [CLAIMS, TRUSTED, "return;"],
    [ISSUER_KEY, "const { jwk, source } =", 'if (kind.name === "issuer") return;\n  const { jwk, source } ='],
  ],
  D8: ["an identity elsewhere is not fetched", [AGENTS_TEST, "D8, G4: an identity elsewhere"], ...anyAddress],
  D9: ["a request has to be signed", [AGENTS_TEST, "D9: Signature-Key without signature"], noSignature],
  D10: [
    "a token's audience is compared",
    [AGENTS_TEST, "P7, D10: the token's verdict stands"],
    [CLAIMS, 'typeof aud === "string" ? aud === audience : aud.includes(audience)', "true"],
  ],
  D11: ["an invalid signature is refused", [AGENTS_TEST, "D9, D11: without a signature"], anySignature],
  D12: [
    "a caller without a name is asked for one",
    [AGENTS_TEST, "D12: a caller without an identity"],
    [
      REQUIREMENT,
      'new AAuthVerificationError("identity_required", "the route needs an identified agent")',
      'new AAuthVerificationError("authorization_required", "", { provenCaller: { ...caller, agent: "http://victim" } })',
    ],
  ],
  D13: [
    "an unknown variable stops the start",
    [AGENTS_TEST, "D13: there is no switch"],
    ["packages/agent-kit/src/service/config/load-config.ts", ", ...unknownVariables(settings, env)];", "];"],
  ],
  D14: [
    // Each of the two is enough: callers do not hand tokens out, and the log takes out what it is
    // given.
    "tokens are kept out of the log, twice",
    [AGENTS_TEST, "D14: no whole token"],
    [`${BACKEND}/own-agent.ts`, "revealTokens: config.showTokens,", "revealTokens: true,"],
    [
      "packages/agent-kit/src/service/log/logger.ts",
      "redactFields(JSON.parse(line), { showTokens })",
      "redactFields(JSON.parse(line), { showTokens: true })",
    ],
  ],

  // The backend.
  B1: [
    "an access token has an end",
    [BACKEND_TEST, "one without an end does not"],
    [`${BACKEND}/users/user-token.ts`, 'requiredClaims: ["exp", ', "requiredClaims: ["],
  ],
  B2: [
    "what the auth server says is one parameter",
    [BACKEND_TEST, "B2: what the auth server says"],
    [
      `${BACKEND}/routes/returns.ts`,
      'page.searchParams.set("error_description", ',
      'page.search += ("&error_description=" + ',
    ],
  ],
  B3: [
    "the consent is that of the user who started the run",
    [BACKEND_TEST, "B3: the consent of another user"],
    [`${BACKEND}/runs/consent-service.ts`, "if (claims.sub !== run.userId) {", "if (false) {"],
  ],
  B4: [
    "a run is its user's",
    [BACKEND_TEST, "B4: no user sees or clears"],
    [`${BACKEND}/store/user-records.ts`, "value?.userId === userId", "value !== undefined"],
  ],
  B5: [
    "a token is kept for one user",
    ["tests/integration/many-users.test.ts", "B5: many users at once"],
    [`${BACKEND}/runs/run-context.ts`, "sharesTokens ? run.userId : run.id", '"everybody"'],
  ],
  B6: [
    "a challenge is for this agent and its key",
    [BACKEND_TEST, "is for another agent"],
    [
      `${PROFILE}/calls.ts`,
      "for (const check of RESOURCE_TOKEN.beforeSignature) check(claims, expected);",
      "void expected;",
    ],
  ],
  B7: [
    "a second demand for consent ends the run",
    [BACKEND_TEST, "B7: a second demand for consent"],
    [
      `${BACKEND}/runs/run-attempt.ts`,
      "(error instanceof ConsentRequiredError) || consented",
      "(error instanceof ConsentRequiredError)",
    ],
  ],
  B8: [
    "the connection test is for users",
    [BACKEND_TEST, "B8: the connection test"],
    [`${BACKEND}/routes/user-route.ts`, 'access: "user"', 'access: "public"'],
    [`${BACKEND}/routes/user-route.ts`, "= signedInUser(request)", "= request.user!"],
  ],
  B9: [
    "a run ends whose user does not come back",
    [BACKEND_TEST, "B9: who does not come back in time"],
    [`${BACKEND}/runs/run-store.ts`, "settle: (run) => expireConsent(run, now()),", "settle: (run) => run,"],
  ],
  B15: [
    "the bearer twin takes its own token alone",
    ["tests/integration/bearer-twin.test.ts", "B15: only the twin takes a bearer token"],
    [`${BACKEND}/bearer-twin/bearer-service.ts`, "&& timingSafeEqual(hashed(given), hashed(expected))", ""],
  ],

  // Checks that no published implementation lacks by name: authority that ends, delegates, orders,
  // bounds, shapes.
  X1: [
    "an exchanged token ends with its upstream token",
    [EXCHANGE_TEST, "a token that ends with the caller's"],
    [`${SERVER}/request-types/exchange.ts`, "    notAfter: upstream.exp,\n", ""],
  ],
  X2: [
    "consent is remembered no longer than it can be revoked",
    [CONSENT_TEST, "is asked again once the refresh token that came with it has expired"],
    [`${SERVER}/aauth.ts`, "Math.min(state.policy().refreshTokenLifetimeSeconds, ", "Math.max(0, "],
  ],
  X3: [
    "a code is for the key that asked",
    [CODE_TEST, "is for the key that asked"],
    [CODE, " || requester.thumbprint !== consented.thumbprint", ""],
  ],
  X4: [
    "a resource token is for the key that brings it",
    [REQUEST_TEST, "for another key"],
    [CLAIMS, "if (agent_jkt !== agentJkt) throw", "if (false) throw"],
  ],
  X5: [
    "all agents of one owner count together",
    ["packages/fastify-aauth/test/level-limits.test.ts", "all agents of one host are one"],
    [
      "packages/fastify-aauth/src/level-limits.ts",
      "[ownerOfCaller(caller), subject]",
      "[caller.agent, subject]",
    ],
  ],
  X6: [
    "a user has twenty open orders",
    ["services/backend/test/orders/order-service.test.ts", "are open twenty at a time"],
    [`${BACKEND}/store/open-requests.ts`, "if (!isTaken) throw", "if (false) throw"],
  ],
  X7: [
    "the page says whose words the scopes are in",
    [`${CONTRACT}/own-token.test.ts`, "gets a token for itself"],
    [`${SERVER}/consent/describe-request.ts`, "words.filter((name) => !isIdentityScope(name)),", "words,"],
  ],
  X8: [
    "a delegate's report is for the user who had it work",
    ["services/backend/test/delegates/delegates-service.test.ts", "a report is for the user"],
    [`${BACKEND}/delegates/delegates-service.ts`, "JSON.stringify([userId, sub])", "sub"],
  ],
  X9: [
    "names in an auth token are text",
    ["packages/aauth/test/february-2026/auth-token.test.ts", "refuses a claim of the wrong type"],
    [
      `${PROFILE}/token-schemas.ts`,
      '    optional("sub"),\n    optional("agent"),\n    optional("agent_delegate"),\n    optional("jti"),\n',
      "",
    ],
  ],
  X10: [
    "one agent cannot fill the store of all",
    ["packages/aauth/test/store/quota-store.test.ts", "an owner's oldest entry goes"],
    [`${AAUTH}/store/quota-store.ts`, "return held < this.#maxPerOwner && ", "return true || "],
  ],
  X11: [
    "a name is looked at after it was resolved",
    ["packages/aauth/test/discovery/discovery.test.ts", "does not connect to https://localhost"],
    [`${AAUTH}/discovery/http-node.ts`, "addresses.some(({ address }) => isForbidden(address))", "false"],
  ],
  X12: [
    "an agent that is not trusted is not let in by an auth token",
    [VERIFY_TEST, "an auth token of an agent that is not trusted"],
    [CALLERS, "    requireTrustedCaller(agentOf(claims, context), context);\n", ""],
  ],
  X13: [
    "identities of one host share what it may hold of the replay memory",
    [VERIFY_TEST, "nor does one host"],
    [VERIFICATION, "ownerOfCaller(caller)", "caller.agent ?? caller.thumbprint"],
  ],
  X14: [
    "an RSA key has a largest size",
    ["packages/aauth/test/tokens/jwt.test.ts", "an RSA key of more than 4096 bits"],
    [`${AAUTH}/tokens/token-key.ts`, "maxBytes: 512 }", "maxBytes: 5_120 }"],
  ],
  X15: [
    "agents that the realm names may carry a user's authority on",
    [EXCHANGE_TEST, "where no agent may carry a user's authority on"],
    [`${SERVER}/request-types/exchange.ts`, "!policy.exchangeAgents.includes(agent)", "false"],
  ],
  X16: [
    "agents that the realm names may ask who a user is",
    [`${CONTRACT}/own-token.test.ts`, "is refused where neither is on the list"],
    [
      `${SERVER}/request-types/auth.ts`,
      "    requireMayAskIdentity(policy, { agent, resource }, scopes);\n",
      "",
    ],
  ],
  X17: [
    "a delegate that was ended while its parent asked gets nothing",
    [SUB_AGENTS_TEST, "receives no token that arrives after its end"],
    [SUB_AGENTS, "const value = { ...required(at), ...change }", "const value = { ...at!, ...change }"],
  ],
  X18: [
    "a sub-agent asks its parent with its last agent token",
    [SUB_AGENTS_TEST, "asks with its last agent token"],
    [SUB_AGENTS, "if (token === undefined || token.jti !== jti)", "if (token === undefined)"],
  ],
  V6: [
    "a write locks its store before a row, and no other mend hides it",
    ["tests/stores/postgres.test.ts", "V6: has no two writes of one key wait for each other"],
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
    "a saved run's viewer makes text of what a message contains",
    ["tests/e2e/saved-run.test.ts", "R4: "],
    [
      "ui/src/saved-run/elements.ts",
      "made.append(child);",
      'made.insertAdjacentHTML("beforeend", String(child));',
    ],
  ],
  R5: [
    "the bearer twin's token leaves cut",
    ["ui/test/features/take-along/take-along.test.ts", "R5: "],
    ["ui/src/features/take-along/saved-attack.ts", 'name === "authorization" ?', "false ?"],
  ],
};

/**
 * Marked checks (marked-checks.ts) that something else takes the place of: without any code there,
 * nothing works.
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
  T29a: "return undefined;",
  T32a: "const known = Object.entries(claims);",
  T33a: "false;",
  T34a: "location: location?.href,",
  T37a: 'const shown = await forms.find(requiredParameter(form, "consent_code"));',
  T38a: "shows: ({ person }, { id }) => person === undefined || person === id,",
  T39a: "return callback;",
  T42a: "instead: async () => undefined,",
  T44: "const path = target;",
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

/**
 * One for each of P, J, G, D and B of docs/reference/known-holes.md, for what was found missing a
 * test since, and for each marked check.
 */
export const allMutations = (): readonly Mutation[] => [
  ...Object.entries(HOLES).map(([id, [without, test, ...edits]]) => ({
    id,
    without,
    runs: [runOf(...test)],
    edits,
  })),
  ...markedMutations(REPOSITORY_ROOT, INSTEAD),
];
