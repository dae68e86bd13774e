import type { Message } from "protocol-trace/read";

/** The message that is opened without having been asked for, and why it is that one. */
export interface MostTelling {
  message: Message;
  /** A sentence; absent for the first message, which nobody wonders about. */
  why?: string;
}

/**
 * What to open when the address names no message: the one that was refused, else the one where a failure began, which is the last to fail:
 * who waited for it failed with it. Else the first that was signed.
 */
export function mostTelling(messages: readonly Message[]): MostTelling | undefined {
  const found: [Message | undefined, string][] = [
    [messages.find(({ outcome }) => outcome === "refused"), "Opened here because this message was refused."],
    [
      messages.findLast(({ outcome }) => outcome === "failed"),
      "Opened here because this is where it failed.",
    ],
    [
      messages.find(({ signer }) => signer !== undefined),
      "Opened here because this is the first signed message: nobody signs what a browser sends.",
    ],
    [messages[0], ""],
  ];
  for (const [message, why] of found) {
    if (message !== undefined) return message === messages[0] ? { message } : { message, why };
  }
  return undefined;
}
