import { listenOn, loadConfig, runService } from "service-kit";
import { buildAuthServer } from "./app.ts";
import { settings } from "./config.ts";

await runService({
  name: "auth-server",
  start: async () => {
    const config = loadConfig({
      service: "auth-server",
      settings,
      env: process.env,
      argv: process.argv.slice(2),
    });
    const { app } = await buildAuthServer(config);
    return listenOn(app, config);
  },
});
