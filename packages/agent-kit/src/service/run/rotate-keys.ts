import type { FastifyInstance } from "fastify";

/** Keys that can be replaced. What a key is does not matter here. */
export interface RotatableKeys {
  rotate(): Promise<{ readonly kid: string }>;
  /** The keys' times, newest first, Unix seconds. */
  held(): readonly { readonly announcedAt: number }[];
}

/**
 * Rotates keys at regular times, from when the service is ready until it is closed, unless another
 * process has. A rotation that fails is logged, and the earlier keys stay in use.
 *
 * @param everySeconds age at which a key is replaced. 0: never
 */
export function rotateKeys(app: FastifyInstance, keys: RotatableKeys, everySeconds: number): void {
  if (everySeconds === 0) return;
  let timer: NodeJS.Timeout | undefined;
  app.addHook("onReady", async () => {
    // A process that is restarted more often than that would otherwise never rotate.
    if (ageOfNewest() >= everySeconds) void rotate();
    // A timer may be early for a clock of whole seconds.
    timer = setInterval(() => {
      if (ageOfNewest() >= everySeconds - 1) void rotate();
    }, everySeconds * 1000);
    timer.unref();
  });
  app.addHook("onClose", async () => clearInterval(timer));

  const ageOfNewest = () => Math.floor(Date.now() / 1000) - (keys.held()[0]?.announcedAt ?? 0);

  async function rotate(): Promise<void> {
    try {
      const { kid } = await keys.rotate();
      app.log.info({ kid }, "🔑 New signing key published; it signs as soon as everyone can have read it");
    } catch (error) {
      app.log.warn({ err: error }, "the signing key was not rotated");
    }
  }
}
