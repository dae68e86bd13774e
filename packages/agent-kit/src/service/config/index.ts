/**
 * Settings of services: their schemas, and how they are read from environment and flags.
 *
 * @module
 */

export { storeSettings } from "../state/store-settings.ts";
export { type TelemetryConfig, telemetrySettings } from "../telemetry/telemetry-settings.ts";
export { ConfigError, type ConfigProblem, HelpRequested } from "./config-error.ts";
export { KNOWN_NAMES } from "./known-names.ts";
export { loadConfig } from "./load-config.ts";
export { readFlags } from "./read-flags.ts";
export {
  authServerSettings,
  canonicalSpelling,
  DRAFT_11_MODES,
  isCanonicalUrl,
  issuerOf,
  keyRotationSettings,
  PROFILES,
  type ProfileName,
  profileSettings,
  publishedPeersSettings,
  serviceSettings,
  tokenLogSettings,
} from "./service-settings.ts";
export { type Config, type Setting, type Settings, setting } from "./setting.ts";
export {
  booleanSetting,
  choiceSetting,
  integerSetting,
  listSetting,
  portSetting,
  textSetting,
  urlSetting,
} from "./value-schemas.ts";
