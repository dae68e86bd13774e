import type { Hop } from "backend-api";

/** The party that the backend was talking to when an error occurred. */
export type Peer = "backend" | "resource" | "auth-server";

/** Addresses that help a user find the party at fault. */
export interface Places {
  /** The supply-chain agent's URL, which the gateway serves. */
  readonly agentUrl: string;
  readonly issuer: string;
  readonly backendUrl: string;
  /** In draft -11, where errors name a party: the hop of each identifier. */
  readonly hops?: ReadonlyMap<string, Hop>;
}

export interface Situation {
  readonly peer: Peer;
  /**
   * In draft -11, identifier of the party at whose page the call last waited. Default: it did not
   * wait.
   */
  readonly page?: string | undefined;
  readonly places: Places;
  readonly timeoutSeconds: number;
}
