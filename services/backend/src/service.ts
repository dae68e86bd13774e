import { isDraft11 } from "agent-kit/draft-11";
import { type StartService, startService } from "agent-kit/service";
import { buildBackend } from "./app.ts";
import { settings } from "./config.ts";
import { buildDraft11Backend } from "./draft-11-app.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "backend",
    logName: "supply-chain-backend",
    settings,
    build: (config, logger) =>
      isDraft11(config) ? buildDraft11Backend(config, { logger }) : buildBackend(config, { logger }),
  });
