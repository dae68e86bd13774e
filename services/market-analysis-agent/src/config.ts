import { agentSettings } from "agent-kit";
import { type Config, setting } from "agent-kit/settings";
import { agentRow } from "topology";
import { z } from "zod";

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...agentSettings(agentRow("market-analysis-agent")),
  autonomousLevel: setting({
    env: "MARKET_ANALYSIS_AUTONOMOUS_LEVEL",
    schema: z.enum(["pseudonymous", "identified", "authorized"]).default("authorized"),
    description: "Level required in the autonomous scheme; pseudonymous in the February-2026 demo",
  }),
};

export type MarketAnalysisAgentConfig = Config<typeof settings>;
