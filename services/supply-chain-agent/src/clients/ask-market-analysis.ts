import { AAuthAgentError, type ProvenCaller, tokenId } from "aauth";
import { markFailed } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import { recordSkippedExchange } from "protocol-trace";
import type { MarketAnalysis } from "../domain/market-analysis.ts";
import { describeFailure } from "./describe-failure.ts";
import type { MarketAnalysisClient } from "./market-analysis-client.ts";

/** Asks the market-analysis agent for `caller`. Never rejects: a failed hop is part of the answer. */
export type AskMarketAnalysis = (text: string, caller: ProvenCaller | undefined) => Promise<MarketAnalysis>;

/**
 * @param onBehalfOfCaller user-delegated: the caller's auth token is exchanged for one of the next hop.
 *   Otherwise this agent asks on its own authority, and the caller's token stays here.
 */
export function createAskMarketAnalysis(options: {
  client: MarketAnalysisClient;
  onBehalfOfCaller: boolean;
  log: FastifyBaseLogger;
}): AskMarketAnalysis {
  const { client, onBehalfOfCaller, log } = options;
  return async (text, caller) => {
    try {
      const upstreamToken = onBehalfOfCaller ? authTokenOf(caller) : undefined;
      if (upstreamToken) log.info(`🔄 Token exchange: upstream_auth_token=${tokenId(upstreamToken)}`);
      return { status: "answered", ...(await client.ask(text, upstreamToken)) };
    } catch (error) {
      const failure = describeFailure(error, onBehalfOfCaller);
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
