/** A place in the protocol view, encoded in the fragment of the page's URL. */
export interface RunAddress {
  kind: "run" | "order";
  /** Id of the run, or of the order. */
  requestId: string;
  /** Trace id of an attempt to break the run. */
  attemptId?: string;
  /** Span id of the open message. */
  messageId?: string;
}

const ADDRESS =
  /^#\/(runs|orders)\/([A-Za-z0-9-]{1,100})(?:\/attempts\/([0-9a-f]{32}))?(?:\/messages\/([0-9a-f]{1,32}))?$/;

/**
 * Reads `#/runs/{id}`, `#/runs/{id}/attempts/{trace id}` and `#/orders/{id}`, each with or without
 * `/messages/{message id}`; undefined for anything else.
 */
export function parseRunAddress(hash: string): RunAddress | undefined {
  const [, place, requestId, attemptId, messageId] = ADDRESS.exec(hash) ?? [];
  if (requestId === undefined) return undefined;
  const kind = place === "orders" ? "order" : "run";
  // Orders have no attempts.
  if (kind === "order" && attemptId !== undefined) return undefined;
  return {
    kind,
    requestId,
    ...(attemptId === undefined ? {} : { attemptId }),
    ...(messageId === undefined ? {} : { messageId }),
  };
}

/** The kind of object that an invalid URL seems to name. */
export type LostKind = "run" | "order" | "page";

/**
 * Undefined for the workspace (`#/` or no fragment) and for any address that
 * {@link parseRunAddress} accepts.
 */
export function lostKind(hash: string): LostKind | undefined {
  if (!hash.startsWith("#/") || hash === "#/" || parseRunAddress(hash) !== undefined) return undefined;
  const [, place] = hash.split("/");
  return place === "runs" ? "run" : place === "orders" ? "order" : "page";
}

export function formatRunAddress({ kind, requestId, attemptId, messageId }: RunAddress): string {
  const attempt = attemptId === undefined ? "" : `/attempts/${attemptId}`;
  const message = messageId === undefined ? "" : `/messages/${messageId}`;
  return `#/${kind}s/${requestId}${attempt}${message}`;
}
