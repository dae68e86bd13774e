import { type AgentServiceDeps, createAgentService } from "agent-kit";
import { agentRow } from "topology";
import { card, extendedCard } from "./agent-card.ts";
import type { MarketAnalysisAgentConfig } from "./config.ts";
import { marketAnalysisExecutor } from "./executor.ts";

/** Builds the service: the verifier, A2A behind it, and the executor. */
export const buildMarketAnalysisAgent = (config: MarketAnalysisAgentConfig, deps: AgentServiceDeps) =>
  createAgentService({
    agent: agentRow("market-analysis-agent"),
    config,
    deps,
    card,
    extendedCard,
    autonomousLevel: config.autonomousLevel,
    executor: ({ logger, now }) =>
      marketAnalysisExecutor({ log: logger.child({ logger: "agent_executor" }), now }),
  });
