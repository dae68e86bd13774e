import { useCallback, useReducer } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { revokeConsent } from "../../api/consent-calls.ts";
import { revocationReducer } from "./revocation-reducer.ts";

/** Revokes consent. */
export function useRevocation(options: { client: ApiClient; onSessionLapsed: () => void }) {
  const { client, onSessionLapsed } = options;
  const [state, dispatch] = useReducer(revocationReducer, { phase: "idle" });

  /** Revokes everything the user has consented to. `requestId` is the run whose panel has the button. */
  const revoke = useCallback(
    async (requestId: string) => {
      dispatch({ type: "started", requestId });
      try {
        await revokeConsent(client);
        dispatch({ type: "succeeded", at: new Date().toISOString() });
      } catch (error) {
        dispatch({ type: "failed", failure: describeFailure(error) });
        if (error instanceof ApiFailure && error.kind === "session_lapsed") onSessionLapsed();
      }
    },
    [client, onSessionLapsed],
  );
  return { state, revoke };
}
