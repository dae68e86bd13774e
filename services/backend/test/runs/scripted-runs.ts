import type { Stores } from "aauth";
import type { Agent } from "aauth/agent";
import { ConsentRequiredError, type FebruaryAgent, type FebruaryToken } from "aauth/february-2026";
import type { AgentAnswer } from "aauth-a2a";
import { createLogger } from "agent-kit/service";
import { startRequestSchema } from "backend-api";
import { createLocalHints, createLocalJobs, type JobRow } from "jobs";
import { vi } from "vitest";
import type { CallWire } from "../../src/calls/user-call.ts";
import { createConsentGrants } from "../../src/february-2026/consent-grants.ts";
import { ConsentService } from "../../src/february-2026/consent-service.ts";
import { createLiveRuns } from "../../src/runs/live-runs.ts";
import { isFinal } from "../../src/runs/run.ts";
import type { SupplyChainAgent } from "../../src/runs/run-context.ts";
import { RunService } from "../../src/runs/run-service.ts";
import { createRunStores } from "../../src/runs/run-store.ts";
import { createJsonStores } from "../support/json-stores.ts";

export type Ask = (...asked: Parameters<SupplyChainAgent["ask"]>) => Promise<string | AgentAnswer>;
type CallContext = NonNullable<Parameters<FebruaryAgent["fetchFor"]>[0]>;

export const NOW = 1_730_217_600;

/** The auth server's grant for a code. */
export const GRANT = {
  token: "auth-token-value",
  continuation: { refreshToken: "refresh-token-value" },
} as FebruaryToken;
export const CLAIMS = { sub: "alice", scope: "supply-chain:optimize", exp: NOW + 300 };

export const CONSENT = {
  agent: "http://backend",
  resource: "http://sca",
  scopes: ["supply-chain:optimize"],
  expiresAt: NOW + 300,
  revocable: true,
};

export const options = (body: unknown = {}) => startRequestSchema.parse(body);
export const demand = (expiresInSeconds = 600) =>
  new ConsentRequiredError({
    consentUrl: "http://auth/consent",
    requestToken: "request-token-value",
    authServer: "http://auth",
    expiresInSeconds,
    keyThumbprint: "key-1",
  });
export const refuse =
  (error: unknown): Ask =>
  () =>
    Promise.reject(error);

/**
 * Runs and their consents, with an agent whose answers are scripted: one function per call, in
 * order.
 */
export const scriptedRuns = (...script: Ask[]) => scriptedRunsWith({}, ...script);

/** Scripted runs with another wire, or with the stores and the clock of an earlier process. */
export function scriptedRunsWith(
  {
    clock = { now: NOW },
    stores = createJsonStores({ now: () => clock.now }),
    ...wire
  }: Partial<CallWire> & { clock?: { now: number }; stores?: Stores },
  ...script: Ask[]
) {
  const asks = [...script];
  const now = () => clock.now;
  const contexts: CallContext[] = [];
  const logLines: string[] = [];
  const logger = createLogger({ service: "t", destination: { write: (line) => logLines.push(line) } });
  const observe = () => ({
    observer: () => {},
    peer: () => "resource" as const,
    noted: async () => {},
  });
  const grants = createConsentGrants(stores, now);
  const live = createLiveRuns(createLocalHints(), (id) => store.find(id));
  const jobs = createLocalJobs({ records: stores.records<JobRow>("jobs"), log: logger });
  const { store, returns, consentRequests } = createRunStores({ stores, now, onRemove: live.remove });
  const runs = new RunService({
    store,
    live,
    jobs,
    returns,
    consentRequests,
    calls: {
      agentOf: () =>
        ({
          fetchFor(context = {}) {
            contexts.push(context);
            return fetch;
          },
        }) as Agent,
      ...wire,
    },
    supplyChainAgent: {
      async ask(text, call) {
        const answer = await asks.shift()!(text, call);
        return typeof answer === "string" ? { text: answer } : answer;
      },
      card: async () => ({ name: "Agent" }),
    },
    observe,
    sharesTokens: false,
    standingConsent: async () => undefined,
    places: { agentUrl: "http://sca.localhost:3000", issuer: "http://auth", backendUrl: "http://backend" },
    logger,
    now,
    timeoutSeconds: 60,
    startReplySeconds: 0.05,
  });
  const agent = {
    redeemCode: vi.fn(async () => GRANT),
    revoke: vi.fn(async () => {}),
    cacheToken: vi.fn(async () => {}),
  };
  const verify = vi.fn(async (): Promise<Partial<typeof CLAIMS> & { exp: number }> => CLAIMS);
  const consent = new ConsentService({
    agent,
    agentId: "http://backend",
    resource: "http://sca",
    verify,
    sharesTokens: false,
    consentRequests,
    grants,
    runs,
    observe,
    logger,
  });

  /** The run of alice once it satisfies the condition. */
  const settled = (id: string, condition = isFinal) =>
    vi.waitFor(async () => {
      const run = await runs.get("alice", id);
      if (!condition(run)) throw new Error(`the run is ${run.status}`);
      return run;
    });
  const started = async (userId = "alice") => {
    const { request_id } = await runs.start(userId, options());
    return runs.get(userId, request_id);
  };
  const stateOf = (index = 0) => contexts[index]!.state!;
  return {
    runs,
    consent,
    store,
    returns,
    consentRequests,
    grants,
    agent,
    verify,
    clock,
    stores,
    jobs,
    contexts,
    logLines,
    settled,
    started,
    stateOf,
  };
}
