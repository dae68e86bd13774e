import { AAuthVerificationError, type DiscoveredKey, type Discovery, type IssuerJwk } from "aauth";
import type { RealmKeys } from "./realm/realm-keys.ts";

/** Takes this server's own keys from memory instead of fetching them over the network. */
export function knowOwnIssuer(discovery: Discovery, issuer: string, keys: RealmKeys): Discovery {
  const own = () => ({ keys: keys.publicJwks as readonly IssuerJwk[] });
  return {
    ...discovery,
    key: (kind, id, kid) => (kind === "issuer" && id === issuer ? ownKey(kid) : discovery.key(kind, id, kid)),
    async replacedKey(kind, id, kid, refused) {
      return kind === "issuer" && id === issuer ? undefined : discovery.replacedKey(kind, id, kid, refused);
    },
    async keys(kind, id) {
      return kind === "issuer" && id === issuer ? own() : discovery.keys(kind, id);
    },
  };

  async function ownKey(kid: string | undefined): Promise<DiscoveredKey> {
    const jwk = own().keys.find((candidate) => candidate.kid === kid);
    if (jwk === undefined) throw new AAuthVerificationError("unknown_key", "this server has no such key");
    return { jwk, source: "discovery-cache" };
  }
}
