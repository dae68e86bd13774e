import {
  AAuthVerificationError,
  type DiscoveredKey,
  type Discovery,
  type DiscoveryKind,
  type IssuerJwk,
} from "aauth";
import { february2026 } from "aauth/february-2026";
import type { RsaKeys } from "issuer-kit/openid";

/** Reads this server's own keys from memory instead of fetching them over the network. */
export function knowOwnIssuer(discovery: Discovery, issuer: string, keys: RsaKeys): Discovery {
  const own = () => ({ keys: keys.publicJwks as readonly IssuerJwk[] });
  const isOwn = (kind: DiscoveryKind, id: string) =>
    kind === february2026.documents.kinds.issuer && id === issuer;
  return {
    ...discovery,
    key: (kind, id, kid) => (isOwn(kind, id) ? ownKey(kid) : discovery.key(kind, id, kid)),
    async replacedKey(kind, id, kid, refused) {
      return isOwn(kind, id) ? undefined : discovery.replacedKey(kind, id, kid, refused);
    },
    async keys(kind, id) {
      return isOwn(kind, id) ? own() : discovery.keys(kind, id);
    },
  };

  async function ownKey(kid: string | undefined): Promise<DiscoveredKey> {
    const jwk = own().keys.find((candidate) => candidate.kid === kid);
    if (jwk === undefined) throw new AAuthVerificationError("unknown_key", "this server has no such key");
    return { jwk, source: "discovery-cache" };
  }
}
