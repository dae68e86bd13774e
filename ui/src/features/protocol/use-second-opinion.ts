import type { Message } from "aauth-explain/run";
import { useEffect, useState } from "react";

/** Signature base of `http-message-signatures`, or the reason for its absence. */
type SecondOpinion = { kind: "asking" } | { kind: "built"; base: string } | { kind: "none"; reason: string };

/**
 * Rebuilds the signature base with an independent implementation from the recorded method, URL and
 * headers. Recorded headers and bases truncate tokens in the same way, so they can be compared. The
 * full signature is not recorded and cannot be verified.
 *
 * @param given the rebuilt base, if it is known
 */
export function useSecondOpinion(message: Message, given: string | undefined): SecondOpinion {
  const [opinion, setOpinion] = useState<SecondOpinion>({ kind: "asking" });
  useEffect(() => {
    if (given !== undefined) return undefined;
    let current = true;
    const { method, url, request, signer } = message;
    const ask = async (): Promise<SecondOpinion> => {
      const { headers } = request;
      if (headers?.["signature-input"] === undefined || signer?.base === undefined) {
        return { kind: "none", reason: "the recorded request has no headers." };
      }
      const { independentBase } = await import("./independent-base.ts");
      try {
        return { kind: "built", base: independentBase({ method, url, headers }) };
      } catch {
        return { kind: "none", reason: "http-message-signatures cannot parse the recorded request." };
      }
    };
    // Messages are read again while a run grows. The last result is kept until the next one.
    void ask().then((answer) => {
      if (current) setOpinion(answer);
    });
    return () => {
      current = false;
    };
  }, [message, given]);
  return given === undefined ? opinion : { kind: "built", base: given };
}
