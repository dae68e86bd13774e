/**
 * Tells the other replicas of a service that a row has changed. A hint can be lost: a reader reads
 * the row again, and looks at it from time to time.
 */
export interface Hints {
  /** Returns at once; never throws. */
  announce(channel: string, id: string): void;
  /** @returns ends it */
  listen(channel: string, listener: (id: string) => void): () => void;
  close(): Promise<void>;
}

/** Creates hints for a service of one process: there is no other to reach. */
export const createLocalHints = (): Hints => ({
  announce() {},
  listen: () => () => {},
  async close() {},
});
