/** Parties of the draft -11 interop, and the output of their programs. */

/** The identifier of each party; none has a port. */
export const PARTIES = {
  agent: "https://agent.example",
  ps: "https://ps.example",
  as: "https://as.example",
  resource: "https://resource.example",
} as const;
export type Role = keyof typeof PARTIES;

/** Address of each party, by role. */
export type Endpoints = Readonly<Record<Role, string>>;

/** Address of each party, by identifier. */
export const byIdentifier = (endpoints: Endpoints): Record<string, string> =>
  Object.fromEntries(Object.entries(PARTIES).map(([role, party]) => [party, endpoints[role as Role]]));

/** One answer to an agent, as its program prints it. */
export interface Step {
  readonly step: string;
  readonly status: number;
  readonly code?: string | null;
  readonly requirement?: string | null;
}

/** A server's output about a request. */
export interface Fact {
  readonly party?: string;
  readonly status?: number;
  readonly verified?: boolean;
  readonly code?: string | null;
}
