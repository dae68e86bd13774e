import { type StartService, startService } from "agent-kit/service";
import { buildDelegateAgent } from "./app.ts";
import { settings } from "./config.ts";
import { loadCredential } from "./credential.ts";
import { enrolIn } from "./enrol.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "delegate-agent",
    settings,
    build: async (config, logger, state) => {
      const credential = await loadCredential(config.dataFolder);
      const { app, delegateOf } = await buildDelegateAgent(config, { logger, credential, ...state });
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
      if (config.callAtStart)
        app.addHook("onListen", async () => void (await delegateOf(config.agentServer)).run());
      return { app };
    },
  });
