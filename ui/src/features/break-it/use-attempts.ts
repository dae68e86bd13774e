import {
  type AnyBreakItVariant,
  apiRoutes,
  type BreakItOffer,
  type BreakItResult,
  type Failure,
} from "backend-api";
import { useEffect, useRef, useState } from "react";
import { describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";

/** A completed attempt: its outcome, or the reason why there is none. */
export type Attempt = ({ result: BreakItResult } | { failure: Failure }) & {
  /** ISO 8601; absent for one that was made before the page was opened. */
  endedAt?: string;
};

export type Attempts = Partial<Record<AnyBreakItVariant, Attempt>>;

const attemptsIn = (offers: readonly BreakItOffer[]): Attempts =>
  Object.fromEntries(offers.flatMap(({ variant, result }) => (result ? [[variant, { result }]] : [])));

export type AttemptsControl = ReturnType<typeof useAttempts>;

/** Attempts on one run: those that the backend still knows, and those made here, one at a time. */
export function useAttempts(client: ApiClient, requestId: string, offers: readonly BreakItOffer[]) {
  const [made, setAttempts] = useState<Attempts>({});
  const attempts = { ...attemptsIn(offers), ...made };
  const [busy, setBusy] = useState<AnyBreakItVariant | undefined>(undefined);
  const [isRunningAll, setRunningAll] = useState(false);
  const isStopped = useRef(false);
  useEffect(() => {
    isStopped.current = false;
    return () => {
      isStopped.current = true;
    };
  }, []);

  const run = async (variant: AnyBreakItVariant): Promise<Attempt> => {
    setBusy(variant);
    const outcome = await client
      .call(apiRoutes.breakIt, { params: { id: requestId, variant } })
      .then((result) => ({ result }))
      .catch((error: unknown) => ({ failure: describeFailure(error) }));
    const attempt = { ...outcome, endedAt: new Date().toISOString() };
    setAttempts((before) => ({ ...before, [variant]: attempt }));
    setBusy(undefined);
    return attempt;
  };

  /**
   * Stops when two consecutive attempts fail for the same reason, because all others would, too.
   */
  const runAll = async (ready: readonly BreakItOffer[]) => {
    isStopped.current = false;
    setRunningAll(true);
    let reason: string | undefined;
    for (const { variant } of ready) {
      if (isStopped.current) break;
      const attempt = await run(variant);
      const failed = "failure" in attempt ? attempt.failure.message : undefined;
      if (failed !== undefined && failed === reason) break;
      reason = failed;
    }
    setRunningAll(false);
  };

  const stop = () => {
    isStopped.current = true;
  };

  return { attempts, busy, isRunningAll, run, runAll, stop };
}
