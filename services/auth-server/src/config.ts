import { resolve } from "node:path";
import {
  type Config,
  integerSetting,
  listSetting,
  portSetting,
  profileSettings,
  publishedPeersSettings,
  serviceSettings,
  setting,
  storeSettings,
  telemetrySettings,
  tokenLogSettings,
  urlSetting,
} from "agent-kit/settings";
import { isLoopbackName, isOrigin, isScope } from "issuer-kit";
import { z } from "zod";

const DEMO_REALM_FILE = resolve(import.meta.dirname, "../../../keycloak/realm/aauth-test-realm.json");

export const settings = {
  ...serviceSettings,
  ...storeSettings,
  ...tokenLogSettings,
  ...telemetrySettings("auth-server"),
  profile: profileSettings.profile,
  port: setting({
    env: "AUTH_SERVER_PORT",
    flag: "port",
    schema: portSetting(8080),
    description: "TCP port to listen on",
  }),
  url: setting({
    env: "AUTH_SERVER_URL",
    flag: "url",
    schema: urlSetting().refine(isOrigin, "expected https, or http on loopback, and no path").optional(),
    description:
      "Origin of this server as browsers and agents see it. Unset: http://localhost and the port. The issuer is <origin>/realms/<realm>",
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
  personServerUrl: setting({
    env: "AUTH_SERVER_PERSON_SERVER_URL",
    schema: urlSetting().optional(),
    description: "With draft-11: moves the realm's client person-server to this origin",
  }),
  publishedPeers: setting({
    ...publishedPeersSettings.publishedPeers,
    description: `${publishedPeersSettings.publishedPeers.description}, instead of those in the realm file`,
  }),
  consentScopes: setting({
    env: "AUTH_SERVER_CONSENT_SCOPES",
    flag: "consent-scopes",
    schema: listSetting()
      .unwrap()
      .refine((scopes) => scopes.length > 0 && scopes.every(isScope), "expected scopes")
      .optional(),
    description: "Scopes that need the user's consent, instead of those in the realm file",
  }),
  selfAgents: setting({
    env: "AUTH_SERVER_SELF_AGENTS",
    flag: "self-agents",
    schema: listSetting().unwrap().optional(),
    description: "Agents and resources that may learn a user's identity, instead of those in the realm file",
  }),
  exchangeAgents: setting({
    env: "AUTH_SERVER_EXCHANGE_AGENTS",
    flag: "exchange-agents",
    schema: listSetting().unwrap().optional(),
    description: "Agents that may exchange a user's token, instead of those in the realm file",
  }),
  consentSeconds: setting({
    env: "AUTH_SERVER_CONSENT_SECONDS",
    flag: "consent-seconds",
    schema: integerSetting(600, { minimum: 1, maximum: 3600 }),
    description: "Seconds a request waits for the user's consent",
  }),
  authTokenSeconds: setting({
    env: "AUTH_SERVER_AUTH_TOKEN_SECONDS",
    flag: "auth-token-seconds",
    schema: integerSetting(300, { minimum: 1, maximum: 86_400 }).unwrap().optional(),
    description: "Lifetime of auth tokens in seconds, instead of the realm file's",
  }),
  keyRotationSeconds: setting({
    env: "AUTH_SERVER_KEY_ROTATION_SECONDS",
    flag: "key-rotation-seconds",
    schema: integerSetting(0, { maximum: 2_592_000 }),
    description: "Seconds between rotations of the realm key; 0: only on an administrator's request",
  }),
  adminPasswordFile: setting({
    env: "AUTH_SERVER_ADMIN_PASSWORD_FILE",
    flag: "admin-password-file",
    schema: z.string().min(1).optional(),
    description: "File with the administrator's password; with it, callers need not be on loopback",
  }),
};

export type AuthServerConfig = Config<typeof settings>;

/**
 * Whether the users are those of the demo's realm file, whose password is public. True only if the
 * server is limited to this machine.
 */
export function hasDemoUsers(config: AuthServerConfig): boolean {
  if (!originOf(config).startsWith("http:")) return false; // hole V70a
  // Other machines can also reach a server with this origin if it listens on their network.
  if (!isLoopbackName(config.host)) return false; // hole V70b
  return config.realmFile === DEMO_REALM_FILE; // hole V70c
}

/** This server's origin. */
export function originOf({ url, port }: AuthServerConfig): string {
  return url ?? `http://localhost:${port}`;
}
