/**
 * `npm run consent`: shows and changes the scopes that need the user's consent, at the running auth
 * server (the embedded one or Keycloak).
 *
 * @module
 */

import {
  booleanSetting,
  ConfigError,
  HelpRequested,
  listSetting,
  loadConfig,
  setting,
  textSetting,
  urlSetting,
  visibleLines,
  visibleText,
} from "agent-kit/service";
import { type ConsentPolicy, openConsentPolicy, PolicyAccessError } from "./consent/consent-policy.ts";
import { portOfDemo } from "./port-of-demo.ts";

const settings = {
  scopes: setting({
    flag: "scopes",
    schema: listSetting(),
    description: "Scopes that need consent, exactly as written, separated by commas",
  }),
  prefixes: setting({
    flag: "prefixes",
    schema: listSetting(),
    description: "Prefixes of scopes that need consent, separated by commas",
  }),
  clear: setting({
    flag: "clear",
    schema: booleanSetting(false),
    description: "Nothing needs consent, except what --scopes and --prefixes name beside it",
  }),
  show: setting({
    flag: "show",
    schema: booleanSetting(false),
    description: "Show what needs consent now (default)",
  }),
  authServer: setting({
    env: "KEYCLOAK_URL",
    flag: "auth-server",
    schema: urlSetting(`http://localhost:${portOfDemo("authServer", process.env)}`),
    description: "Auth server",
  }),
  realm: setting({
    env: "KEYCLOAK_REALM",
    flag: "realm",
    schema: textSetting("aauth-test"),
    description: "Realm whose policy it is",
  }),
  admin: setting({
    env: "KEYCLOAK_ADMIN",
    schema: textSetting("admin"),
    description: "Administrator of realm master",
  }),
  password: setting({
    env: "KEYCLOAK_ADMIN_PASSWORD",
    schema: textSetting("admin"),
    description: "The administrator's password",
    secret: true,
  }),
};

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const config = loadConfig({
      service: "consent",
      settings,
      env: process.env,
      argv: process.argv.slice(2),
    });
    const { scopes, prefixes, clear, authServer, realm, admin, password } = config;
    const changes = clear || scopes.length > 0 || prefixes.length > 0;
    const access = await openConsentPolicy({ authServer, realm, admin, password });
    if (changes) {
      const base = clear ? { scopes: [], prefixes: [] } : await access.read();
      await access.write({
        scopes: scopes.length > 0 ? scopes : base.scopes,
        prefixes: prefixes.length > 0 ? prefixes : base.prefixes,
      });
      console.log("Changed; it holds from the next request on.");
    }
    console.log(describePolicy(await access.read()));
    return 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    if (!(error instanceof ConfigError || error instanceof PolicyAccessError)) throw error;
    console.error(visibleLines(error.message));
    return error instanceof ConfigError ? 2 : 1;
  }
}

/** An auth server may have stored any string as a scope. */
function describePolicy({ scopes, prefixes }: ConsentPolicy): string {
  const list = (words: readonly string[]) => (words.length === 0 ? "(none)" : visibleText(words.join(", ")));
  return `Scopes that need consent:    ${list(scopes)}\nPrefixes that need consent:  ${list(prefixes)}`;
}
