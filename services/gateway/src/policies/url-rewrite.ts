import { isIP } from "node:net";
import type { Address, Policies } from "../configuration/document-schema.ts";

/**
 * The `Host` the agent will see. Without a rewrite Agentgateway puts the backend's name there, without its port, and keeps the
 * caller's own when the backend is an IP address. An agent must not build anything on it: it has a configured authority.
 */
export function upstreamAuthority(
  authority: Policies["urlRewrite"]["authority"],
  backend: Address,
  received: string,
): string {
  if (authority === "none") return received;
  if (authority !== "auto") return authority.full;
  return isIP(backend.host) === 0 ? backend.host : received;
}
