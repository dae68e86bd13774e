import { createLogger } from "service-kit";

export const silentLogger = createLogger({ service: "test", level: "silent" });
