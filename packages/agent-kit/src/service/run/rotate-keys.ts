import type { FastifyInstance } from "fastify";

/** Keys of any kind that can be rotated. */
export interface RotatableKeys {
  rotate(): Promise<{ readonly kid: string }>;
  /** The keys' times, newest first, Unix seconds. */
  held(): readonly { readonly announcedAt: number }[];
}

/**
 * Rotates keys at regular intervals while the service is running, unless another process has done
 * so. A failed rotation is logged, and the earlier keys remain in use.
 *
 * @param everySeconds age at which a key is replaced. 0: never
 */
export function rotateKeys(app: FastifyInstance, keys: RotatableKeys, everySeconds: number): void {
  if (everySeconds === 0) return;
  let timer: NodeJS.Timeout | undefined;
  app.addHook("onReady", async () => {
    // Otherwise a frequently restarted process would never rotate its keys.
    if (ageOfNewest() >= everySeconds) void rotate();
    // A timer may fire early for a clock of whole seconds.
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
