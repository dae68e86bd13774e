/** The swaps that matrix.test.ts makes, and the form of their results. */

export const RESOURCES = ["supply-chain-agent", "market-analysis-agent"] as const;
export const BOXES = ["backend", ...RESOURCES] as const;
export type Box = (typeof BOXES)[number];

export const MODES = {
  hwk: { authorizationScheme: "signature-only", signatureScheme: "hwk" },
  jwks: { authorizationScheme: "signature-only", signatureScheme: "jwks" },
  autonomous: { authorizationScheme: "autonomous", signatureScheme: "jwks" },
  "user-delegated": { authorizationScheme: "user-delegated", signatureScheme: "jwks" },
} as const;
export type Mode = keyof typeof MODES;

/** One or two boxes, and all three. */
export const SWAPS: readonly (readonly Box[])[] = [
  ["backend"],
  ["supply-chain-agent"],
  ["market-analysis-agent"],
  ["backend", "supply-chain-agent"],
  ["backend", "market-analysis-agent"],
  ["supply-chain-agent", "market-analysis-agent"],
  BOXES,
];

/** Services that name the peers in `AAUTH_PUBLISHED_PEERS`. */
export type Named = "everywhere" | "not at the auth server" | "nowhere";

export interface Cell {
  readonly mode: Mode;
  readonly swapped: readonly Box[];
  readonly named: Named;
}

/** Recorded results of the swaps, from which docs/reference/interop.md is generated. */
export const RESULTS = new URL("results.json", import.meta.url);

/**
 * By the parties' versions: the verdicts of both hops, joined by `; `, by the services that named
 * the peers, mode, and swapped boxes.
 */
export type Results = Readonly<
  Record<
    string,
    {
      readonly versions: readonly string[];
      readonly verdicts: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
    }
  >
>;

interface Parties {
  readonly peers: "Python programs" | "published services";
  readonly authServer:
    | "embedded auth server"
    | "Keycloak with our provider"
    | "Keycloak with the published extension";
  readonly gateway?: "gateway fork";
}

/** Key of the results. */
export const sectionName = ({ peers, authServer, gateway }: Parties): string =>
  [peers, authServer, ...(gateway ? [gateway] : [])].join(", ");

/** Sections that can be run; the gateway fork combines with any of the others. */
export const SECTIONS: readonly string[] = [
  ...(["Python programs", "published services"] as const).flatMap((peers) =>
    (
      ["embedded auth server", "Keycloak with our provider", "Keycloak with the published extension"] as const
    ).map((authServer) => sectionName({ peers, authServer })),
  ),
  "gateway fork",
];
