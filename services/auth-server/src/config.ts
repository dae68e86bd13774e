import { resolve } from "node:path";
import { isServerIdentifier } from "aauth";
import {
  type Config,
  integerSetting,
  listSetting,
  portSetting,
  profileSettings,
  publishedPeersSettings,
  serviceSettings,
  setting,
  telemetrySettings,
  tokenLogSettings,
  urlSetting,
} from "agent-kit/service";
import { AGENT_NAMES, DRAFT_11_SERVERS, identifierOf } from "topology";
import { z } from "zod";
import { isScope } from "./scopes.ts";

const DEMO_REALM_FILE = resolve(import.meta.dirname, "../../../keycloak/realm/aauth-test-realm.json");

export const settings = {
  ...serviceSettings,
  ...tokenLogSettings,
  ...telemetrySettings("auth-server"),
  profile: profileSettings.profile,
  endpoints: profileSettings.endpoints,
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
      "Own origin as browsers and agents know it, without it http://localhost and the port; the issuer is <origin>/realms/<realm>",
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
  publishedPeers: setting({
    ...publishedPeersSettings.publishedPeers,
    description: `${publishedPeersSettings.publishedPeers.description}; where it is set, instead of those in the realm file`,
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
    description: "How long a request waits for the user's consent, in seconds",
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
    description: "New realm keys every so many seconds; 0: when an administrator asks for them",
  }),
  personServer: setting({
    env: "AUTH_SERVER_PERSON_SERVER",
    schema: identifierSetting().default(identifierOf(DRAFT_11_SERVERS.personServer)),
    description: "With draft-11: identifier of the person server that is served here",
  }),
  accessServer: setting({
    env: "AUTH_SERVER_ACCESS_SERVER",
    schema: identifierSetting().default(identifierOf(DRAFT_11_SERVERS.accessServer)),
    description: "With draft-11: identifier of the access server that is served here",
  }),
  resources: setting({
    env: "AUTH_SERVER_RESOURCES",
    schema: identifiersSetting(AGENT_NAMES.map(identifierOf)),
    description:
      "With draft-11: resources that the access server decides for, and where a person's agents get what needs no consent without asking",
  }),
  signInPages: setting({
    env: "AUTH_SERVER_SIGN_IN_PAGES",
    schema: listSetting([`${identifierOf("supply-chain-agent")}/orders/interaction/callback`]).refine(
      (pages) => pages.every((page) => isServerIdentifier(URL.parse(page)?.origin ?? "")),
      "expected URLs below identifiers: https, a host in lower case, no port",
    ),
    description:
      "With draft-11: where resources get back persons that their own pages sign in here; a resource learns name and e-mail address",
  }),
  accessServers: setting({
    env: "AUTH_SERVER_ACCESS_SERVERS",
    schema: identifiersSetting(),
    description: "With draft-11: access servers that the person server asks, besides the one served here",
  }),
  personServers: setting({
    env: "AUTH_SERVER_PERSON_SERVERS",
    schema: identifiersSetting(),
    description: "With draft-11: person servers that may ask the access server, besides the one served here",
  }),
  owners: setting({
    env: "AUTH_SERVER_OWNERS",
    schema: listSetting(),
    description:
      "With draft-11: user names of the resources' owners, who see at the access server's page what it has issued, and revoke it",
  }),
  ownerScopes: setting({
    env: "AUTH_SERVER_OWNER_SCOPES",
    schema: listSetting().refine((scopes) => scopes.every(isScope), "expected scopes"),
    description:
      "With draft-11: scopes that the access server grants only when an owner allows it at its page, for each token",
  }),
  adminPasswordFile: setting({
    env: "AUTH_SERVER_ADMIN_PASSWORD_FILE",
    flag: "admin-password-file",
    schema: z.string().min(1).optional(),
    description:
      "File with the administrator's password; with one of its own, callers need not be on loopback",
  }),
};

export type AuthServerConfig = Config<typeof settings>;

/** The server's own origin. */
export function originOf({ url, port }: AuthServerConfig): string {
  return url ?? `http://localhost:${port}`;
}

/** A server of draft -11: `https://` and a host, nothing else. */
function identifierSetting() {
  return z
    .string()
    .refine(isServerIdentifier, "expected an identifier: https, a host in lower case, no port");
}

function identifiersSetting(defaultValue: readonly string[] = []) {
  return listSetting(defaultValue).refine(
    (ids) => ids.every(isServerIdentifier),
    "expected identifiers: https, a host in lower case, no port",
  );
}

/** Cookies and signatures need https, except on loopback. */
function isOrigin(text: string): boolean {
  const url = new URL(text);
  if (url.pathname !== "/") return false;
  return url.protocol === "https:" || isLoopbackName(url.hostname);
}

/** True for hosts that never leave the machine. */
function isLoopbackName(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
