import { LRUCache } from "lru-cache";

/** What the backend remembers of the last agent token it gave a delegate. */
export interface IssuedToken {
  /** Unix seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Thumbprint of the delegate's key. */
  readonly thumbprint: string;
}

/** The last agent token of each delegate, without the token. */
export interface IssuedTokens {
  note(sub: string, token: IssuedToken): void;
  last(sub: string): IssuedToken | undefined;
}

const MAX_DELEGATES = 1000;

export function createIssuedTokens(): IssuedTokens {
  const tokens = new LRUCache<string, IssuedToken>({ max: MAX_DELEGATES });
  return { note: (sub, token) => void tokens.set(sub, token), last: (sub) => tokens.get(sub) };
}
