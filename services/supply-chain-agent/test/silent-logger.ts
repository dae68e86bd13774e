import { createLogger } from "agent-kit/service";

export const silentLogger = createLogger({ service: "test", level: "silent" });
