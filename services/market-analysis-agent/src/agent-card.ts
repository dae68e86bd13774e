import type { AgentSkillOptions } from "aauth-a2a";
import type { AgentCardTexts } from "agent-kit";
import { AGENTS } from "topology";

const SKILLS: readonly AgentSkillOptions[] = [
  {
    id: "inventory_demand_analysis",
    name: "Inventory Demand Analysis",
    description: "Compares laptop stock with what hiring and replacement will take",
    tags: ["inventory", "demand", "laptops"],
    examples: ["Analyse laptop demand for the next quarter"],
  },
  {
    id: "market_trend_forecasting",
    name: "Market Trend Forecasting",
    description: "Lists market trends that affect laptop purchases",
    tags: ["market", "trends", "forecast"],
    examples: ["Forecast market trends for the next 3 months"],
  },
];

const EXTENDED_SKILLS: readonly AgentSkillOptions[] = [
  ...SKILLS,
  {
    id: "demand_pattern_modeling",
    name: "Demand Pattern Modeling",
    description: "Projects each department's headcount and laptop needs",
    tags: ["demand", "model", "departments"],
    examples: ["Model the demand of all departments"],
  },
];

/** The public card, which anyone may read. */
export const card: AgentCardTexts = {
  name: "Market Analysis Agent",
  description: "Analyses laptop demand, inventory and market trends",
  provider: { organization: "Demo Corp IT Department", url: "https://demo.corp" },
  documentationUrl: "https://docs.demo.corp/market-analysis",
  iconUrl: "https://market-analysis.demo.com/icon.png",
  scopes: [AGENTS["market-analysis-agent"].scope, "agents:delegate"],
  version: "1.0.0",
  skills: SKILLS,
};

/** Differences of the card for authenticated callers. */
export const extendedCard = { version: "1.0.1", skills: EXTENDED_SKILLS };
