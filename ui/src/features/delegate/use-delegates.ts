import { apiRoutes } from "backend-api";
import { useCallback, useEffect, useReducer } from "react";
import { describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { type DelegateAction, delegatesReducer } from "./delegates-reducer.ts";

const ROUTES = {
  run: apiRoutes.runDelegate,
  start: apiRoutes.startDelegate,
  end: apiRoutes.endDelegate,
} as const;

/** Reads the backend's delegates, with retries, and runs, ends or starts one. */
export function useDelegates(client: ApiClient) {
  const [state, dispatch] = useReducer(delegatesReducer, {});

  /** @returns whether the list is available. */
  const read = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const list = await client.call(apiRoutes.delegates, signal && { signal });
        dispatch({ type: "listed", list });
        return true;
      } catch (error) {
        if (!signal?.aborted) dispatch({ type: "failed", failure: describeFailure(error) });
        return false;
      }
    },
    [client],
  );
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    void read(signal);
    // The demo may have stopped while the user was elsewhere, such as at its terminal.
    window.addEventListener("focus", () => void read(signal), { signal });
    return () => abort.abort();
  }, [read]);

  const readAgain = () => {
    dispatch({ type: "asked_again" });
    return read();
  };
  const act = async (sub: string, action: DelegateAction) => {
    dispatch({ type: "started", sub, action });
    try {
      dispatch({ type: "ended", delegate: await client.call(ROUTES[action], { params: { sub } }) });
    } catch (error) {
      // A failed end may still have taken effect at the backend.
      if (action === "end") await read();
      dispatch({ type: "failed", failure: describeFailure(error), action });
    }
  };
  return { state, act, readAgain };
}
