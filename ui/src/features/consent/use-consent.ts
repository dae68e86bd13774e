import { useCallback, useState } from "react";
import { useRestored } from "../../components/use-restored.ts";
import { type ConsentState, leaveFor } from "./consent-state.ts";

/** The redirect to the consent page. */
export function useConsent(authServerUrl: string) {
  const [state, setState] = useState<ConsentState>({ phase: "asked" });
  useRestored(useCallback(() => setState({ phase: "asked" }), []));

  const leave = (consentUrl: string) => {
    const next = leaveFor(consentUrl, authServerUrl);
    setState(next);
    if (next.phase === "leaving") window.location.assign(consentUrl);
  };
  return { state, leave };
}
