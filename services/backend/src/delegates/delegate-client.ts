import type { Agent } from "aauth/agent";
import { type DelegateRun, delegateRunSchema, delegateStatusSchema } from "backend-api";
import { AgentHttpError } from "../clients/agent-errors.ts";
import { readBounded } from "../clients/read-bounded.ts";

const MAX_ANSWER_BYTES = 65_536;
const STATUS_LIMIT_MS = 2_000;

/** Talks to the processes of delegates. Every request is signed with the backend's identity: delegates obey nobody else. */
export interface DelegateClient {
  /** Lets it call the supply-chain agent, and waits for what comes of it. Throws what the transport throws; AgentHttpError; SyntaxError */
  run(url: string): Promise<DelegateRun>;
  /** False when it does not answer, or is another delegate. What it last did is not looked at: that is for who had it done. */
  isRunning(url: string, sub: string): Promise<boolean>;
}

export function createDelegateClient(options: { agent: Agent; timeoutSeconds: number }): DelegateClient {
  const { agent, timeoutSeconds } = options;

  async function ask(url: string, method: "GET" | "POST", timeoutMs: number): Promise<unknown> {
    const signedFetch = agent.fetchFor({ signal: AbortSignal.timeout(timeoutMs) });
    const response = await signedFetch(`${url}/run`, { method, headers: { accept: "application/json" } });
    const body = await readBounded(response, MAX_ANSWER_BYTES);
    if (!response.ok) throw AgentHttpError.of(response);
    return JSON.parse(body);
  }

  return {
    run: async (url) => delegateRunSchema.parse(await ask(url, "POST", timeoutSeconds * 1000)),
    async isRunning(url, sub) {
      try {
        const status = delegateStatusSchema.parse(await ask(url, "GET", STATUS_LIMIT_MS));
        return status.sub === sub;
      } catch {
        return false;
      }
    },
  };
}
