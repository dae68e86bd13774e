import { resolve } from "node:path";
import {
  booleanSetting,
  type Config,
  LOG_FORMATS,
  LOG_LEVELS,
  portSetting,
  setting,
  urlSetting,
} from "service-kit";
import { z } from "zod";
import { AUTH_TOKEN_ALGORITHMS } from "./realm/realm-keys.ts";

const DEMO_REALM_FILE = resolve(import.meta.dirname, "../../../keycloak/realm/aauth-test-realm.json");

export const settings = {
  host: setting({
    env: "HOST",
    flag: "host",
    schema: z.string().default("127.0.0.1"),
    description: "Address to listen on",
  }),
  port: setting({
    env: "AUTH_SERVER_PORT",
    flag: "port",
    schema: portSetting(8080),
    description: "TCP port to listen on",
  }),
  url: setting({
    env: "AUTH_SERVER_URL",
    flag: "url",
    schema: urlSetting("http://localhost:8080").refine(
      isOrigin,
      "expected https, or http on loopback, and no path",
    ),
    description: "Own origin as browsers and agents know it; the issuer is <origin>/realms/<realm>",
  }),
  realmFile: setting({
    env: "AUTH_SERVER_REALM_FILE",
    flag: "realm-file",
    schema: z.string().default(DEMO_REALM_FILE),
    description: "Keycloak realm export with clients, users and aauth.* attributes",
  }),
  uiUrl: setting({
    env: "AUTH_SERVER_UI_URL",
    flag: "ui-url",
    schema: urlSetting().optional(),
    description: "Moves the realm's browser clients from their rootUrl to this origin",
  }),
  authTokenAlgorithm: setting({
    env: "AUTH_SERVER_AUTH_TOKEN_ALG",
    flag: "auth-token-alg",
    schema: z.enum(AUTH_TOKEN_ALGORITHMS).default("RS256"),
    description: `Signature of auth tokens: ${AUTH_TOKEN_ALGORITHMS.join(" or ")}`,
  }),
  adminEnabled: setting({
    env: "AUTH_SERVER_ADMIN",
    flag: "admin",
    schema: booleanSetting(true),
    description: "Lets loopback callers change the realm's attributes with Keycloak's development login",
  }),
  logLevel: setting({
    env: "LOG_LEVEL",
    flag: "log-level",
    schema: z.enum(LOG_LEVELS).default("info"),
    description: `One of ${LOG_LEVELS.join(", ")}`,
  }),
  logFormat: setting({
    env: "LOG_FORMAT",
    flag: "log-format",
    schema: z.enum(LOG_FORMATS).default("text"),
    description: `One of ${LOG_FORMATS.join(", ")}`,
  }),
  showTokens: setting({
    env: "AAUTH_SHOW_TOKENS",
    flag: "show-tokens",
    schema: booleanSetting(false),
    description: "Prints whole tokens in the log: for a demonstration only",
  }),
};

export type AuthServerConfig = Config<typeof settings>;

/** Cookies and signatures need https anywhere but on the own machine. */
function isOrigin(text: string): boolean {
  const url = new URL(text);
  if (url.pathname !== "/") return false;
  return url.protocol === "https:" || isLoopbackName(url.hostname);
}

/** True for hosts that never leave the machine. */
function isLoopbackName(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
