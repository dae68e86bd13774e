/**
 * `realm-for-mode.ts FILE`: writes the realm as AAUTH_AUTHORIZATION_SCHEME wants it. The auth
 * server, Keycloak or the embedded one, reads the file at each of its starts: one that was
 * restarted asks for consent as the first one did, and without the file there is no realm. Runs
 * before everything else, so it also refuses what is misspelt in `.env`, or is of the other
 * profile.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import {
  type Config,
  ConfigError,
  choiceSetting,
  integerSetting,
  loadConfig,
  profileSettings,
  publishedPeersSettings,
  setting,
} from "agent-kit/settings";
import { DEMO_DIALECTS, foreignSettings } from "../scripts/demo/demo-dialect.ts";
import {
  AUTHORIZATION_SCHEMES,
  CONSENT_SCOPE,
  DEMO_MODES,
  SIGNATURE_SCHEMES,
} from "../scripts/demo/stack.ts";

const SERVICE = "docker compose";
const CONSENT_ATTRIBUTE = "aauth.consent.required.scopes";
const REALM_FILE = new URL("../keycloak/realm/aauth-test-realm.json", import.meta.url);

const settings = {
  profile: profileSettings.profile,
  mode: profileSettings.mode,
  signatureScheme: setting({
    env: "AAUTH_SIGNATURE_SCHEME",
    schema: choiceSetting(SIGNATURE_SCHEMES, DEMO_MODES.signatureScheme),
    description: "How agents sign",
  }),
  authorizationScheme: setting({
    env: "AAUTH_AUTHORIZATION_SCHEME",
    schema: choiceSetting(AUTHORIZATION_SCHEMES, DEMO_MODES.authorizationScheme),
    description: "What a call needs",
  }),
  publishedPeers: publishedPeersSettings.publishedPeers,
  authTokenSeconds: setting({
    env: "AUTH_SERVER_AUTH_TOKEN_SECONDS",
    schema: integerSetting(300, { minimum: 1, maximum: 86_400 }),
    description: "How long auth tokens are good, in seconds",
  }),
};

try {
  const config = loadConfig({ service: SERVICE, settings, env: process.env, argv: [] });
  refuseOtherProfile(config);
  const { authorizationScheme, authTokenSeconds, publishedPeers } = config;
  const dialect = DEMO_DIALECTS[config.profile];
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error("the file to write is not named");
  const realm = JSON.parse(readFileSync(REALM_FILE, "utf8")) as { attributes: Record<string, string> };
  const scopes = JSON.parse(realm.attributes[CONSENT_ATTRIBUTE] ?? "[]") as string[];
  const wanted = authorizationScheme === "user-delegated" ? [...scopes, CONSENT_SCOPE] : scopes;
  const attributes = {
    ...realm.attributes,
    [CONSENT_ATTRIBUTE]: JSON.stringify(wanted),
    "aauth.token.lifespan": String(authTokenSeconds),
    ...(!dialect.authServerIssues && { "aauth.enabled": "false" }),
    ...(publishedPeers.length > 0 && { "aauth.published.peers": JSON.stringify(publishedPeers) }),
  };
  // Whole or not at all: an auth server may be starting.
  writeFileSync(`${file}.new`, JSON.stringify({ ...realm, attributes }));
  renameSync(`${file}.new`, file);
  console.log(`Scopes that need the user's consent (${dialect.modeOf(config)}): ${wanted.join(" ")}`);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : `No realm: ${(error as Error).message}`);
  process.exitCode = 2;
}

/** @throws ConfigError for what is set and has no meaning in the profile, as `npm run demo` does */
function refuseOtherProfile(config: Config<typeof settings>): void {
  const { profile } = config;
  const problems = foreignSettings(profile)
    .filter(({ setting }) => config[setting] !== DEMO_MODES[setting])
    .map(({ variable: name }) => ({
      name,
      message: `has no meaning with AAUTH_PROFILE=${profile}: leave it out`,
    }));
  if (problems.length > 0) throw new ConfigError(SERVICE, problems);
}
