/** A mode in which the demo can be started. */
export interface Mode {
  readonly name: string;
  /** The agent's proof in this mode, in one sentence. */
  readonly sentence: string;
  /** Command that starts the demo in this mode. */
  readonly command: string;
}

interface Version {
  readonly name: "february-2026" | "draft-11";
  readonly title: string;
  readonly modes: readonly Mode[];
}

/** The versions of AAuth that the demo supports, newest first, each with its modes. */
export const VERSIONS: readonly Version[] = [
  {
    name: "draft-11",
    title: "draft -11",
    modes: [
      ["agent-identity", "An agent token proves which agent is calling. No person is named."],
      ["person-identity", "A person token tells one resource which person the agent acts for."],
      [
        "person-server",
        "Your person server decides what an agent may do for you, and asks you if necessary.",
      ],
      ["federated", "Your person server asks the resource’s access server, which decides as well."],
    ].map(([name = "", sentence = ""]) => ({
      name,
      sentence,
      command: `npm run demo -- --profile draft-11 --mode ${name}`,
    })),
  },
  {
    name: "february-2026",
    title: "February 2026",
    modes: [
      ["signature-only", "An agent only needs a signature with a published key."],
      ["autonomous", "The auth server issues a token bound to the agent’s key without asking you."],
      ["user-delegated", "The auth server asks you first. The second agent exchanges its caller’s token."],
    ].map(([name = "", sentence = ""]) => ({
      name,
      sentence,
      command: `npm run demo -- --authorization-scheme ${name}`,
    })),
  },
];

/** Version and mode in the demo's configuration. The default profile is February's. */
export function runningVersion(config: { profile?: Version["name"] | undefined; mode?: string | undefined }) {
  const { name, title, modes } = VERSIONS.find(({ name }) => name === (config.profile ?? "february-2026"))!;
  return { name, title, mode: modes.find((mode) => mode.name === config.mode) };
}
