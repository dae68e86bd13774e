import { isDraft11 } from "agent-kit/draft-11";
import { ConfigError, type StartService, startService } from "agent-kit/service";
import { buildDelegateAgent } from "./app.ts";
import { settings } from "./config.ts";
import { loadCredential } from "./credential.ts";
import { buildDraft11DelegateAgent } from "./draft-11-app.ts";
import { enrolIn } from "./enrol.ts";

const NO_CALL_AT_START = {
  name: "--call",
  message: "is of february-2026: a sub-agent acts for the agent that has it work",
};

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "delegate-agent",
    settings,
    build: async (config, logger) => {
      if (config.callAtStart && isDraft11(config))
        throw new ConfigError("delegate-agent", [NO_CALL_AT_START]);
      const credential = await loadCredential(config.dataFolder);
      const entry = {
        sub: credential.sub,
        name: config.displayName,
        jwk: credential.publicJwk,
        url: config.url,
      };
      if (config.enrolmentFile === undefined) {
        logger.info(
          { entry: JSON.stringify(entry) },
          "To be enrolled, this goes into the agent server's file",
        );
      } else {
        await enrolIn(config.enrolmentFile, entry);
        logger.info({ sub: credential.sub, file: config.enrolmentFile }, "Enrolled with the agent server");
      }
      if (isDraft11(config)) return buildDraft11DelegateAgent(config, { logger, credential });
      const { app, delegate } = await buildDelegateAgent(config, { logger, credential });
      if (config.callAtStart) app.addHook("onListen", async () => void delegate.run());
      return { app };
    },
  });
