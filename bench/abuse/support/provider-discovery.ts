import { createDiscovery, type Discovery } from "aauth";

/** Discovery to which any host is a provider of agents, all of them with this public key. */
export function providerDiscovery(publicJwk: object): Discovery {
  return createDiscovery({
    async transport({ pathname, origin }) {
      const isProvider = pathname === "/.well-known/aauth-agent.json";
      const keys = { keys: [{ ...publicJwk, kid: "ap-1", alg: "Ed25519" }] };
      const document = isProvider ? { issuer: origin, jwks_uri: `${origin}/jwks.json` } : keys;
      const isFound = isProvider || pathname === "/jwks.json";
      return { status: isFound ? 200 : 404, body: new TextEncoder().encode(JSON.stringify(document)) };
    },
  });
}
