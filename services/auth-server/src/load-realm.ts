import { readFile } from "node:fs/promises";
import { ConfigError } from "agent-kit/service";
import type { AuthServerConfig } from "./config.ts";
import {
  AUTH_TOKEN_SECONDS_ATTRIBUTE,
  CONSENT_SCOPES_ATTRIBUTE,
  EXCHANGE_AGENTS_ATTRIBUTE,
  SELF_AGENTS_ATTRIBUTE,
} from "./realm/policy.ts";
import { parseRealm } from "./realm/realm.ts";
import { createRealmState, type RealmState } from "./realm/realm-state.ts";

/**
 * Reads the realm file; settings beat what it says. @throws ConfigError when it cannot be read, or when a field or an attribute in it is not usable.
 */
export async function loadRealm(config: AuthServerConfig): Promise<RealmState> {
  const { realmFile, uiUrl, consentScopes, selfAgents, exchangeAgents, authTokenSeconds } = config;
  try {
    const json = await readFile(realmFile, "utf8");
    const realm = parseRealm(json, uiUrl === undefined ? {} : { uiUrl });
    const attributes = {
      ...realm.attributes,
      ...(consentScopes !== undefined && { [CONSENT_SCOPES_ATTRIBUTE]: JSON.stringify(consentScopes) }),
      ...(authTokenSeconds !== undefined && { [AUTH_TOKEN_SECONDS_ATTRIBUTE]: String(authTokenSeconds) }),
      ...(selfAgents !== undefined && { [SELF_AGENTS_ATTRIBUTE]: JSON.stringify(selfAgents) }),
      ...(exchangeAgents !== undefined && { [EXCHANGE_AGENTS_ATTRIBUTE]: JSON.stringify(exchangeAgents) }),
    };
    return createRealmState({ ...realm, attributes });
  } catch (error) {
    const message = `${realmFile}: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError("auth-server", [{ name: "AUTH_SERVER_REALM_FILE", message }]);
  }
}
