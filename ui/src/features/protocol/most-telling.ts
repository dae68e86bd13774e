import type { Message } from "protocol-trace/read";

/**
 * What to open when the address names no message: the one that was refused, else the one where a failure began, which is the last to fail:
 * who waited for it failed with it. Else the first that was signed.
 */
export function mostTelling(messages: readonly Message[]): Message | undefined {
  return (
    messages.find(({ outcome }) => outcome === "refused") ??
    messages.findLast(({ outcome }) => outcome === "failed") ??
    messages.find(({ signer }) => signer !== undefined) ??
    messages[0]
  );
}
