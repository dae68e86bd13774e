/** One run of the demo with some boxes replaced by peers, and the outcome of each hop. */

import type { AuthServerUnderTest } from "../../contract/auth-server/auth-server-under-test.ts";
import type { Child } from "../../support/child.ts";
import { allow } from "../../support/consent-run.ts";
import { WITH_MARKET_ANALYSIS } from "../../support/optimization-run.ts";
import { userAccessToken } from "../../support/sign-in.ts";
import { type ServiceVariables, startStack, type TestStack } from "../../support/start-stack.ts";
import { BOXES, type Box, type Cell, MODES, type Mode, type Named, type RESOURCES } from "./swaps.ts";

/** Programs that replace our services. */
export interface Peers {
  /** Starts one in a box's place and resolves when it serves. */
  start(box: Box, stack: TestStack, mode: Mode): Promise<Child>;
  /**
   * Its backend starts a run itself, prints `{"consent": url}` if a person has to be asked, and
   * then `{"step": "end"}`.
   */
  readonly isDriven: boolean;
  /** Variables that our services beside them need, in every mode. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Outcomes of the hops to the supply-chain agent and to the market-analysis agent: `verified (jwks,
 * jwt)`, `served unverified (…)`, `refused by the …: code`, `not reached`.
 */
export type Verdicts = readonly [string, string];

/**
 * Starts a stack with the peers in their places, makes a run, and reads every log.
 *
 * @param others `keycloak` runs already and gets the attributes of the run, with `isExtension` it
 * has the published extension and is named beside the peers; `gatewayProgram` is an executable.
 * Default: the stack's own
 */
export async function runCell(
  { mode, swapped, named }: Cell,
  peers: Peers,
  others: {
    keycloak?: AuthServerUnderTest | undefined;
    isExtension?: boolean;
    gatewayProgram?: string | undefined;
  } = {},
): Promise<Verdicts> {
  const { keycloak, isExtension = false, gatewayProgram } = others;
  let attributes = {};
  const stack = await startStack({
    modes: { ...MODES[mode], authServer: "embedded", ...(gatewayProgram && { gatewayProgram }) },
    without: swapped,
    authServerPort: keycloak && Number(new URL(keycloak.origin).port),
    env(urls) {
      const ids = {
        backend: urls.backendAgent,
        "supply-chain-agent": urls.supplyChainAgent,
        "market-analysis-agent": urls.marketAnalysisAgent,
      };
      const names = swapped.map((box) => ids[box]);
      attributes = {
        "aauth.exchange.agents": JSON.stringify([urls.supplyChainAgent]),
        "aauth.published.peers": JSON.stringify(named === "everywhere" ? names : []),
        ...(mode === "user-delegated" && { "aauth.consent.required.scopes": '["supply-chain:optimize"]' }),
      };
      return variablesOf(peers, named, isExtension ? [...names, urls.issuer] : names, mode);
    },
  });
  await keycloak?.setAttributes(attributes);
  const children: Partial<Record<Box, Child>> = {};
  let hasConsented = false;
  try {
    // The backend last, because it may begin at once.
    for (const box of [...swapped].reverse()) children[box] = await peers.start(box, stack, mode);
    hasConsented = await (children.backend && peers.isDriven ? follow(children.backend) : askBackend(stack));
  } finally {
    for (const child of Object.values(children)) child.process.kill("SIGTERM");
    await Promise.all([stack.stop(), ...Object.values(children).map(({ ended }) => ended)]);
  }
  // All output has arrived when they have ended.
  const log = stack.log();
  const saidBy = (box: Box) => children[box]?.text() ?? linesOf(log, box);
  const callers = { "supply-chain-agent": "backend", "market-analysis-agent": "supply-chain-agent" } as const;
  const verdictOf = (box: (typeof RESOURCES)[number]) =>
    verdict({
      requests: requestsTo(log, box),
      atGateway: linesOf(log, "gateway-authz"),
      atResource: saidBy(box),
      // Keycloak's log is not available here.
      atAuthServer: keycloak
        ? tokenAnswers(saidBy(callers[box]))
        : tokenRefusals(linesOf(log, "auth-server")),
    });
  return [
    verdictOf("supply-chain-agent") + (hasConsented ? ", consent given" : ""),
    verdictOf("market-analysis-agent"),
  ];
}

/** For each service, because a variable that only some of them read does no harm. */
function variablesOf(
  { variables }: Peers,
  named: Named,
  ids: readonly string[],
  mode: Mode,
): ServiceVariables {
  const asPeers = {
    AAUTH_PUBLISHED_PEERS: ids.join(" "),
    ...(mode === "hwk" && { AAUTH_PUBLISHED_HWK: "true" }),
  };
  const namesThem = (service: string) =>
    named === "everywhere" || (named !== "nowhere" && service !== "auth-server");
  return Object.fromEntries(
    [...BOXES, "gateway-authz", "auth-server"].map((service) => [
      service,
      { ...variables, ...(namesThem(service) && asPeers) },
    ]),
  );
}

/**
 * Waits for the end of a run that a backend has started itself. Returns whether a person was asked
 * for consent and gave it.
 */
export async function follow(backend: Child): Promise<boolean> {
  const [, consentUrl] = await backend.prints(/"consent": "([^"]+)"|"step": "end"/);
  if (consentUrl !== undefined) await allow(consentUrl);
  await backend.prints(/"step": "end"/);
  return consentUrl !== undefined;
}

/** A run through the backend's API, which the published backend has, too. */
async function askBackend({ urls }: TestStack): Promise<boolean> {
  const headers = {
    authorization: `Bearer ${await userAccessToken(urls)}`,
    "content-type": "application/json",
  };
  const ask = async (path: string, init: RequestInit = {}) => {
    const reply = await fetch(`${urls.backend}/optimization/${path}`, { ...init, headers });
    if (!reply.ok) throw new Error(`the backend answered ${reply.status}: ${await reply.text()}`);
    return (await reply.json()) as { request_id: string; consent_url?: string; status?: string };
  };
  const run = await ask("start", { method: "POST", body: JSON.stringify(WITH_MARKET_ANALYSIS) });
  if (run.consent_url !== undefined) await allow(run.consent_url);
  while (!/completed|failed/.test((await ask(`progress/${run.request_id}`)).status!)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return run.consent_url !== undefined;
}

const linesOf = (log: string, service: string) =>
  log
    .split("\n")
    .filter((line) => line.split("|", 1)[0]!.trim() === service)
    .join("\n");

/**
 * Refusals of the auth server in its log, with the code of the verifier's check instead of OAuth's.
 */
const tokenRefusals = (log: string) =>
  log
    .replace(/Token request refused code=\w+(.* check=)/g, "Token request refused $1")
    .replace(/check=/g, "code=");

/** Refusals of the auth server as our Python programs report them. */
const tokenAnswers = (log: string) =>
  log
    .split("\n")
    .filter((line) => line.includes('"step": "token"'))
    .join("\n");

interface SeenRequest {
  readonly scheme: string;
  readonly status: string;
  /** Whether the gateway passed it on. */
  readonly isForwarded: boolean;
}

/** Requests to a resource, from the gateway's log. */
function requestsTo(log: string, box: Box): SeenRequest[] {
  return linesOf(log, "gateway")
    .split("\n")
    .filter((line) => line.includes(`http.method=POST http.host=${box}.localhost `))
    .map((line) => ({
      scheme: /scheme=(\w+)/.exec(line)?.[1] ?? "unsigned",
      status: /http\.status=(\d+)/.exec(line)![1]!,
      isForwarded: line.includes("endpoint="),
    }));
}

/** The words of our log and of the published agents, and of the Python programs here. */
const VERIFICATION =
  /AAuth signature verification (successful|failed|exception)|"verified": (true|false)|Auth token validation (failed)/g;
/**
 * Claims of a token that a resource received: in our log, in that of the Python programs, and in a
 * token.
 */
const RECEIVED = /auth_token in request|"verified"/;
const ACTOR = /"act": ?\{/;

/** The published agents log whole tokens. */
const withClaims = (log: string) =>
  log.replace(/\beyJ[\w-]+\.([\w-]+)\.[\w-]+/g, (_, claims) => Buffer.from(claims, "base64url").toString());

function verdict(seen: {
  requests: readonly SeenRequest[];
  atGateway: string;
  atResource: string;
  atAuthServer: string;
}): string {
  const last = seen.requests.at(-1);
  if (last === undefined) return "not reached";
  const words = [...seen.atResource.matchAll(VERIFICATION)].map((match) => match[1] ?? match[2] ?? match[3]);
  const isVerified = words.length > 0 && words.every((word) => word === "successful" || word === "true");
  const received = seen.atResource.split("\n").filter((line) => RECEIVED.test(line));
  const isExchanged = received.some((line) => ACTOR.test(withClaims(line)));
  const schemes = `${seen.requests.map(({ scheme }) => scheme).join(", ")}${isExchanged ? " with act" : ""}`;
  if (last.status === "200") return `${isVerified ? "verified" : "served unverified"} (${schemes})`;
  const refused = (by: string, log: string) =>
    `refused by ${by}: ${[...log.matchAll(/code=(\w+)/g)].at(-1)?.[1] ?? "without a code"}`;
  if (!last.isForwarded) return refused("the gateway", seen.atGateway);
  return isVerified ? refused("the auth server", seen.atAuthServer) : refused("the agent", seen.atResource);
}
