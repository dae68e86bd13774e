import { apiRoutes, type Failure } from "backend-api";
import type { Dispatch } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { watchRun } from "../../api/watch-run.ts";
import type { OptimizationAction } from "./optimization-reducer.ts";

/** Backend calls about runs. Their results go to the reducer. */
export function createRunCalls(client: ApiClient, dispatch: Dispatch<OptimizationAction>) {
  /** The current list; undefined if it could not be read. */
  async function list(signal: AbortSignal) {
    try {
      const history = await client.call(apiRoutes.runs, { signal });
      dispatch({ type: "history_received", history });
      return history;
    } catch {
      return undefined; // the list is optional
    }
  }

  async function readProgress(id: string, signal: AbortSignal) {
    const progress = await client.call(apiRoutes.progress, { params: { id }, signal });
    dispatch({ type: "progress_received", progress });
  }

  async function follow(id: string, signal: AbortSignal) {
    for await (const progress of watchRun(client, id, { signal })) {
      dispatch({ type: "progress_received", progress });
      if (progress.status !== "completed") continue;
      const results = await client.call(apiRoutes.results, { params: { id }, signal });
      dispatch({ type: "results_received", results });
    }
  }

  return {
    readProgress,
    follow,

    /** Does one piece of work and then lists the runs, unless the work was just that (`listed`). */
    async attempt(work: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal): Promise<void> {
      try {
        if ((await work(signal)) === "listed") return;
      } catch (error) {
        if (signal.aborted) return;
        dispatch({ type: "run_failed", failure: describeFailure(error) });
        if (error instanceof ApiFailure && error.kind === "session_lapsed") return;
      }
      await list(signal);
    },

    /** Resumes the run in the page's URL, or one in progress, and lists earlier ones. */
    async resume(
      { requestId, failure }: { requestId?: string; failure?: Failure },
      signal: AbortSignal,
    ): Promise<unknown> {
      if (requestId === undefined) {
        // A run started right before the page loaded: here, when its id was not yet known, or in
        // another tab.
        const [latest] = (await list(signal)) ?? [];
        const isUnderWay = latest?.status === "pending" || latest?.status === "running";
        if (failure || !isUnderWay || signal.aborted) return "listed";
        dispatch({ type: "run_opened", requestId: latest.request_id });
        return follow(latest.request_id, signal);
      }
      try {
        return await (failure ? readProgress(requestId, signal) : follow(requestId, signal));
      } catch (error) {
        // The backend may have deleted a remembered run, which is not an error.
        if (!(error instanceof ApiFailure && error.status === 404)) throw error;
        if (!failure) dispatch({ type: "run_closed" });
        return undefined;
      }
    },

    /** Clears the list, and resolves to whether that succeeded. */
    async clear(): Promise<boolean> {
      try {
        await client.call(apiRoutes.clearRuns);
        dispatch({ type: "history_cleared" });
        return true;
      } catch (error) {
        dispatch({ type: "clear_failed", failure: describeFailure(error) });
        return false;
      }
    },
  };
}
