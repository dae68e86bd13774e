import type { Discovery, Jwks, KeyRing, Stores } from "aauth";
import type { Agent, Transport } from "aauth/agent";
import type { VerifierOptions } from "aauth/resource";
import type { ServiceKeys, ServiceOptions } from "agent-kit/service";
import type { ApiRoute } from "backend-api";
import type { FastifyInstance } from "fastify";
import type { BreakItDialect } from "./break-it/dialect.ts";
import type { Evidence } from "./calls/evidence.ts";
import type { BackendConfig } from "./config.ts";
import type { DelegateTokens } from "./delegates/delegate-tokens.ts";
import type { Enrolments } from "./delegates/enrolments.ts";
import type { SubAgents } from "./delegates/sub-agents.ts";
import type { Places } from "./failures/situation.ts";
import type { OrderWire } from "./orders/order-attempt.ts";
import type { CallObserver } from "./runs/call-observer.ts";
import type { RunContext } from "./runs/run-context.ts";
import type { RunService } from "./runs/run-service.ts";
import type { OpenRequests } from "./store/open-requests.ts";

/** The backend's differences between wire profiles. */
export interface BackendDialect {
  readonly keys: KeyRing;
  /** The published key set. */
  readonly jwks: () => Jwks;
  readonly discovery: Discovery;
  /** The backend's documents as an agent, by name below `/.well-known/`. */
  readonly documents: Readonly<Record<string, object>>;
  readonly places: Places;
  /** Sends a request unchanged. */
  readonly transport: Transport;
  /** The dialect's part in runs: their calls, waiting for users, and standing consent. */
  readonly runs: Pick<RunContext, "calls" | "standingConsent">;
  readonly orders: OrderWire;
  /** The tampered requests of "now break it". */
  readonly breakIt: () => BreakItDialect;
  readonly delegates: (enrolments: Enrolments) => DelegatesOfDialect;
  /** API routes that the dialect does not have, each with a message for the caller. */
  readonly unsupported: ReadonlyMap<ApiRoute, string>;
  /** Registers the routes to which browsers return from pages where users act for runs. */
  readonly returnRoutes: (
    api: FastifyInstance,
    parts: { readonly runs: RunService; readonly consentRequests: OpenRequests },
  ) => Promise<void>;
}

/** The delegates of a dialect. */
export interface DelegatesOfDialect {
  readonly tokens: DelegateTokens;
  /** Dialect of a delegate that proves only its key. */
  readonly keyProof: VerifierOptions["profile"];
  /** The agent that calls delegates' processes for a user. */
  readonly callerFor: (userId: string) => Agent;
  /** Present if a delegate is a sub-agent of each user's agent. */
  readonly subAgents?: SubAgents;
}

/** Dependencies of a dialect. */
export interface DialectOptions {
  readonly config: BackendConfig;
  readonly keys: ServiceKeys;
  /** Default: discovery with the dialect's addresses. */
  readonly discovery?: Discovery | undefined;
  /** Present in demo mode: keeps the requests of runs. */
  readonly evidence: Evidence | undefined;
  readonly observe: CallObserver;
  readonly logger: ServiceOptions["logger"];
  readonly stores: Stores;
  /** Unix seconds. */
  readonly now: () => number;
}
