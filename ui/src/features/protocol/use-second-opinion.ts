import type { Message } from "protocol-trace/read";
import { useEffect, useState } from "react";

type SecondOpinion = { kind: "asking" } | { kind: "built"; base: string } | { kind: "none"; reason: string };

/**
 * An independent implementation rebuilds the signature base from the recorded method, URL and
 * headers. Tokens are truncated the same way in recorded headers and recorded bases, so the two can
 * be compared. The signature itself is not recorded and cannot be verified.
 */
export function useSecondOpinion(message: Message): SecondOpinion {
  const [opinion, setOpinion] = useState<SecondOpinion>({ kind: "asking" });
  useEffect(() => {
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
    // While a run grows its messages are read again. The last result stays until the next one.
    void ask().then((answer) => {
      if (current) setOpinion(answer);
    });
    return () => {
      current = false;
    };
  }, [message]);
  return opinion;
}
