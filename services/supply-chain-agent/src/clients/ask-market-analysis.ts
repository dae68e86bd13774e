import { AAuthAgentError, type ProvenCaller, tokenId } from "aauth";
import type { Agent } from "aauth/agent";
import { AgentHttpError, askAgent } from "aauth-a2a";
import type { CallInteraction } from "agent-kit";
import { createPatience } from "agent-kit/draft-11";
import { markFailed } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import { recordSkippedExchange } from "protocol-trace";
import type { MarketAnalysis } from "../domain/market-analysis.ts";
import { describeFailure, NoUpstreamTokenError } from "./describe-failure.ts";

/** The caller on whose behalf the agent asks. */
export interface Asker {
  readonly caller: ProvenCaller | undefined;
  /** The token that the caller presented, in draft -11. Default: the caller's auth token. */
  readonly upstreamToken?: string | undefined;
  /** Default: the caller's person cannot be reached. */
  readonly person?: CallInteraction | undefined;
}

/**
 * Asks the market-analysis agent. Rejects only if `person` interrupts the attempt, because a failed
 * hop is part of the answer.
 */
export type AskMarketAnalysis = (text: string, asker: Asker) => Promise<MarketAnalysis>;

export interface AskMarketAnalysisOptions {
  /** Identity of the market-analysis agent. */
  readonly url: string;
  readonly agent: Pick<Agent, "fetchFor" | "resume">;
  /** Timeout of one question with all its requests, excluding a person's time. */
  readonly timeoutMs: number;
  /**
   * Whether the caller's token is exchanged for one of the next hop: in user-delegated, and in the
   * modes of draft -11 with persons. Otherwise this agent calls on its own authority and the
   * caller's token stays here.
   */
  readonly onBehalfOfCaller: boolean;
  /** Identifier of the callers' person server, in draft -11. Default: none. */
  readonly personServer?: string | undefined;
  readonly log: FastifyBaseLogger;
}

export function createAskMarketAnalysis(options: AskMarketAnalysisOptions): AskMarketAnalysis {
  const { url, agent, timeoutMs, onBehalfOfCaller, personServer, log } = options;
  return async (text, asker) => {
    const patience = createPatience(timeoutMs);
    const { person } = asker;
    const signal = AbortSignal.any([
      patience.signal,
      ...(person?.control.signal ? [person.control.signal] : []),
    ]);
    const control = {
      ...(person && { ...person.control, ...answering(text) }),
      signal,
      observer: patience.observer,
    };
    const ask = (fetch: typeof globalThis.fetch) => askAgent(url, text, { fetch, signal });
    const askAnew = () => {
      const upstreamToken = onBehalfOfCaller ? (asker.upstreamToken ?? authTokenOf(asker.caller)) : undefined;
      if (upstreamToken) log.info(`🔄 Token exchange: upstream_auth_token_id=${tokenId(upstreamToken)}`);
      const justification = person && { justification: text.slice(0, MAX_WORDS) };
      return ask(
        agent.fetchFor({
          ...control,
          ...justification,
          ...(upstreamToken !== undefined && { upstreamToken }),
        }),
      );
    };
    try {
      const waiting = person?.waiting;
      const answer = await (waiting === undefined
        ? askAnew()
        : ask(() => agent.resume(waiting, control)).catch((error) => {
            // The previous attempt may have received the answer. Asking again is safe, because it
            // is a read.
            if (person?.isTakenOver && isGone(error)) return askAnew();
            throw error;
          }));
      return {
        status: "answered",
        text: answer.text,
        ...(answer.data !== undefined && { figures: answer.data }),
      };
    } catch (error) {
      if (person?.isInterrupted()) throw error;
      const failure = describeFailure(error, {
        exchanging: onBehalfOfCaller,
        timeoutMs,
        personServer,
      });
      log.warn({ err: error, hop: failure.hop, code: failure.code }, `❌ Market analysis: ${failure.reason}`);
      // Marks the span as failed although this agent answers.
      markFailed(error);
      return { status: "failed", failure };
    } finally {
      patience.end();
    }
  };
}

/** Answers a person's question. This agent knows nothing beyond its caller's words. */
const answering = (text: string) => ({
  onClarification: async () => ({
    action: "respond" as const,
    response: `This agent was called with these words: ${text.slice(0, MAX_WORDS)}`,
  }),
});

/** Limit on a caller's words shown on a page. */
const MAX_WORDS = 1_000;

function authTokenOf(caller: ProvenCaller | undefined): string {
  if (caller?.grant !== undefined) return caller.grant.token;
  const reason = "the caller presented no auth token to exchange";
  recordSkippedExchange(reason);
  throw new NoUpstreamTokenError(reason);
}

/** Whether a party does not know the pending call. */
function isGone(error: unknown): boolean {
  if (error instanceof AgentHttpError) return error.status === 404 || error.status === 410;
  return error instanceof AAuthAgentError && GONE.has(error.code);
}

const GONE: ReadonlySet<string> = new Set(["token_request_failed", "waiting_key_gone"]);
