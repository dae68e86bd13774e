import { apiRoutes } from "backend-api";
import { useCallback, useEffect, useReducer } from "react";
import { describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { delegatesReducer } from "./delegates-reducer.ts";

/** Reads the backend's delegates, again after a failure, and runs one. */
export function useDelegates(client: ApiClient) {
  const [state, dispatch] = useReducer(delegatesReducer, {});

  /** @returns whether there is a list now. */
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
    void read(abort.signal);
    return () => abort.abort();
  }, [read]);

  const readAgain = () => {
    dispatch({ type: "asked_again" });
    return read();
  };
  const run = async (sub: string) => {
    dispatch({ type: "started", sub });
    try {
      dispatch({ type: "ended", delegate: await client.call(apiRoutes.runDelegate, { params: { sub } }) });
    } catch (error) {
      dispatch({ type: "failed", failure: describeFailure(error) });
    }
  };
  return { state, run, readAgain };
}
