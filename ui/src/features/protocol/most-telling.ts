import type { Message } from "aauth-explain/run";

/** The message that opens by default, and why. */
export interface MostTelling {
  message: Message;
  /** The reason in a sentence. Absent for the first message, which needs none. */
  why?: string;
}

/**
 * The message to open if the URL names none: an attack's tampered message, else the refused one,
 * else the last failed one (because its callers failed with it), else the first signed one.
 */
export function mostTelling(messages: readonly Message[]): MostTelling | undefined {
  const found: [Message | undefined, string][] = [
    [messages.find(({ isTampered }) => isTampered), "Opened because this is the tampered message."],
    [messages.find(({ outcome }) => outcome === "refused"), "Opened because this message was refused."],
    [messages.findLast(({ outcome }) => outcome === "failed"), "Opened because the failure began here."],
    [
      messages.find(({ signer }) => signer !== undefined),
      "Opened because this is the first signed message. Requests from the browser are not signed.",
    ],
    [messages[0], ""],
  ];
  for (const [message, why] of found) {
    if (message !== undefined) return message === messages[0] ? { message } : { message, why };
  }
  return undefined;
}
