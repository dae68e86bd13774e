import { draft11 } from "aauth";
import {
  booleanSetting,
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
} from "agent-kit/settings";
import { isOrigin, isScope } from "issuer-kit";
import { DRAFT_11_SERVERS, identifierOf, LISTENERS } from "topology";
import { z } from "zod";

/** Marks an entry of `ACCESS_SERVER_OWNERS` as a name claim; any other entry is a `sub`. */
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
    description: "Origin of this server as browsers see it. Unset: http://localhost and the port",
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
    description: "OpenID provider where people sign in; issuer and `sub` together identify a person",
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
    description: "The client's secret; unset for a public client",
  }),
  oidcScopes: setting({
    env: "PERSON_SERVER_OIDC_SCOPES",
    schema: listSetting(["openid", "profile", "email"]).refine(
      (scopes) => scopes.includes("openid") && scopes.every(isScope),
      "expected scopes that include openid",
    ),
    description: "Scopes requested at sign-in",
  }),
  oidcNameClaim: setting({
    env: "PERSON_SERVER_OIDC_NAME_CLAIM",
    schema: textSetting("preferred_username"),
    description:
      "ID token claim with the person's name, for pages and for `name:` in ACCESS_SERVER_OWNERS; the latter needs a claim that people cannot choose themselves",
  }),
  applications: setting({
    env: "PERSON_SERVER_APPLICATIONS",
    schema: listSetting().refine(
      (urls) => urls.every((url) => /^https?:/.test(url) && URL.canParse(url)),
      "expected http or https URLs",
    ),
    description: "Applications that agents' callbacks redirect to; pages and forms may lead there",
  }),
  resources: setting({
    env: "PERSON_SERVER_RESOURCES",
    schema: identifiersSetting(),
    description:
      "Resources where a person's agents receive, without a prompt, any scope that needs no consent",
  }),
  signInPages: setting({
    env: "PERSON_SERVER_SIGN_IN_PAGES",
    schema: listSetting().refine(
      (pages) => pages.every((page) => draft11.documents.isIdentifier(URL.parse(page)?.origin ?? "")),
      "expected URLs below identifiers: https, a host in lower case, no port",
    ),
    description:
      "Return URLs of resources whose own pages sign people in here; such a resource learns the person's name",
  }),
  allowedAgents: setting({
    env: "PERSON_SERVER_ALLOWED_AGENTS",
    schema: identifiersSetting(),
    description: "Agent providers that both servers admit; empty: all",
  }),
  blockedAgents: setting({
    env: "PERSON_SERVER_BLOCKED_AGENTS",
    schema: identifiersSetting(),
    description: "Agent providers whose agents both servers refuse",
  }),
  allowedScopes: setting({
    env: "PERSON_SERVER_ALLOWED_SCOPES",
    schema: scopesSetting(),
    description: "Scopes that both servers may grant; empty: all",
  }),
  consentScopes: setting({
    env: "PERSON_SERVER_CONSENT_SCOPES",
    schema: scopesSetting(["openid", "profile", "email"]),
    description: "Scopes that need the person's consent",
  }),
  consentScopePrefixes: setting({
    env: "PERSON_SERVER_CONSENT_SCOPE_PREFIXES",
    schema: scopesSetting(["user.", "profile.", "email."]),
    description: "Prefixes of further scopes that need the person's consent",
  }),
  consentSeconds: setting({
    env: "PERSON_SERVER_CONSENT_SECONDS",
    schema: integerSetting(600, { minimum: 1, maximum: 3600 }),
    description: "Seconds a request waits for the person or owner to decide",
  }),
  missions: setting({
    env: "PERSON_SERVER_MISSIONS",
    schema: booleanSetting(false),
    description: "Let agents propose missions, ask for permissions and record what they did",
  }),
  keyRotationSeconds: setting({
    env: "PERSON_SERVER_KEY_ROTATION_SECONDS",
    flag: "key-rotation-seconds",
    schema: integerSetting(0, { maximum: 2_592_000 }),
    description: "Seconds between rotations of the signing key; 0: never",
  }),
  accessServers: setting({
    env: "PERSON_SERVER_ACCESS_SERVERS",
    schema: identifiersSetting(),
    description: "Access servers that the person server uses besides its own",
  }),
  accessServerResources: setting({
    env: "ACCESS_SERVER_RESOURCES",
    schema: identifiersSetting(),
    description: "Resources whose tokens the access server issues; empty: no access server",
  }),
  accessServerId: setting({
    env: "ACCESS_SERVER_ID",
    schema: identifierSetting(DRAFT_11_SERVERS.accessServer),
    description: "Identifier of the access server",
  }),
  personServers: setting({
    env: "ACCESS_SERVER_PERSON_SERVERS",
    schema: identifiersSetting(),
    description: "Person servers that may use the access server, besides the one in this service",
  }),
  owners: setting({
    env: "ACCESS_SERVER_OWNERS",
    schema: listSetting(),
    description:
      "Owners of the resources, each as a `sub` at the provider or as `name:` and the name claim; on the access server's page they see and revoke what it has issued",
  }),
  ownerScopes: setting({
    env: "ACCESS_SERVER_OWNER_SCOPES",
    schema: scopesSetting(),
    description: "Scopes for which an owner must allow each token on the access server's page",
  }),
};

export type PersonServerConfig = Config<typeof settings>;

/** This server's origin for browsers. */
export function originOf({ url, port }: Pick<PersonServerConfig, "url" | "port">): string {
  return url ?? `http://localhost:${port}`;
}

/** `https://` and a host, nothing else. */
function identifierSetting(name: string) {
  return z
    .string()
    .refine(draft11.documents.isIdentifier, `expected an identifier: ${EXPECTED_IDENTIFIER}`)
    .default(identifierOf(name));
}

function identifiersSetting(defaultValue: readonly string[] = []) {
  return listSetting(defaultValue).refine(
    (ids) => ids.every(draft11.documents.isIdentifier),
    `expected identifiers: ${EXPECTED_IDENTIFIER}`,
  );
}

function scopesSetting(defaultValue: readonly string[] = []) {
  return listSetting(defaultValue).refine((scopes) => scopes.every(isScope), "expected scopes");
}
