import type { AgentCard } from "@a2a-js/sdk";
import { type AgentSkillOptions, createAgentCard } from "agent-kit/a2a";

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
    description: "Names the market trends that bear on laptop purchases",
    tags: ["market", "trends", "forecast"],
    examples: ["Forecast market trends for the next 3 months"],
  },
];

const EXTENDED_SKILLS: readonly AgentSkillOptions[] = [
  ...SKILLS,
  {
    id: "demand_pattern_modeling",
    name: "Demand Pattern Modeling",
    description: "Projects each department's headcount and the laptops that go with it",
    tags: ["demand", "model", "departments"],
    examples: ["Model the demand of all departments"],
  },
];

/**
 * The public card, and the one for callers that passed the gate. Those have signed for the address that is the agent's identity, and
 * would be refused at any other.
 *
 * @param url where the agent listens, without trailing slash
 */
export function agentCards(url: string, identity = url): { card: AgentCard; extendedCard: AgentCard } {
  const common = {
    name: "Market Analysis Agent",
    description: "Analyses laptop demand, inventory and market trends",
    url: `${url}/`,
    provider: { organization: "Demo Corp IT Department", url: "https://demo.corp" },
    documentationUrl: "https://docs.demo.corp/market-analysis",
    iconUrl: "https://market-analysis.demo.com/icon.png",
    scopes: ["market-analysis:analyze", "agents:delegate"],
    extendedCard: true,
  };
  return {
    card: createAgentCard({ ...common, version: "1.0.0", skills: SKILLS }),
    extendedCard: createAgentCard({
      ...common,
      url: `${identity}/`,
      version: "1.0.1",
      skills: EXTENDED_SKILLS,
    }),
  };
}
