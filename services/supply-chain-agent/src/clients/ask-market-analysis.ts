import { AAuthAgentError, type ProvenCaller, tokenId } from "aauth";
import type { Agent } from "aauth/agent";
import { askAgent } from "agent-kit/a2a";
import { markFailed } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import { recordSkippedExchange } from "protocol-trace";
import type { MarketAnalysis } from "../domain/market-analysis.ts";
import { describeFailure } from "./describe-failure.ts";

/** Asks the market-analysis agent for `caller`. Never rejects: a failed hop is part of the answer. */
export type AskMarketAnalysis = (text: string, caller: ProvenCaller | undefined) => Promise<MarketAnalysis>;

export interface AskMarketAnalysisOptions {
  /** Identity of the market-analysis agent. */
  readonly url: string;
  readonly agent: Pick<Agent, "fetchFor">;
  /** For one question with all its requests. */
  readonly timeoutMs: number;
  /**
   * user-delegated: the caller's auth token is exchanged for one of the next hop. Otherwise this agent asks on its own authority, and the
   * caller's token stays here.
   */
  readonly onBehalfOfCaller: boolean;
  readonly log: FastifyBaseLogger;
}

export function createAskMarketAnalysis(options: AskMarketAnalysisOptions): AskMarketAnalysis {
  const { url, agent, timeoutMs, onBehalfOfCaller, log } = options;
  return async (text, caller) => {
    try {
      const upstreamToken = onBehalfOfCaller ? authTokenOf(caller) : undefined;
      if (upstreamToken) log.info(`🔄 Token exchange: upstream_auth_token_id=${tokenId(upstreamToken)}`);
      const signal = AbortSignal.timeout(timeoutMs);
      const fetch = agent.fetchFor({ signal, ...(upstreamToken !== undefined && { upstreamToken }) });
      const answer = await askAgent(url, text, { fetch, signal });
      return {
        status: "answered",
        text: answer.text,
        ...(answer.data !== undefined && { figures: answer.data }),
      };
    } catch (error) {
      const failure = describeFailure(error, { exchanging: onBehalfOfCaller, timeoutMs });
      log.warn({ err: error, hop: failure.hop, code: failure.code }, `❌ Market analysis: ${failure.reason}`);
      // The hop has failed although this agent answers.
      markFailed(error);
      return { status: "failed", failure };
    }
  };
}

function authTokenOf(caller: ProvenCaller | undefined): string {
  if (caller?.grant !== undefined) return caller.grant.token;
  const reason = "the caller brought no auth token to exchange";
  recordSkippedExchange(reason);
  throw new AAuthAgentError("upstream_token_required", reason);
}
