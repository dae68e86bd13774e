import type { Message } from "protocol-trace/read";
import { useEffect, useState } from "react";

type SecondOpinion = { kind: "asking" } | { kind: "built"; base: string } | { kind: "none"; reason: string };

/**
 * What an independent implementation makes of the recorded request: it builds the signature base anew, from method, address and headers.
 * The recorded headers have their tokens cut just as the recorded bases have, so the texts can be compared; a signature cannot be
 * verified from them, for it is not recorded.
 */
export function useSecondOpinion(message: Message): SecondOpinion {
  const [opinion, setOpinion] = useState<SecondOpinion>({ kind: "asking" });
  useEffect(() => {
    let current = true;
    const { method, url, request, signer } = message;
    const ask = async (): Promise<SecondOpinion> => {
      const { headers } = request;
      if (headers?.["signature-input"] === undefined || signer?.base === undefined) {
        return { kind: "none", reason: "the recorded request has no headers to build it from." };
      }
      const { independentSignatureBase } = await import("aauth/explain");
      try {
        return { kind: "built", base: independentSignatureBase({ method, url, headers }) };
      } catch {
        return { kind: "none", reason: "http-message-signatures cannot read the recorded request." };
      }
    };
    // While a run grows its messages are read anew; what was answered stays until there is another answer.
    void ask().then((answer) => {
      if (current) setOpinion(answer);
    });
    return () => {
      current = false;
    };
  }, [message]);
  return opinion;
}
