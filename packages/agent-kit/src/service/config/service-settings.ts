import { isIP } from "node:net";
import { z } from "zod";
import { LOG_FORMATS, LOG_LEVELS } from "../log/logger.ts";
import { endpointsSetting } from "./endpoints-setting.ts";
import { setting } from "./setting.ts";
import { booleanSetting, choiceSetting, integerSetting, listSetting, urlSetting } from "./value-schemas.ts";

/** Settings of services behind proxies. */
export const proxySettings = {
  proxyAddresses: setting({
    env: "PROXY_ADDRESSES",
    schema: listSetting().refine(
      (addresses) => addresses.every((address) => isIP(address) !== 0),
      "expected IP addresses",
    ),
    description:
      "IP addresses of gateways and proxies in front, separated by commas: their connections are unlimited, and their X-Forwarded-For names the caller, so they must replace or append to it. Unset: loopback is unlimited, the header ignored",
  }),
};

/** Settings that every service has under the same name. Spread them into the service's own. */
export const serviceSettings = {
  ...proxySettings,
  host: setting({
    env: "HOST",
    flag: "host",
    schema: z.string().default("127.0.0.1"),
    description: "Address to listen on",
  }),
  logLevel: setting({
    env: "LOG_LEVEL",
    flag: "log-level",
    schema: z.string().toLowerCase().pipe(z.enum(LOG_LEVELS)).default("info"),
    description: `Lowest level to log: ${LOG_LEVELS.join(", ")}`,
  }),
  logFormat: setting({
    env: "LOG_FORMAT",
    flag: "log-format",
    schema: z.enum(LOG_FORMATS).default("text"),
    description: "text for people, json for machines",
  }),
};

/** Settings of services that sign with their own key, for `rotateKeys`. */
export const keyRotationSettings = {
  keyRotationSeconds: setting({
    env: "AGENT_KEY_ROTATION_SECONDS",
    flag: "key-rotation-seconds",
    schema: integerSetting(0, { maximum: 2_592_000 }),
    description: "Seconds between rotations of the signing key; 0: never",
  }),
};

/** Settings of services that use the auth server: its address and realm, which form the issuer. */
export const authServerSettings = {
  authServerUrl: setting({
    env: "KEYCLOAK_URL",
    schema: urlSetting("http://localhost:8080"),
    description: "Auth server",
  }),
  realm: setting({
    env: "KEYCLOAK_REALM",
    schema: z
      .string()
      .regex(/^[A-Za-z0-9._-]+$/, "expected a realm name")
      .default("aauth-test"),
    description: "Realm of the auth server; both together name the issuer",
  }),
  issuer: setting({
    env: "KEYCLOAK_AAUTH_ISSUER_URL",
    schema: urlSetting().optional(),
    description:
      "Issuer of auth tokens, as the published demo names it. Unset: KEYCLOAK_URL/realms/KEYCLOAK_REALM",
  }),
};

/** The identifier of the auth server. */
export function issuerOf(config: {
  authServerUrl: string;
  realm: string;
  issuer?: string | undefined;
}): string {
  return config.issuer ?? `${config.authServerUrl}/realms/${config.realm}`;
}

/** Wire profiles, the default first. */
export const PROFILES = [
  "february-2026", // the published walk-through
  "draft-11",
] as const;
export type ProfileName = (typeof PROFILES)[number];

/**
 * Requirements of agents on their callers in draft -11: an agent token, a person token, or an auth
 * token of a person server, also as part of a mission, or of an access server.
 */
export const DRAFT_11_MODES = [
  "agent-identity",
  "person-identity",
  "person-server",
  "mission",
  "federated",
] as const;

/**
 * Settings of services that sign, verify or issue. With `draft-11`, February's other settings are
 * ignored.
 */
export const profileSettings = {
  profile: setting({
    env: "AAUTH_PROFILE",
    schema: choiceSetting(PROFILES, PROFILES[0]),
    description: `Wire profile: ${PROFILES.join(" or ")}`,
  }),
  mode: setting({
    env: "AAUTH_MODE",
    schema: choiceSetting(DRAFT_11_MODES, "person-server"),
    description: `With draft-11, what agents require of callers: ${DRAFT_11_MODES.join(", ")}`,
  }),
  endpoints: setting({
    env: "AAUTH_ENDPOINTS",
    schema: endpointsSetting(),
    description:
      "With draft-11, addresses of parties that are not at their identifier: identifier=address, a comma and a browser's address, separated by blanks",
  }),
};

/** Settings of services with peers of the published dialect. */
export const publishedPeersSettings = {
  publishedPeers: setting({
    env: "AAUTH_PUBLISHED_PEERS",
    schema: listSetting().refine(
      (ids) => ids.every(isCanonicalUrl),
      "expected URLs in canonical form, without a trailing slash",
    ),
    description:
      "Peers that speak the published demo's dialect, which covers no body: identifiers of agents, resources and auth servers, separated by commas or blanks",
  }),
  publishedHwk: setting({
    env: "AAUTH_PUBLISHED_HWK",
    schema: booleanSetting(false),
    description: "Also accept that dialect from callers without an agent (scheme hwk), where a key suffices",
  }),
};

/**
 * Canonical form of a URL, as in tokens and comparisons: without the scheme's default port and a
 * trailing slash.
 */
export function canonicalSpelling(url: string): string {
  const { origin, pathname } = new URL(url);
  return pathname === "/" ? origin : origin + pathname;
}

const MAX_URL_CHARACTERS = 2_048;

/**
 * Whether a string is an http or https URL in canonical form: without credentials, query, fragment
 * and trailing slash, of at most 2048 characters. Identifiers are compared as strings.
 */
export const isCanonicalUrl = (text: string): boolean =>
  /^https?:/.test(text) &&
  text.length <= MAX_URL_CHARACTERS &&
  !text.endsWith("/") &&
  URL.canParse(text) &&
  canonicalSpelling(text) === text;

/** Settings of services whose log may contain tokens. */
export const tokenLogSettings = {
  showTokens: setting({
    env: "AAUTH_SHOW_TOKENS",
    flag: "show-tokens",
    schema: booleanSetting(false),
    description: "Print whole tokens and signatures in the log; for demonstrations only",
  }),
};
