import { agentSettings } from "agent-kit";
import { type Config, integerSetting, listSetting, setting, urlSetting } from "agent-kit/service";
import { agentRow, agentUrl } from "topology";

const perMinute = (defaultValue: number, maximum = 100_000) =>
  integerSetting(defaultValue, { minimum: 1, maximum });

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...agentSettings(agentRow("supply-chain-agent")),
  marketAnalysisUrl: setting({
    env: "MARKET_ANALYSIS_AGENT_URL",
    schema: urlSetting(agentUrl("market-analysis-agent")),
    description: "Where the market-analysis agent is called",
  }),
  marketAnalysisDeadlineSeconds: setting({
    env: "MARKET_ANALYSIS_DEADLINE",
    schema: integerSetting(45, { minimum: 1, maximum: 3600 }),
    description:
      "Seconds for the whole question to the market-analysis agent; less than this agent's callers wait, which then still get a report that says who did not answer",
  }),
  additionalScopes: setting({
    env: "AAUTH_RESOURCE_ADDITIONAL_SCOPES",
    schema: listSetting(),
    description: "Scopes callers must bring as well, user-delegated only: what a token exchange may pass on",
  }),
  interactionSeconds: setting({
    env: "SUPPLY_CHAIN_INTERACTION_SECONDS",
    schema: integerSetting(600, { minimum: 1, maximum: 600 }),
    description: "With draft-11: how long an order waits for its person, in seconds",
  }),
  cataloguePseudonymousPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_PSEUDONYMOUS_PER_MINUTE",
    schema: perMinute(10, 250),
    description:
      "Requests for the catalogue in a minute from one key; 20 times as many from all keys together. With draft-11: with an agent token, from the agents of one provider",
  }),
  catalogueIdentifiedPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_IDENTIFIED_PER_MINUTE",
    schema: perMinute(100),
    description:
      "Requests for the catalogue in a minute from the agents of one domain. With draft-11: with a person token, from the agents of one person",
  }),
  catalogueAuthorizedPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_AUTHORIZED_PER_MINUTE",
    schema: perMinute(1000),
    description:
      "Requests for the catalogue in a minute from the agents of one domain, for one user, with an auth token. With draft-11: from the agents of one person",
  }),
};

export type SupplyChainAgentConfig = Config<typeof settings>;
