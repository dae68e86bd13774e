import type { Bind, Listener } from "../configuration/document-schema.ts";
import { matchesHostname } from "./match-hostname.ts";

/**
 * The listener for a host name (without port, compared as written): an exact one, else the one with the longest wildcard, else the
 * one without a host name. Undefined when the bind serves no such host.
 */
export function selectListener(bind: Bind, hostname: string): Listener | undefined {
  let best: Listener | undefined;
  let bestRank = -1;
  for (const listener of bind.listeners) {
    const rank = matchesHostname(listener.hostname, hostname);
    if (rank !== undefined && rank > bestRank) {
      best = listener;
      bestRank = rank;
    }
  }
  return best;
}
