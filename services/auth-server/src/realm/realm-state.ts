import { readFile } from "node:fs/promises";
import { ConfigError } from "agent-kit/settings";
import type { AuthServerConfig } from "../config.ts";
import { ATTRIBUTES, type Policy, parsePolicy } from "./policy.ts";
import { parseRealm, type Realm } from "./realm.ts";

/**
 * The current realm: the file's content, with attributes that an administrator may replace at run
 * time.
 */
export interface RealmState {
  readonly realm: Realm;
  attributes(): Readonly<Record<string, string>>;
  policy(): Policy;
  /**
   * Takes effect for the next request. Throws without changes if an attribute is unknown or
   * malformed.
   */
  replaceAttributes(attributes: Readonly<Record<string, string>>): void;
}

function createRealmState(realm: Realm): RealmState {
  let attributes: Readonly<Record<string, string>> = realm.attributes;
  let policy = parsePolicy(attributes);
  return {
    realm,
    attributes: () => attributes,
    policy: () => policy,
    replaceAttributes(replacement) {
      policy = parsePolicy(replacement);
      attributes = { ...replacement };
    },
  };
}

/**
 * Reads the realm file; settings override its attributes.
 *
 * @throws ConfigError if the file is invalid
 */
export async function loadRealm(config: AuthServerConfig): Promise<RealmState> {
  const {
    realmFile,
    uiUrl,
    personServerUrl,
    consentScopes,
    selfAgents,
    exchangeAgents,
    authTokenSeconds,
    publishedPeers,
  } = config;
  try {
    const json = await readFile(realmFile, "utf8");
    const realm = parseRealm(json, { uiUrl, personServerUrl });
    // Lists and numbers are written as JSON.
    const overrides = [
      [ATTRIBUTES.consentScopes, consentScopes],
      [ATTRIBUTES.authTokenLifetimeSeconds, authTokenSeconds],
      [ATTRIBUTES.selfAgents, selfAgents],
      [ATTRIBUTES.exchangeAgents, exchangeAgents],
      [ATTRIBUTES.publishedPeers, publishedPeers.length > 0 ? publishedPeers : undefined],
    ] as const;
    const attributes = { ...realm.attributes };
    for (const [{ name }, value] of overrides) {
      if (value !== undefined) attributes[name] = JSON.stringify(value);
    }
    return createRealmState({ ...realm, attributes });
  } catch (error) {
    const message = `${realmFile}: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError("auth-server", [{ name: "AUTH_SERVER_REALM_FILE", message }]);
  }
}
