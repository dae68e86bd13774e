import { agentSettings } from "agent-kit";
import { type Config, integerSetting, listSetting, setting, urlSetting } from "agent-kit/settings";
import { agentRow, agentUrl } from "topology";

const perMinute = (defaultValue: number, maximum = 100_000) =>
  integerSetting(defaultValue, { minimum: 1, maximum });

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...agentSettings(agentRow("supply-chain-agent")),
  marketAnalysisUrl: setting({
    env: "MARKET_ANALYSIS_AGENT_URL",
    schema: urlSetting(agentUrl("market-analysis-agent")),
    description: "URL of the market-analysis agent",
  }),
  marketAnalysisDeadlineSeconds: setting({
    env: "MARKET_ANALYSIS_DEADLINE",
    schema: integerSetting(45, { minimum: 1, maximum: 3600 }),
    description:
      "Timeout in seconds of the whole call to the market-analysis agent; below the timeout of this agent's callers, which then receive a report without its analysis",
  }),
  additionalScopes: setting({
    env: "AAUTH_RESOURCE_ADDITIONAL_SCOPES",
    schema: listSetting(),
    description:
      "Further scopes that callers need in user-delegated, so that a token exchange can pass them on",
  }),
  interactionSeconds: setting({
    env: "SUPPLY_CHAIN_INTERACTION_SECONDS",
    schema: integerSetting(600, { minimum: 1, maximum: 600 }),
    description: "With draft-11, seconds an order waits for the person to decide",
  }),
  cataloguePseudonymousPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_PSEUDONYMOUS_PER_MINUTE",
    schema: perMinute(10, 250),
    description:
      "Catalogue requests per minute from one key, and 20 times as many from all keys. With draft-11: with an agent token, per provider",
  }),
  catalogueIdentifiedPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_IDENTIFIED_PER_MINUTE",
    schema: perMinute(100),
    description:
      "Catalogue requests per minute from the agents of one domain. With draft-11: with a person token, per person",
  }),
  catalogueAuthorizedPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_AUTHORIZED_PER_MINUTE",
    schema: perMinute(1000),
    description:
      "Catalogue requests per minute with an auth token, from the agents of one domain for one user. With draft-11: per person",
  }),
};

export type SupplyChainAgentConfig = Config<typeof settings>;
