/**
 * Scheduler for operations that Node can run on the calling thread or on its thread pool.
 *
 * @module
 */

import type { Awaitable } from "./interface.ts";

/**
 * Twice the default number of pool threads, so that none is idle while this thread runs an
 * operation.
 */
const MAX_UNDER_WAY = 8;

export type Offload = <T>(
  here: () => T,
  pooled: (done: (error: Error | null, result: T) => void) => void,
) => Awaitable<T>;

/**
 * Creates a scheduler. In each turn of the event loop, at most the first operation runs on the
 * calling thread: if the pool is idle, which avoids the latency of the hand-over, or if it is
 * overloaded, which adds this thread's capacity. All other operations run on the pool.
 */
export function createOffloader(): Offload {
  let hasRun = false;
  let underWay = 0;
  const endTurn = () => {
    hasRun = false;
  };
  return (here, pooled) => {
    if (!hasRun && (underWay === 0 || underWay >= MAX_UNDER_WAY)) {
      hasRun = true;
      setImmediate(endTurn);
      return here();
    }
    underWay++;
    return new Promise((resolve, reject) => {
      pooled((error, result) => {
        underWay--;
        if (error) reject(error);
        else resolve(result);
      });
    });
  };
}
