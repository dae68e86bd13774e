import { EventEmitter } from "node:events";

/**
 * Tells all replicas of a service that a row has changed. A hint can be lost: a reader reads the
 * row again, and polls it slowly.
 */
export interface Hints {
  /** Returns at once; never throws. */
  announce(channel: string, id: string): void;
  /** @returns ends it */
  listen(channel: string, listener: (id: string) => void): () => void;
  close(): Promise<void>;
}

/** Creates hints for one process. */
export function createLocalHints(): Hints {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return {
    announce(channel, id) {
      emitter.emit(`hint ${channel}`, id);
    },
    listen(channel, listener) {
      emitter.on(`hint ${channel}`, listener);
      return () => emitter.off(`hint ${channel}`, listener);
    },
    close: async () => void emitter.removeAllListeners(),
  };
}
