import type { Socket } from "node:net";

/** Requests of one connection that are under way or wait for those before them. Only a flood is further ahead of its answers. */
const MAX_PENDING = 32;

const pending = new WeakMap<Socket, number>();

/**
 * Whether a request may be served. A connection with too many under way is cut: the server would go on to read what its caller sends, and
 * hold it until the answers before have been read.
 */
export function enterPipeline(socket: Socket): boolean {
  // What of a cut connection has been read already still comes here.
  if (socket.destroyed) return false;
  const count = (pending.get(socket) ?? 0) + 1;
  if (count > MAX_PENDING) {
    socket.destroy();
    return false;
  }
  pending.set(socket, count);
  return true;
}

/** A request that was let in is over. */
export function leavePipeline(socket: Socket): void {
  pending.set(socket, (pending.get(socket) ?? 1) - 1);
}
