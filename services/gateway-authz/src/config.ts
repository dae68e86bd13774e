import { portSetting, serviceSettings, setting, storeSettings, telemetrySettings } from "agent-kit/settings";
import { checkSettings } from "gateway-check/settings";

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...serviceSettings,
  ...storeSettings,
  ...telemetrySettings("gateway-authz"),
  port: setting({
    env: "GATEWAY_AUTHZ_PORT",
    flag: "port",
    schema: portSetting(7070),
    description: "TCP port to listen on",
  }),
  ...checkSettings,
};
