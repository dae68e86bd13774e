import type { Listener } from "../configuration/document-schema.ts";

/**
 * The listener for a host name (without port, compared as written), else the one for any; undefined
 * when there is neither.
 */
export function selectListener(listeners: readonly Listener[], host: string): Listener | undefined {
  const named = listeners.find(({ hostname }) => hostname === host);
  return named ?? listeners.find(({ hostname }) => hostname === "*");
}
