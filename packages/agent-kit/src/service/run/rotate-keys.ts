import type { FastifyInstance } from "fastify";

/** Keys that can be replaced. What a key is does not matter here. */
export interface RotatableKeys {
  rotate(): Promise<{ readonly kid: string }>;
}

/**
 * Rotates keys at regular times, from when the service is ready until it is closed. A rotation that fails is logged, and the keys of
 * before go on.
 *
 * @param everySeconds 0: never
 */
export function rotateKeys(app: FastifyInstance, keys: RotatableKeys, everySeconds: number): void {
  if (everySeconds === 0) return;
  let timer: NodeJS.Timeout | undefined;
  app.addHook("onReady", async () => {
    timer = setInterval(() => void rotate(), everySeconds * 1000);
    timer.unref();
  });
  app.addHook("onClose", async () => clearInterval(timer));

  async function rotate(): Promise<void> {
    try {
      const { kid } = await keys.rotate();
      app.log.info({ kid }, "🔑 New signing key published; it signs as soon as everyone can have read it");
    } catch (error) {
      app.log.warn({ err: error }, "the signing key was not rotated");
    }
  }
}
