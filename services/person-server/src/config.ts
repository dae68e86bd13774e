import { isServerIdentifier } from "aauth";
import {
  type Config,
  integerSetting,
  listSetting,
  portSetting,
  profileSettings,
  serviceSettings,
  setting,
  storeSettings,
  telemetrySettings,
  textSetting,
  tokenLogSettings,
  urlSetting,
} from "agent-kit/service";
import { isOrigin, isScope } from "issuer-kit";
import { DRAFT_11_SERVERS, identifierOf, LISTENERS } from "topology";
import { z } from "zod";

/** Begins an entry of `ACCESS_SERVER_OWNERS` that is a name claim; every other one is a `sub`. */
export const OWNER_NAME_PREFIX = "name:";
const EXPECTED_IDENTIFIER = "https, a host in lower case, no port";

/**
 * Every setting of this service; `--help` prints them. Identifiers and addresses default to the
 * demo's.
 */
export const settings = {
  ...serviceSettings,
  ...storeSettings,
  ...tokenLogSettings,
  ...telemetrySettings("person-server"),
  endpoints: profileSettings.endpoints,
  port: setting({
    env: "PERSON_SERVER_PORT",
    flag: "port",
    schema: portSetting(LISTENERS["person-server"].port),
    description: "TCP port to listen on",
  }),
  url: setting({
    env: "PERSON_SERVER_URL",
    flag: "url",
    schema: urlSetting().refine(isOrigin, "expected https, or http on loopback, and no path").optional(),
    description: "Own origin as browsers know it, without it http://localhost and the port",
  }),
  id: setting({
    env: "PERSON_SERVER_ID",
    schema: identifierSetting(DRAFT_11_SERVERS.personServer),
    description: "Identifier of the person server",
  }),
  oidcIssuer: setting({
    env: "PERSON_SERVER_OIDC_ISSUER",
    flag: "oidc-issuer",
    schema: urlSetting("http://localhost:8080/realms/aauth-test"),
    description: "OpenID provider where persons sign in; a person is its issuer and `sub` together",
  }),
  oidcClientId: setting({
    env: "PERSON_SERVER_OIDC_CLIENT_ID",
    schema: textSetting("person-server"),
    description: "This server's client at the provider; its redirect URI is /sign-in/callback",
  }),
  oidcClientSecret: setting({
    env: "PERSON_SERVER_OIDC_CLIENT_SECRET",
    schema: z.string().min(1).optional(),
    secret: true,
    description: "The client's secret; a public client has none",
  }),
  oidcScopes: setting({
    env: "PERSON_SERVER_OIDC_SCOPES",
    schema: listSetting(["openid", "profile", "email"]).refine(
      (scopes) => scopes.includes("openid") && scopes.every(isScope),
      "expected scopes, openid among them",
    ),
    description: "What a sign-in asks the provider for",
  }),
  oidcNameClaim: setting({
    env: "PERSON_SERVER_OIDC_NAME_CLAIM",
    schema: textSetting("preferred_username"),
    description:
      "Claim of the ID token that is a person's name on pages, and in entries `name:` of ACCESS_SERVER_OWNERS: there it must be one that persons cannot choose",
  }),
  applications: setting({
    env: "PERSON_SERVER_APPLICATIONS",
    schema: listSetting().refine(
      (urls) => urls.every((url) => /^https?:/.test(url) && URL.canParse(url)),
      "expected http or https URLs",
    ),
    description:
      "Applications that agents' callbacks lead on to: pages link to them, and their forms may lead there",
  }),
  resources: setting({
    env: "PERSON_SERVER_RESOURCES",
    schema: identifiersSetting(),
    description: "Resources where a person's agents get what needs no consent without asking",
  }),
  signInPages: setting({
    env: "PERSON_SERVER_SIGN_IN_PAGES",
    schema: listSetting().refine(
      (pages) => pages.every((page) => isServerIdentifier(URL.parse(page)?.origin ?? "")),
      "expected URLs below identifiers: https, a host in lower case, no port",
    ),
    description:
      "Where resources get back persons that their own pages sign in here; a resource learns the name",
  }),
  allowedAgents: setting({
    env: "PERSON_SERVER_ALLOWED_AGENTS",
    schema: identifiersSetting(),
    description: "Agent providers whose agents may ask, at both servers; none: all",
  }),
  blockedAgents: setting({
    env: "PERSON_SERVER_BLOCKED_AGENTS",
    schema: identifiersSetting(),
    description: "Agent providers whose agents are refused, at both servers",
  }),
  allowedScopes: setting({
    env: "PERSON_SERVER_ALLOWED_SCOPES",
    schema: scopesSetting(),
    description: "Scopes that are granted at all, at both servers; none: all",
  }),
  consentScopes: setting({
    env: "PERSON_SERVER_CONSENT_SCOPES",
    schema: scopesSetting(["openid", "profile", "email"]),
    description: "Scopes that need the person's consent",
  }),
  consentScopePrefixes: setting({
    env: "PERSON_SERVER_CONSENT_SCOPE_PREFIXES",
    schema: scopesSetting(["user.", "profile.", "email."]),
    description: "What scopes that need the person's consent begin with, besides those",
  }),
  consentSeconds: setting({
    env: "PERSON_SERVER_CONSENT_SECONDS",
    schema: integerSetting(600, { minimum: 1, maximum: 3600 }),
    description: "How long a request waits for its person or owner, in seconds",
  }),
  keyRotationSeconds: setting({
    env: "PERSON_SERVER_KEY_ROTATION_SECONDS",
    flag: "key-rotation-seconds",
    schema: integerSetting(0, { maximum: 2_592_000 }),
    description: "New signing keys every so many seconds; 0: one set from start to end",
  }),
  accessServers: setting({
    env: "PERSON_SERVER_ACCESS_SERVERS",
    schema: identifiersSetting(),
    description: "Access servers that the person server asks, besides the one served here",
  }),
  accessServerResources: setting({
    env: "ACCESS_SERVER_RESOURCES",
    schema: identifiersSetting(),
    description: "Resources that the access server decides for; none: no access server is served here",
  }),
  accessServerId: setting({
    env: "ACCESS_SERVER_ID",
    schema: identifierSetting(DRAFT_11_SERVERS.accessServer),
    description: "Identifier of the access server",
  }),
  personServers: setting({
    env: "ACCESS_SERVER_PERSON_SERVERS",
    schema: identifiersSetting(),
    description: "Person servers that may ask the access server, besides the one served here",
  }),
  owners: setting({
    env: "ACCESS_SERVER_OWNERS",
    schema: listSetting(),
    description:
      "The resources' owners, each by `sub` at the provider or as `name:` and the name claim: they see at the access server's page what it has issued, and revoke it",
  }),
  ownerScopes: setting({
    env: "ACCESS_SERVER_OWNER_SCOPES",
    schema: scopesSetting(),
    description:
      "Scopes that the access server grants only when an owner allows it at its page, for each token",
  }),
};

export type PersonServerConfig = Config<typeof settings>;

/** The server's own origin for browsers. */
export function originOf({ url, port }: Pick<PersonServerConfig, "url" | "port">): string {
  return url ?? `http://localhost:${port}`;
}

/** `https://` and a host, nothing else. */
function identifierSetting(name: string) {
  return z
    .string()
    .refine(isServerIdentifier, `expected an identifier: ${EXPECTED_IDENTIFIER}`)
    .default(identifierOf(name));
}

function identifiersSetting(defaultValue: readonly string[] = []) {
  return listSetting(defaultValue).refine(
    (ids) => ids.every(isServerIdentifier),
    `expected identifiers: ${EXPECTED_IDENTIFIER}`,
  );
}

function scopesSetting(defaultValue: readonly string[] = []) {
  return listSetting(defaultValue).refine((scopes) => scopes.every(isScope), "expected scopes");
}
