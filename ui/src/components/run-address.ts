/** A place in the protocol view, in the page's address behind `#`. */
export interface RunAddress {
  requestId: string;
  /** Span id of the message that is open. */
  messageId?: string;
}

/** Reads `#/runs/{request id}` and `#/runs/{request id}/messages/{message id}`; undefined for anything else. */
export function parseRunAddress(hash: string): RunAddress | undefined {
  const match = /^#\/runs\/([A-Za-z0-9-]{1,100})(?:\/messages\/([0-9a-f]{1,32}))?$/.exec(hash);
  if (!match?.[1]) return undefined;
  return { requestId: match[1], ...(match[2] === undefined ? {} : { messageId: match[2] }) };
}

export function formatRunAddress({ requestId, messageId }: RunAddress): string {
  return `#/runs/${requestId}${messageId === undefined ? "" : `/messages/${messageId}`}`;
}
