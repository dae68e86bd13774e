/**
 * `npm run consent`: shows and changes which scopes need the user's consent, at whichever auth server is running (the embedded one
 * or Keycloak). Without flags, in a terminal, it asks.
 *
 * @module
 */

import {
  booleanSetting,
  ConfigError,
  HelpRequested,
  loadConfig,
  setting,
  textSetting,
  urlSetting,
  visibleLines,
} from "agent-kit/service";
import { askPolicy } from "./consent/ask-policy.ts";
import {
  type ConsentPolicy,
  openConsentPolicy,
  type PolicyAccess,
  PolicyAccessError,
} from "./consent/consent-policy.ts";
import { describePolicy } from "./consent/describe-policy.ts";
import { scopeListSetting } from "./consent/scope-list.ts";

const settings = {
  scopes: setting({
    flag: "scopes",
    schema: scopeListSetting(),
    description: "Scopes that need consent, exactly as written, with commas between them",
  }),
  prefixes: setting({
    flag: "prefixes",
    schema: scopeListSetting(),
    description: "Beginnings of scopes that need consent, with commas between them",
  }),
  clear: setting({
    flag: "clear",
    schema: booleanSetting(false),
    description: "Nothing needs consent, except what --scopes and --prefixes name beside it",
  }),
  show: setting({ flag: "show", schema: booleanSetting(false), description: "Show what needs consent now" }),
  authServer: setting({
    env: "KEYCLOAK_URL",
    flag: "auth-server",
    schema: urlSetting("http://localhost:8080"),
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
    const { scopes, prefixes, clear, show, authServer, realm, admin, password } = config;
    const changes = clear || scopes.length > 0 || prefixes.length > 0;
    if (!changes && !show && !(process.stdin.isTTY && process.stdout.isTTY)) {
      console.error("Say what to do: --show, --scopes, --prefixes or --clear. In a terminal it asks.");
      return 2;
    }
    const access = await openConsentPolicy({ authServer, realm, admin, password });
    const current = await access.read();
    if (changes) {
      const base = clear ? { scopes: [], prefixes: [] } : current;
      await change(access, {
        scopes: scopes.length > 0 ? scopes : base.scopes,
        prefixes: prefixes.length > 0 ? prefixes : base.prefixes,
      });
    } else if (show) {
      console.log(describePolicy(current));
    } else {
      await askPolicy(access, current, { input: process.stdin, output: process.stdout });
    }
    return 0;
  } catch (error) {
    // Ctrl-C or Ctrl-D at a question.
    if (error instanceof Error && error.name === "AbortError") {
      console.log("\nNothing was changed.");
      return 130;
    }
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    if (!(error instanceof ConfigError || error instanceof PolicyAccessError)) throw error;
    console.error(visibleLines(error.message));
    return error instanceof ConfigError ? 2 : 1;
  }
}

async function change(access: PolicyAccess, policy: ConsentPolicy): Promise<void> {
  await access.write(policy);
  console.log("Changed; it holds from the next request on.");
  console.log(describePolicy(await access.read()));
}
