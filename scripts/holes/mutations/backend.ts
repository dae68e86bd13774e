import type { Mutation } from "../mutation.ts";

const BACKEND_TEST = "tests/integration/holes-backend.test.ts";
const SOURCE = "services/backend/src";

/** Rows B: the backend. */
export const BACKEND: readonly Mutation[] = [
  {
    id: "B1",
    without: "an ID token of the realm does not sign in",
    edits: [[`${SOURCE}/users/user-token.ts`, 'if (payload.typ !== "Bearer") throw', "if (false) throw"]],
    test: [BACKEND_TEST, "one that is an ID token does not"],
  },
  {
    id: "B1",
    without: "an auth token of the realm does not sign in",
    edits: [
      [
        `${SOURCE}/users/user-token.ts`,
        'if (!HEADER_TYPES.has(protectedHeader.typ?.toLowerCase() ?? ""))\n      throw',
        "if (protectedHeader.typ === undefined) throw",
      ],
    ],
    test: [BACKEND_TEST, "one that is an auth token does not"],
  },
  {
    id: "B1",
    without: "an access token has an end",
    edits: [
      [
        `${SOURCE}/users/user-token.ts`,
        'requiredClaims: ["exp", "iat", "sub"],',
        'requiredClaims: ["iat", "sub"],',
      ],
    ],
    test: [BACKEND_TEST, "one without an end does not"],
  },
  {
    id: "B1",
    without: "an access token is for this client",
    edits: [
      [`${SOURCE}/users/user-token.ts`, "if (!isMadeFor(payload, clientId)) throw", "if (false) throw"],
    ],
    test: [BACKEND_TEST, "one for another client does not"],
  },
  {
    id: "B2",
    without: "what the auth server says is one parameter",
    edits: [
      [
        `${SOURCE}/routes/consent-callback.ts`,
        'page.searchParams.set("error_description", outcome.description);',
        'page.search += "&error_description=" + outcome.description;',
      ],
    ],
    test: [BACKEND_TEST, "B2: what the auth server says"],
  },
  {
    id: "B3",
    without: "the consent is that of the user who started the run",
    edits: [
      [`${SOURCE}/services/consent-service.ts`, "if (grant.subject !== consent.userId) {", "if (false) {"],
    ],
    test: [BACKEND_TEST, "B3: the consent of another user"],
  },
  {
    id: "B3",
    without: "a state is good once",
    edits: [[`${SOURCE}/services/consent-service.ts`, "pending.take(state)", "pending.get(state)"]],
    test: [BACKEND_TEST, "B3: a callback works once"],
  },
  {
    id: "B4",
    without: "a run is its user's",
    edits: [
      [`${SOURCE}/runs/run-store.ts`, "return run?.userId === userId ? run : undefined;", "return run;"],
    ],
    test: [BACKEND_TEST, "B4: nobody sees or clears"],
  },
  {
    id: "B4",
    without: "a list of runs is its user's",
    edits: [
      [`${SOURCE}/runs/run-store.ts`, "runs.put(run.userId, ", 'runs.put("", '],
      [
        `${SOURCE}/runs/run-store.ts`,
        "list: (userId) => runs.list(userId).reverse()",
        'list: () => runs.list("").reverse()',
      ],
    ],
    test: [BACKEND_TEST, "B4: nobody sees or clears"],
  },
  {
    id: "B5",
    without: "a token is kept for one user",
    edits: [
      [
        `${SOURCE}/services/run-service.ts`,
        "return deps.sharesTokens ? run.userId : run.id;",
        'return run && "everybody";',
      ],
    ],
    test: ["tests/integration/many-users.test.ts", "B5: 200 users at once"],
  },
  {
    id: "B6",
    without: "a challenge is for this agent, its key and a trusted auth server",
    edits: [
      [
        "packages/aauth/src/agent/check-challenge.ts",
        "checkResourceClaims(claims, { audience: authServer, agent, agentJkt }, now);",
        "void [authServer, agent, agentJkt, now];",
      ],
    ],
    test: [BACKEND_TEST, "is for another agent"],
  },
  {
    id: "B6",
    without: "a challenge leads to a trusted auth server",
    edits: [
      [
        "packages/aauth/src/agent/check-challenge.ts",
        "if (!expected.trustedAuthServers.includes(authServer)) {",
        "if (false) {",
      ],
      [
        "packages/aauth/src/agent/token-client.ts",
        "if (!options.trustedAuthServers.includes(authServer)) {",
        "if (false) {",
      ],
    ],
    test: [BACKEND_TEST, "names an auth server that nobody trusts"],
  },
  {
    id: "B7",
    without: "a second demand for consent ends the run",
    edits: [
      [
        `${SOURCE}/services/run-service.ts`,
        "if (!(error instanceof ConsentRequiredError) || consented) failWith",
        "if (!(error instanceof ConsentRequiredError)) failWith",
      ],
    ],
    test: [BACKEND_TEST, "B7: a second demand for consent"],
  },
  {
    id: "B8",
    without: "the connection test is for users",
    edits: [
      [
        `${SOURCE}/routes/optimization.ts`,
        '    "/optimization/test-a2a-connection",\n    { config,',
        '    "/optimization/test-a2a-connection",\n    { config: { access: "public" },',
      ],
    ],
    test: [BACKEND_TEST, "B8: the connection test"],
  },
  {
    id: "B9",
    without: "a run that nobody comes back to ends",
    edits: [[`${SOURCE}/services/run-service.ts`, "    run?.expireConsent(CONSENT_EXPIRED);\n", ""]],
    test: [BACKEND_TEST, "B9: who does not come back in time"],
  },
];
