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

/**
 * A completed attempt: its outcome, the reason why there is none, or that with an earlier outcome.
 */
export type Attempt = ({ result: BreakItResult; failure?: Failure } | { failure: Failure }) & {
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
  /** Failure that stopped the series of attempts. */
  const [halted, setHalted] = useState<Failure | undefined>(undefined);
  const isStopped = useRef(false);
  useEffect(() => {
    isStopped.current = false;
    return () => {
      isStopped.current = true;
    };
  }, []);

  const run = async (variant: AnyBreakItVariant): Promise<Attempt> => {
    setBusy(variant);
    setHalted(undefined);
    const outcome: Attempt = await client
      .call(apiRoutes.breakIt, { params: { id: requestId, variant } })
      .then((result) => ({ result }))
      .catch((error: unknown) => ({ failure: describeFailure(error) }));
    const attempt = { ...outcome, endedAt: new Date().toISOString() };
    const forAll = failureOfAll(attempt);
    if (forAll !== undefined) setHalted(forAll);
    else
      setAttempts((before) => ({
        ...before,
        [variant]: withEarlier(attempt, before[variant] ?? attempts[variant]),
      }));
    setBusy(undefined);
    return attempt;
  };

  /**
   * Stops when no attempt can be made, or two consecutive ones fail for the same reason, because
   * all others would, too.
   */
  const runAll = async (ready: readonly BreakItOffer[]) => {
    isStopped.current = false;
    setRunningAll(true);
    let last: Failure | undefined;
    for (const { variant } of ready) {
      if (isStopped.current) break;
      const attempt = await run(variant);
      if (failureOfAll(attempt) !== undefined) break;
      const failure = "result" in attempt ? undefined : attempt.failure;
      if (failure !== undefined && failure.message === last?.message) {
        setHalted(failure);
        break;
      }
      last = failure;
    }
    setRunningAll(false);
  };

  const stop = () => {
    isStopped.current = true;
  };

  return { attempts, busy, isRunningAll, halted, run, runAll, stop };
}

/** Failure that prevents all attempts: the run's requests have expired and are not renewed. */
function failureOfAll(attempt: Attempt): Failure | undefined {
  return attempt.failure?.code === "consent_required" ? attempt.failure : undefined;
}

/** A failed attempt does not hide the outcome of an earlier one. */
export function withEarlier(attempt: Attempt, earlier: Attempt | undefined): Attempt {
  return !("result" in attempt) && earlier !== undefined && "result" in earlier
    ? { ...earlier, ...attempt }
    : attempt;
}
