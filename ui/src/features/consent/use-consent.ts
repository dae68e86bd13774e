import { useCallback, useState } from "react";
import { useRestored } from "../../components/use-restored.ts";
import { type ConsentPage, type ConsentState, leaveFor } from "./consent-state.ts";

/** The redirect to the consent page. */
export function useConsent(serverUrl: string) {
  const [state, setState] = useState<ConsentState>({ phase: "asked" });
  useRestored(useCallback(() => setState({ phase: "asked" }), []));

  const leave = (page: ConsentPage, isOwnWish: boolean) => {
    const next = leaveFor(page, serverUrl, isOwnWish);
    setState(next);
    if (next.phase === "leaving") window.location.assign(page.url);
  };
  return { state, leave };
}
