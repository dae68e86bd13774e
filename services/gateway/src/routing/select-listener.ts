import type { Listener } from "../configuration/document-schema.ts";

/**
 * The listener for a host name (without port, compared literally), else the one for any host;
 * undefined if there is neither.
 */
export function selectListener(listeners: readonly Listener[], host: string): Listener | undefined {
  const named = listeners.find(({ hostname }) => hostname === host);
  return named ?? listeners.find(({ hostname }) => hostname === "*"); // hole G8: named ?? listeners[0]
}
