/** A mode of the demo: a version of AAuth with its options. */
export interface ModeRow {
  /** Version of AAuth. */
  readonly profile: "draft-11" | "february-2026";
  /** The agent's proof in this mode, in one sentence. */
  readonly sentence: string;
  /** Flags of `npm run demo` that start it. */
  readonly flags: readonly string[];
  /**
   * First of the {@link MODE_PORTS} ports that it has beside a running demo: always the same, so
   * that links to it and the identities in its kept state stay valid.
   */
  readonly firstPort: number;
}

/** Size of a mode's block of ports. */
export const MODE_PORTS = 20;

const draft11 = (mode: string) => ["--profile", "draft-11", "--mode", mode];
const february = (scheme: string) => ["--authorization-scheme", scheme];

/** The modes that the page lists, by name. A port block is used once and never moved. */
export const MODES = {
  "agent-identity": {
    profile: "draft-11",
    sentence: "An agent token proves which agent is calling. No person is named.",
    flags: draft11("agent-identity"),
    firstPort: 6100,
  },
  "person-identity": {
    profile: "draft-11",
    sentence: "A person token tells one resource which person the agent acts for.",
    flags: draft11("person-identity"),
    firstPort: 6120,
  },
  "person-server": {
    profile: "draft-11",
    sentence: "Your person server decides what an agent may do for you, and asks you if necessary.",
    flags: draft11("person-server"),
    firstPort: 6140,
  },
  mission: {
    profile: "draft-11",
    sentence: "You approve a goal with a budget once. Both agents keep to it until you end it.",
    flags: draft11("mission"),
    firstPort: 6240,
  },
  federated: {
    profile: "draft-11",
    sentence: "Your person server asks the resource’s access server, which decides as well.",
    flags: draft11("federated"),
    firstPort: 6160,
  },
  "signature-only": {
    profile: "february-2026",
    sentence: "An agent only needs a signature with a published key.",
    flags: february("signature-only"),
    firstPort: 6180,
  },
  autonomous: {
    profile: "february-2026",
    sentence: "The auth server issues a token bound to the agent’s key without asking you.",
    flags: february("autonomous"),
    firstPort: 6200,
  },
  "user-delegated": {
    profile: "february-2026",
    sentence: "The auth server asks you first. The second agent exchanges its caller’s token.",
    flags: february("user-delegated"),
    firstPort: 6220,
  },
} as const satisfies Readonly<Record<string, ModeRow>>;

export type ModeName = keyof typeof MODES;

/** All modes, in the order of the table. */
export const MODE_NAMES = Object.keys(MODES) as ModeName[];

/** Request header with the secret of the launcher, which starts and stops modes. */
export const LAUNCHER_FIELD = "demo-launcher";

/** A mode that runs, and the address of its page. */
export interface ModePage {
  readonly name: string;
  readonly url: string;
}

/** The launcher's answer: the mode that the demo was started with, and those beside it. */
export interface ModePages {
  readonly own: ModePage;
  readonly running: readonly ModePage[];
}
