import { globSync, readFileSync } from "node:fs";
import { ERROR_CODES } from "aauth";
import { type Check, checkSchema, type Hop } from "backend-api";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { table } from "./table.ts";

/** One way of a run or an order to fail. `codes` that are no code of the protocol are looked up in the backend's sources. */
interface RunFailure {
  readonly hops: readonly Hop[];
  readonly check: Check;
  readonly codes: readonly string[];
  /** Codes of a kind, in words. */
  readonly others?: string;
  readonly what: string;
  readonly advice: string;
}

const NETWORK = ["connection_refused", "name_not_found", "connection_broken", "unreachable"];
const FIRST = ["gateway", "supply-chain-agent"] as const;

const RUN_FAILURES: readonly RunFailure[] = [
  {
    hops: ["gateway"],
    check: "connection",
    codes: NETWORK,
    what: "nobody listens at `SUPPLY_CHAIN_AGENT_URL`, or the connection broke",
    advice: "start the gateway",
  },
  {
    hops: ["gateway"],
    check: "connection",
    codes: [],
    others: "`http_503`, or the status in `failureMode` of the gateway's file",
    what: "the gateway cannot reach `gateway-authz`",
    advice: "start it, or `AAUTH_AUTHZ_HOST`",
  },
  {
    hops: ["supply-chain-agent"],
    check: "connection",
    codes: [],
    others: "`http_502`, `http_503`",
    what: "the gateway cannot reach the agent; of Agentgateway also: or `gateway-authz`",
    advice: "start it, or `SUPPLY_CHAIN_AGENT_ADDR`",
  },
  {
    hops: ["supply-chain-agent"],
    check: "timeout",
    codes: ["timeout"],
    others: "`http_504`",
    what: "no answer within `SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS`, from the agent or from the gateway before it",
    advice: "the logs of both",
  },
  {
    hops: FIRST,
    check: "signature",
    codes: [],
    others: "the code in the refusal, else `http_401`",
    what: "the signature or the token was not accepted",
    advice: "the code's row above; clocks; can the metadata at `BACKEND_AGENT_URL` be fetched?",
  },
  {
    hops: FIRST,
    check: "identity",
    codes: ["identity_required"],
    others: "`http_401`",
    what: "a signature by key alone is not enough",
    advice: "`AAUTH_SIGNATURE_SCHEME=jwks`",
  },
  {
    hops: FIRST,
    check: "policy",
    codes: [],
    others: "the code in the refusal, else `http_403`; `http_429`; `http_503` with a refusal",
    what: "the caller is known, and not allowed or too often here",
    advice: "the rules of the gateway's file, the agent's settings; wait",
  },
  {
    hops: ["gateway"],
    check: "policy",
    codes: [],
    others: "`http_404`, `http_421`",
    what: "the gateway serves nothing at this host",
    advice: "`SUPPLY_CHAIN_AGENT_URL` and the hostnames in the gateway's file",
  },
  {
    hops: ["supply-chain-agent"],
    check: "challenge",
    codes: ["malformed_challenge", "challenge_untrusted", "challenge_repeated", "user_interaction"],
    others: "any other code of the protocol that the call ends with",
    what: "the challenge was not followed",
    advice: "`KEYCLOAK_URL` of both, `BACKEND_AGENT_URL`, `SUPPLY_CHAIN_AGENT_ID_URL`",
  },
  {
    hops: ["auth-server"],
    check: "connection",
    codes: [
      ...NETWORK,
      "token_request_failed",
      "discovery_failed",
      "discovery_blocked",
      "discovery_busy",
      "metadata_mismatch",
      "unknown_key",
    ],
    what: "the auth server could not be reached or used",
    advice: "start it; `KEYCLOAK_URL`, `KEYCLOAK_REALM`",
  },
  {
    hops: ["auth-server"],
    check: "timeout",
    codes: ["timeout"],
    what: "the auth server did not answer in time",
    advice: "its log",
  },
  {
    hops: ["auth-server"],
    check: "token_request",
    codes: ["access_denied", "invalid_grant", "invalid_scope", "invalid_signature"],
    others: "any `error` of [profile 6.2](profile.md#62-errors)",
    what: "the auth server refused a token",
    advice: "the realm's `aauth.*` attributes; clocks; its log",
  },
  {
    hops: ["auth-server"],
    check: "consent",
    codes: ["access_denied", "consent_expired", "consent_repeated", "wrong_user", "invalid_error"],
    others: "any `error` the browser comes back with",
    what: "the user declined, did not come back in time, or is not who started the run; more was demanded after consent",
    advice: "start again as the same user",
  },
  {
    hops: ["supply-chain-agent"],
    check: "rpc",
    codes: [],
    others: "`rpc_` and the number of the JSON-RPC error",
    what: "the agent let the backend in and could not serve the request",
    advice: "its log",
  },
  {
    hops: ["supply-chain-agent"],
    check: "answer",
    codes: ["invalid_answer"],
    others: "`http_` and any other status",
    what: "the answer is not A2A, or not of this version",
    advice: "`SUPPLY_CHAIN_AGENT_URL`, `BACKEND_A2A_VERSION`",
  },
  {
    hops: ["backend"],
    check: "internal",
    codes: ["internal_error"],
    what: "a fault of the backend",
    advice: "its log",
  },
];

const ORDER_FAILURES: readonly RunFailure[] = [
  {
    hops: ["supply-chain-agent"],
    check: "policy",
    codes: ["order_refused", "wrong_approver"],
    what: "the agent does not take the order",
    advice: "change it",
  },
  {
    hops: ["supply-chain-agent"],
    check: "challenge",
    codes: ["interaction_expired", "interaction_repeated"],
    what: "the agent's page was not answered within ten minutes; the person is wanted once more",
    advice: "order again",
  },
];

/** Codes in the supply-chain agent's report, where the hop behind it has failed. */
const NEXT_HOP_CODES = [
  "timeout",
  "connection_refused",
  "connection_failed",
  "answer_too_large",
  "answer_unreadable",
];

/** How runs, orders and the second hop fail, as tables; throws where the code knows nothing of a code, or has a check that is left out. */
export function runFailures(): string {
  const all = [...RUN_FAILURES, ...ORDER_FAILURES];
  requireKnown(
    all.flatMap(({ codes }) => codes),
    "services/{backend,supply-chain-agent}/src/**/*.ts",
  );
  requireKnown(
    NEXT_HOP_CODES,
    "{services/supply-chain-agent/src/clients,packages/agent-kit/src/{service/http,a2a}}/*.ts",
  );
  const missing = checkSchema.options.find((check) => all.every((row) => row.check !== check));
  if (missing !== undefined) throw new Error(`no row has the check ${missing}`);
  return `## How a run fails

A run, an order or a test of the connection that fails has a \`failure\`: \`hop\`, \`check\`, \`code\`, a sentence and an advice
([its members](rest.md#failure)). \`check\` is what the party at \`hop\` was doing when it said no, \`code\` is what to branch on.

${rowsOf(RUN_FAILURES)}
Of orders besides:

${rowsOf(ORDER_FAILURES)}
\`AAUTH_AUTHZ_HOST\` and \`SUPPLY_CHAIN_AGENT_ADDR\` are variables of the gateway's file ([agentgateway](../../agentgateway/README.md#settings)),
the others are [settings](configuration.md) of the services.

Where the supply-chain agent cannot ask the market-analysis agent the run completes, and the report says \`No market analysis provided\` with
hop, code and reason. The hop is \`supply-chain-agent -> auth server\` or \`supply-chain-agent -> market-analysis-agent\`, the code one of the
protocol, \`http_\` with a status, \`rpc_\` with a number, or
${NEXT_HOP_CODES.map((code) => `\`${code}\``).join(", ")}.
`;
}

function rowsOf(failures: readonly RunFailure[]): string {
  const rows = failures.map(({ hops, check, codes, others, what, advice }) => [
    hops.join(", "),
    `\`${check}\``,
    [...codes.map((code) => `\`${code}\``), ...(others === undefined ? [] : [others])].join(", "),
    what,
    advice,
  ]);
  return table(["Hop", "Check", "Code", "What happened", "What to do"], rows);
}

function requireKnown(codes: readonly string[], files: string): void {
  const sources = globSync(files, { cwd: REPOSITORY_ROOT }).map((file) =>
    readFileSync(REPOSITORY_ROOT + file, "utf8"),
  );
  const known = (code: string) =>
    Object.hasOwn(ERROR_CODES, code) || sources.some((text) => text.includes(`"${code}"`));
  const unknown = codes.filter((code) => !known(code));
  if (unknown.length > 0) throw new Error(`nothing in ${files} says ${unknown.join(", ")}`);
}
