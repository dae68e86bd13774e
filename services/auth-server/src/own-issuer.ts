import { AAuthError, type Discovery, type IssuerJwk } from "aauth";
import type { RealmKeys } from "./realm/realm-keys.ts";

/** Answers for this server's own keys from memory: it need not ask itself over the network who it is. */
export function knowOwnIssuer(discovery: Discovery, issuer: string, keys: RealmKeys): Discovery {
  const own = () => ({ keys: keys.publicJwks as readonly IssuerJwk[] });
  return {
    ...discovery,
    async key(kind, id, kid) {
      if (kind !== "issuer" || id !== issuer) return discovery.key(kind, id, kid);
      const jwk = own().keys.find((candidate) => candidate.kid === kid);
      if (jwk === undefined) throw new AAuthError("unknown_key", "this server has no such key");
      return { jwk, source: "discovery-cache" };
    },
    async replacedKey(kind, id, kid, refused) {
      return kind === "issuer" && id === issuer ? undefined : discovery.replacedKey(kind, id, kid, refused);
    },
    async keys(kind, id) {
      return kind === "issuer" && id === issuer ? own() : discovery.keys(kind, id);
    },
  };
}
