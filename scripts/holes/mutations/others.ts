import type { Mutation } from "../mutation.ts";

const AAUTH = "packages/aauth/src";
const SERVER = "services/auth-server/src";
const CONTRACT = "tests/contract/auth-server";
const ORDERS = "services/backend/src/orders/order-service.ts";
const ORDERS_TEST = "services/backend/test/orders/order-service.test.ts";
const EXCHANGE = `${CONTRACT}/exchange.test.ts`;
const CODE = `${CONTRACT}/code-and-refresh.test.ts`;
const REQUEST = `${CONTRACT}/request-auth.test.ts`;
const CLAIMS = `${AAUTH}/tokens/claim-checks.ts`;
const LIMITS = "packages/fastify-aauth/src/level-limits.ts";
const LIMITS_TEST = "packages/fastify-aauth/test/level-limits.test.ts";
const FIND_KEY = `${AAUTH}/resource/find-key.ts`;
const VERIFY_TEST = "packages/aauth/test/resource/verify-request.test.ts";
const DISCOVERY_TEST = "packages/aauth/test/discovery/discovery.test.ts";
const GRANTS_TEST = "services/auth-server/test/grants.test.ts";

/** Checks that no published implementation lacks by name: authority that ends, delegates, orders, bounds, shapes. */
export const OTHERS: readonly Mutation[] = [
  {
    id: "X1",
    without: "an exchanged token ends with its upstream token",
    edits: [[`${SERVER}/request-types/exchange.ts`, "    notAfter: upstream.exp,\n", ""]],
    test: [EXCHANGE, "a token that ends with the caller's"],
  },
  {
    id: "X1",
    without: "an exchanged token ends when policy says",
    edits: [[`${SERVER}/issue-token.ts`, "return Math.min(authTokenLifetimeSeconds, left);", "return left;"]],
    test: [EXCHANGE, "a token no longer than policy has it"],
  },
  {
    id: "X1",
    without: "an exchange asks for no scope that the caller lacks",
    edits: [[`${SERVER}/request-types/exchange.ts`, "if (expansion.length > 0)", "if (false)"]],
    test: [EXCHANGE, "a scope that the caller does not have"],
  },
  {
    id: "X1",
    without: "a chain of exchanges has a bound",
    edits: [
      [
        `${SERVER}/request-types/exchange.ts`,
        "if (depthOf(act) > policy.exchangeMaxDepth) {",
        "if (false) {",
      ],
    ],
    test: [EXCHANGE, "a chain that is longer"],
  },
  {
    id: "X1",
    without: "another issuer's user is none of this realm",
    edits: [[`${SERVER}/request-types/exchange.ts`, "upstream.iss === issuer && ", ""]],
    test: [EXCHANGE, "J3, P7: is refused without a single request"],
  },
  {
    id: "X2",
    without: "consent is remembered no longer than it can be revoked",
    edits: [
      [
        `${SERVER}/aauth.ts`,
        "Math.min(state.policy().refreshTokenLifetimeSeconds, state.realm.ssoSessionMaxLifespan)",
        "state.realm.ssoSessionMaxLifespan",
      ],
    ],
    test: [
      `${CONTRACT}/consent.test.ts`,
      "is asked again once the refresh token that came with it has expired",
    ],
  },
  ...(
    ["as a code is not for", "as a refresh token is not for", "what the agent itself was given"] as const
  ).map((name) => ({
    id: "X3",
    without: `what a delegate was given is its own: ${name}`,
    edits: [
      [`${SERVER}/request-types/code.ts`, " && grant.agentDelegate === requester.agentDelegate", ""],
    ] as const,
    test: [CODE, name] as const,
  })),
  {
    id: "X3",
    without: "a remembered consent is one delegate's",
    edits: [
      [`${SERVER}/consent/consent-memory.ts`, "agent, agentDelegate ?? null, resource]", "agent, resource]"],
    ],
    test: [CODE, "as a remembered consent is not for"],
  },
  {
    id: "X3",
    without: "a code is for the key that asked",
    edits: [[`${SERVER}/request-types/code.ts`, " || requester.thumbprint !== consented.thumbprint", ""]],
    test: [CODE, "is for the key that asked"],
  },
  {
    id: "X3",
    without: "a code is for the agent that asked",
    edits: [[`${SERVER}/request-types/code.ts`, "if (!sameAgent(consented, requester) || ", "if ("]],
    test: [CODE, "is for the agent that asked, also when another one has the same key"],
  },
  {
    id: "X4",
    without: "a resource token is for the agent that brings it",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/resource-token.ts`,
        "if (claims.agent !== expected.agent) {",
        "if (false) {",
      ],
    ],
    test: [REQUEST, "for another agent"],
  },
  {
    id: "X4",
    without: "a resource token is for the key that brings it",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/resource-token.ts`,
        "if (claims.agent_jkt !== expected.agentJkt) {",
        "if (false) {",
      ],
    ],
    test: [REQUEST, "for another key"],
  },
  {
    id: "X5",
    without: "delegates count as their agent",
    edits: [
      [
        LIMITS,
        "return JSON.stringify([ownerOf(agent.agent), subject]);",
        "return JSON.stringify([ownerOf(agent.agent), agent.agentDelegate, subject]);",
      ],
    ],
    test: [LIMITS_TEST, "delegates count as their agent"],
  },
  {
    id: "X5",
    without: "all agents of one host count together",
    edits: [
      [
        LIMITS,
        "return JSON.stringify([ownerOf(agent.agent), subject]);",
        "return JSON.stringify([agent.agent, subject]);",
      ],
    ],
    test: [LIMITS_TEST, "all agents of one host are one"],
  },
  {
    id: "X5",
    without: "an agent has a limit for all its users",
    edits: [[LIMITS, "    authorized: limiter(authorizedTogether),\n", ""]],
    test: [LIMITS_TEST, "an agent has a limit for all its users"],
  },
  {
    id: "X5",
    without: "all keys together have a limit",
    edits: [[LIMITS, "    pseudonymous: limiter(limits.pseudonymousTogether),\n", ""]],
    test: [LIMITS_TEST, "all keys together"],
  },
  {
    id: "X6",
    without: "an approved order is asked for with the key it was approved for",
    edits: [
      [ORDERS, "...(visit?.keyThumbprint !== undefined && { keyThumbprint: visit.keyThumbprint }),", ""],
    ],
    test: [ORDERS_TEST, "is tried again with the key"],
  },
  {
    id: "X6",
    without: "a request can be made with an earlier key",
    edits: [
      [
        `${AAUTH}/agent/signed-fetch.ts`,
        "const keys = pinnedTo(context.keyThumbprint, options.keys);",
        "const { keys } = options;",
      ],
    ],
    test: ["packages/aauth/test/agent/rotation.test.ts", "gets the request again with the key"],
  },
  {
    id: "X6",
    without: "a second demand for the user ends the order",
    edits: [
      [
        ORDERS,
        "error instanceof UserInteractionRequiredError && visit === undefined",
        "error instanceof UserInteractionRequiredError",
      ],
    ],
    test: [ORDERS_TEST, "whose agent wants the user again"],
  },
  {
    id: "X6",
    without: "an order that nobody comes back to ends",
    edits: [[ORDERS, "    expire(kept);\n    return kept;", "    return kept;"]],
    test: [ORDERS_TEST, "whose visit nobody has come back from"],
  },
  {
    id: "X6",
    without: "a user has twenty open orders",
    edits: [
      [ORDERS, "if (open.length >= MAX_OPEN_PER_USER || !openVisits.hasRoom(userId)) {", "if (false) {"],
    ],
    test: [ORDERS_TEST, "are open twenty at a time"],
  },
  {
    id: "X6",
    without: "what waits at the agent counts, whatever has become of the order",
    edits: [
      [
        ORDERS,
        "if (open.length >= MAX_OPEN_PER_USER || !openVisits.hasRoom(userId)) {",
        "if (open.length >= MAX_OPEN_PER_USER) {",
      ],
    ],
    test: [ORDERS_TEST, "what it waits for counts for its ten minutes"],
  },
  {
    id: "X6",
    without: "what waits for a consent counts, whatever has become of the run",
    edits: [
      [
        "services/backend/src/services/run-service.ts",
        "if (unfinished >= MAX_REQUESTS_PER_USER || !consentRequests.hasRoom(userId)) {",
        "if (unfinished >= MAX_REQUESTS_PER_USER) {",
      ],
    ],
    test: ["services/backend/test/journeys.test.ts", "however often the runs are cleared"],
  },
  {
    id: "X6",
    without: "a user has a hundred orders remembered",
    edits: [[ORDERS, "maxPerOwner: MAX_PER_USER, now", "maxPerOwner: MAX_ORDERS, now"]],
    test: [ORDERS_TEST, "are remembered a hundred at a time"],
  },
  {
    id: "X6",
    without: "orders of one agent are limited",
    edits: [
      [
        "services/supply-chain-agent/src/orders/order-routes.ts",
        'aauth: { level: "identified" }, aauthLimits: LIMITS }',
        'aauth: { level: "identified" } }',
      ],
    ],
    test: [
      "services/supply-chain-agent/test/interaction.test.ts",
      "an agent may order a hundred times a minute",
    ],
  },
  {
    id: "X7",
    without: "the page says whose words the scopes are in",
    edits: [
      [`${SERVER}/consent/describe-request.ts`, "words.filter((name) => !isIdentityScope(name)),", "words,"],
    ],
    test: [`${CONTRACT}/own-token.test.ts`, "gets a token for itself"],
  },
  {
    id: "X8",
    without: "a delegate says that consent is wanted",
    edits: [
      ["services/delegate-agent/src/delegate.ts", 'error.oauthError === "invalid_request" &&', "false &&"],
    ],
    test: ["tests/integration/delegate.test.ts", "says so where a user's consent is wanted"],
  },
  {
    id: "X8",
    without: "a delegate's report is for the user who had it work",
    edits: [
      [
        "services/backend/src/delegates/delegates-service.ts",
        "JSON.stringify([userId, sub])",
        "JSON.stringify([sub, userId && 0])",
      ],
    ],
    test: ["services/backend/test/delegates/delegates-service.test.ts", "a report is for the user"],
  },
  {
    id: "X9",
    without: "names in an auth token are text",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/auth-token.ts`,
        'for (const name of ["sub", "agent", "agent_delegate", "jti"]) optionalString(claims, name);',
        "",
      ],
    ],
    test: [
      "packages/aauth/test/profiles/february-2026/auth-token.test.ts",
      "refuses a claim of the wrong type",
    ],
  },
  ...(["auth-token", "resource-token", "agent-token"] as const).map((kind) => ({
    id: "X9",
    without: `iat and nbf are numbers: ${kind}`,
    edits: [
      [
        CLAIMS,
        "if (value !== undefined && !(typeof",
        'if (name === "exp" && value !== undefined && !(typeof',
      ],
    ] as const,
    test: [`packages/aauth/test/tokens/${kind}.test.ts`, "a claim of the wrong type"] as const,
  })),
  {
    id: "X9",
    without: "names in a resource token are text",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/resource-token.ts`,
        'for (const name of ["iss", "aud", "agent", "agent_jkt"]) requiredString(claims, name);',
        "",
      ],
    ],
    test: ["packages/aauth/test/profiles/february-2026/resource-token.test.ts", "a claim of the wrong type"],
  },
  {
    id: "X9",
    without: "names in an agent token are text",
    edits: [
      [
        `${AAUTH}/profiles/february-2026/agent-token.ts`,
        'for (const name of ["iss", "sub"]) requiredString(decoded.claims, name);',
        "",
      ],
    ],
    test: ["packages/aauth/test/profiles/february-2026/agent-token.test.ts", "a claim of the wrong type"],
  },
  {
    id: "X9",
    without: "the audience of an agent token has its shape",
    edits: [[`${AAUTH}/profiles/february-2026/agent-token.ts`, "  optionalAudience(decoded.claims);\n", ""]],
    test: ["packages/aauth/test/profiles/february-2026/agent-token.test.ts", "a claim of the wrong type"],
  },
  {
    id: "X10",
    without: "one agent cannot fill the store of all",
    edits: [
      [
        `${AAUTH}/store/quota-store.ts`,
        "return held < this.#maxPerOwner && ",
        "return this.#maxPerOwner > 0 || ",
      ],
    ],
    test: [GRANTS_TEST, "one agent, whatever delegates it makes"],
  },
  {
    id: "X10",
    without: "delegates fill the share of their agent",
    edits: [
      [
        `${SERVER}/grants.ts`,
        "ownerOf: ({ agent }) => ownerOf(agent),",
        "ownerOf: (value) => JSON.stringify(value),",
      ],
    ],
    test: [GRANTS_TEST, "one agent, whatever delegates it makes"],
  },
  {
    id: "X10",
    without: "agents on many ports fill the share of their host",
    edits: [
      [`${SERVER}/grants.ts`, "ownerOf: ({ agent }) => ownerOf(agent),", "ownerOf: ({ agent }) => agent,"],
    ],
    test: [GRANTS_TEST, "nor can one host"],
  },
  {
    id: "X10",
    without: "one person cannot end the pages of others",
    edits: [
      [
        `${SERVER}/aauth.ts`,
        "ownerOf: ({ userId }) => userId,",
        "ownerOf: ({ requestToken }) => requestToken + Math.random(),",
      ],
    ],
    test: ["services/auth-server/test/consent/consent.test.ts", "who loads the page over and over"],
  },
  {
    id: "X11",
    without: "a name is looked at after it was resolved, for http and https",
    edits: [
      [
        `${AAUTH}/discovery/http-node.ts`,
        "if (addresses.some(({ address }) => isForbidden(address, blockList))) {",
        "if (false) {",
      ],
    ],
    test: [DISCOVERY_TEST, "does not connect to https://localhost"],
  },
  {
    id: "X11",
    without: "a literal is looked at before it is connected to",
    edits: [[`${AAUTH}/discovery/http-node.ts`, "      guardLiteral(url.hostname, blockList);\n", ""]],
    test: [DISCOVERY_TEST, "does not connect to https://127.0.0.1"],
  },
  {
    id: "X11",
    without: "whose document is wanted is not flooded",
    edits: [[`${AAUTH}/discovery/fetch-slots.ts`, "slot.owner === owner", "false"]],
    test: [DISCOVERY_TEST, "few connections to one origin"],
  },
  {
    id: "X12",
    without: "an agent that is not trusted is not let in by an auth token",
    edits: [[FIND_KEY, "  requireTrusted(agent, options);\n", ""]],
    test: [VERIFY_TEST, "an auth token of an agent that is not trusted"],
  },
  {
    id: "X12",
    without: "nor by one that was verified before",
    edits: [[FIND_KEY, "  requireTrusted(holderNamed(claims, audience), options);\n", ""]],
    test: [VERIFY_TEST, "not trusted any more"],
  },
  {
    id: "X13",
    without: "identities of one host share what it may hold of the replay memory",
    edits: [[`${AAUTH}/resource/verify-request.ts`, "ownerOf(agent.agent)", "agent.agent"]],
    test: [VERIFY_TEST, "nor does one host"],
  },
  {
    id: "X14",
    without: "an RSA key has a largest size",
    edits: [[`${AAUTH}/tokens/token-key.ts`, "if (!(n.length <= MAX_MODULUS_CHARACTERS)) {", "if (false) {"]],
    test: ["packages/aauth/test/tokens/jwt.test.ts", "more than 4096 bits"],
  },
  {
    id: "X15",
    without: "a user's authority is carried on by those the realm names",
    edits: [
      [
        `${SERVER}/request-types/exchange.ts`,
        "if (subject !== undefined && !policy.exchangeAgents.includes(agent)) {",
        "if (false) {",
      ],
    ],
    test: [EXCHANGE, "where nobody may carry a user's authority on"],
  },
  {
    id: "X15",
    without: "what needs a user's consent is not exchanged without a user",
    edits: [[`${SERVER}/request-types/exchange.ts`, "if (needsUser && subject === undefined)", "if (false)"]],
    test: [
      "services/auth-server/test/request-types/exchange.test.ts",
      "an agent's token for itself is no user's authority",
    ],
  },
  {
    id: "X16",
    without: "who a user is, is told to those the realm names",
    edits: [
      [`${SERVER}/request-types/auth.ts`, "  requireMayAskWho(policy, { agent, resource }, scopes);\n", ""],
    ],
    test: [
      "services/auth-server/test/request-types/own-token.test.ts",
      "is not for an agent by its second name",
    ],
  },
];
