/**
 * Notifies the other replicas of a service that a row has changed. A hint can be lost, so readers
 * must also poll the row.
 */
export interface Hints {
  /** Returns at once; never throws. */
  announce(channel: string, id: string): void;
  /** @returns a function that stops listening */
  listen(channel: string, listener: (id: string) => void): () => void;
  close(): Promise<void>;
}

/** Creates hints for a service with a single process. */
export const createLocalHints = (): Hints => ({
  announce() {},
  listen: () => () => {},
  async close() {},
});
