import type { AgentSkillOptions } from "aauth-a2a";
import type { AgentCardTexts } from "agent-kit";
import { AGENTS } from "topology";

const SKILLS: readonly AgentSkillOptions[] = [
  {
    id: "supply_chain_optimization",
    name: "Supply Chain Optimization",
    description: "Recommends how to buy laptops within the company's policies",
    tags: ["supply-chain", "optimization", "procurement"],
    examples: ["optimize laptop supply chain", "optimize laptop supply chain and perform market analysis"],
  },
];

const EXTENDED_SKILLS: readonly AgentSkillOptions[] = [
  ...SKILLS,
  {
    id: "business_policy_application",
    name: "Business Policy Application",
    description: "States the policies that apply to a purchase: buffer, approval, limits, vendors",
    tags: ["policy", "compliance", "approval"],
    examples: ["Which policies apply to a laptop order?"],
  },
];

/** The public card, which anyone may read. */
export const card: AgentCardTexts = {
  name: "Supply Chain Optimizer Agent",
  description: "Optimizes the supply chain for laptops, with a market analysis on request",
  provider: { organization: "Demo Corp IT Department", url: "https://demo.corp" },
  documentationUrl: "https://docs.demo.corp/supply-optimizer",
  iconUrl: "https://supply-optimizer.demo.com/icon.png",
  scopes: [AGENTS["supply-chain-agent"].scope, "agents:delegate"],
  version: "1.0.0",
  skills: SKILLS,
};

/** Differences of the card for authenticated callers. */
export const extendedCard = { version: "1.0.1", skills: EXTENDED_SKILLS };
