import type { Agent } from "aauth/agent";
import { AgentHttpError } from "aauth-a2a";
import { readBounded } from "agent-kit/service";
import { type DelegateRun, delegateRunSchema, delegateStatusSchema } from "backend-api";

const MAX_ANSWER_BYTES = 65_536;
const STATUS_LIMIT_MS = 2_000;

/**
 * Calls the processes of delegates. Requests are signed with the backend's identity, because
 * delegates accept no other agent.
 */
export interface DelegateClient {
  /**
   * Makes the delegate call the supply-chain agent, and waits for its report. Throws what the
   * transport throws; AgentHttpError; SyntaxError
   */
  run(url: string): Promise<DelegateRun>;
  /**
   * False if it does not answer or is another delegate. Its last report is ignored, because it
   * belongs to the user who requested the call.
   */
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
