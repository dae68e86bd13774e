/**
 * Where an operation runs that Node can do on the calling thread or on its pool.
 *
 * @module
 */

import type { Awaitable } from "./interface.ts";

/**
 * Twice the pool's default number of threads, so that none waits while this thread runs an
 * operation.
 */
const MAX_UNDER_WAY = 8;

export type Offload = <T>(
  here: () => T,
  pooled: (done: (error: Error | null, result: T) => void) => void,
) => Awaitable<T>;

/**
 * Each turn of the event loop does at most one operation itself, its first, and only where the pool
 * does not help: while it is idle, its ways there and back would only be waited for; while it has
 * more to do than it can, this thread takes its share. Everything else goes to the pool.
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
