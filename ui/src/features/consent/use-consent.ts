import { useCallback, useReducer } from "react";
import { useRestored } from "../../components/use-restored.ts";
import { consentReducer, isOnAuthServer } from "./consent-reducer.ts";

/** The redirect to the consent page. */
export function useConsent(authServerUrl: string) {
  const [state, dispatch] = useReducer(consentReducer, { phase: "asked" });
  useRestored(useCallback(() => dispatch({ type: "came_back" }), []));

  const leave = (consentUrl: string) => {
    dispatch({ type: "left_for_consent", consentUrl, authServerUrl });
    if (isOnAuthServer(consentUrl, authServerUrl)) window.location.assign(consentUrl);
  };
  return { state, leave };
}
