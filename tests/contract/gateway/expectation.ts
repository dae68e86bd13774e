/** Behaviour of Agentgateway v1.4.1, written from its documents and not from our code. */

import type { AAuthErrorCode } from "aauth";
import { BACKEND, type Identity, SCOPE } from "./identities.ts";

export type PolicyFile = "config.yaml" | "config-policy.yaml";
export type Destination = "supply-chain-agent" | "market-analysis-agent" | "unknown";

export type Expectation =
  /** The agent's own answer is returned; `card` if the gateway rewrites it. */
  | { readonly reaches: "agent"; readonly card?: true }
  | {
      readonly reaches: "gateway";
      readonly status: number;
      readonly agentAuth?: string;
      /** Code in `aauth-refusal`, if the check refuses. */
      readonly code?: AAuthErrorCode;
      readonly body: string | RegExp;
    };

export interface Request {
  readonly method: string;
  readonly target: string;
}

const OPEN = new Set([
  "/.well-known/aauth-agent",
  "/.well-known/aauth-resource",
  "/.well-known/agent-card.json",
  "/.well-known/agent.json",
  "/jwks.json",
  "/health",
]);

/**
 * Requests to the supply-chain agent that a user's browser may make without an agent's signature.
 */
const INTERACTION = new Set(["GET /interaction", "GET /interaction/callback", "POST /interaction/decision"]);

/** The answer that both gateways must give. */
export function expectationFor(
  file: PolicyFile,
  destination: Destination,
  request: Request,
  identity: Identity,
): Expectation {
  if (destination === "unknown") return { reaches: "gateway", status: 404, body: "listener not found" };
  const path = request.target.split("?")[0]!;
  if (["GET", "HEAD"].includes(request.method) && OPEN.has(path)) return passes(request);

  const { standing } = identity;
  if (standing.kind === "broken") {
    const body = new RegExp(`^AAuth failure: AAuth verification failed: ${standing.code}: `);
    const { code, agentAuth = "httpsig" } = standing;
    return { reaches: "gateway", status: 401, agentAuth, code, body };
  }
  if (standing.kind === "pseudonymous") {
    const agentAuth = "httpsig; identity=?1";
    return { reaches: "gateway", status: 401, agentAuth, code: "identity_required", body: "" };
  }
  const ruled = file === "config-policy.yaml" && destination === "supply-chain-agent";
  if (ruled && !INTERACTION.has(`${request.method} ${path}`) && !meetsRules(standing))
    return { reaches: "gateway", status: 403, body: "authorization failed" };
  return passes(request);
}

function passes({ method, target }: Request): Expectation {
  const isCard = method === "GET" && /\/\.well-known\/agent(-card)?\.json(\?|$)/.test(target);
  return isCard ? { reaches: "agent", card: true } : { reaches: "agent" };
}

function meetsRules(standing: Extract<Identity["standing"], { kind: "unsigned" | "proven" }>): boolean {
  if (standing.kind === "unsigned" || standing.agent !== BACKEND) return false;
  // An agent token identifies a delegate of the backend, which the backend vouches for.
  if (standing.token === undefined || standing.token.kind === "agent") return true;
  return (standing.token.scope ?? "").split(" ").includes(SCOPE);
}
