import type { Hop } from "backend-api";

/** Whom the backend was talking to when an error came up. */
export type Peer = "backend" | "resource" | "auth-server";

/** Addresses that a user needs in order to find the party at fault. */
export interface Places {
  /** The supply-chain agent's URL, which the gateway serves. */
  readonly agentUrl: string;
  readonly issuer: string;
  readonly backendUrl: string;
  /** In draft -11, where an error names the party: what each identifier is to a user. */
  readonly hops?: ReadonlyMap<string, Hop>;
}

export interface Situation {
  readonly peer: Peer;
  /**
   * In draft -11 the identifier of the party at whose page the call waited last. Default: it did
   * not wait.
   */
  readonly page?: string | undefined;
  readonly places: Places;
  readonly timeoutSeconds: number;
}
