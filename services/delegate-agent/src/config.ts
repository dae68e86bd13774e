import {
  authServerSettings,
  booleanSetting,
  type Config,
  portSetting,
  profileSettings,
  serviceSettings,
  setting,
  storeSettings,
  telemetrySettings,
  tokenLogSettings,
  urlSetting,
} from "agent-kit/settings";
import { z } from "zod";

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...serviceSettings,
  ...storeSettings,
  ...tokenLogSettings,
  ...profileSettings,
  ...telemetrySettings("delegate-agent"),
  port: setting({
    env: "DELEGATE_AGENT_PORT",
    flag: "port",
    schema: portSetting(9997),
    description: "TCP port to listen on for the agent server's requests",
  }),
  url: setting({
    env: "DELEGATE_AGENT_URL",
    flag: "url",
    schema: urlSetting("http://delegate-agent.localhost:9997"),
    description: "URL at which the agent server reaches this process; part of the enrolment",
  }),
  agentServer: setting({
    env: "BACKEND_AGENT_URL",
    schema: urlSetting("http://backend.localhost:8000"),
    description:
      "Agent server: the agent under whose identity this one acts, and which issues the agent tokens",
  }),
  supplyChainAgentUrl: setting({
    env: "SUPPLY_CHAIN_AGENT_URL",
    schema: urlSetting("http://supply-chain-agent.localhost:3000"),
    description: "URL and identity of the called agent, served by the gateway",
  }),
  ...authServerSettings,
  dataFolder: setting({
    env: "DELEGATE_DATA_FOLDER",
    flag: "data-folder",
    schema: z.string().min(1).default(".data/delegate-agent"),
    description: "Folder of the delegate's name and credential; created at the first start",
  }),
  enrolmentFile: setting({
    env: "DELEGATE_ENROLMENT_FILE",
    flag: "enrol-in",
    schema: z.string().min(1).optional(),
    description:
      "The agent server's file of delegates in which to enrol; unset: the operator enrols the delegate",
  }),
  displayName: setting({
    env: "DELEGATE_NAME",
    flag: "name",
    schema: z.string().min(1).max(80).default("Inventory scout"),
    description: "Display name of the delegate in the enrolment",
  }),
  callAtStart: setting({
    flag: "call",
    schema: booleanSetting(false),
    description: "Call immediately, not only on the agent server's request",
  }),
};

export type DelegateAgentConfig = Config<typeof settings>;
