import { MODE_NAMES, MODES, type ModeRow } from "topology";

/** A mode in which the demo can be started. */
export interface Mode {
  readonly name: string;
  /** The agent's proof in this mode, in one sentence. */
  readonly sentence: string;
  /** Command that starts the demo in this mode. */
  readonly command: string;
}

interface Version {
  readonly name: ModeRow["profile"];
  readonly title: string;
  /** Title with a description. */
  readonly what: string;
  readonly modes: readonly Mode[];
}

/** The versions of AAuth that the demo supports, newest first, each with its modes. */
export const VERSIONS: readonly Version[] = [
  version("draft-11", "draft -11", "Today’s protocol: draft -11"),
  version("february-2026", "February 2026", "The published walk-through: February 2026"),
];

function version(name: Version["name"], title: string, what: string): Version {
  const modes = MODE_NAMES.filter((mode) => MODES[mode].profile === name).map((mode) => ({
    name: mode,
    sentence: MODES[mode].sentence,
    command: `npm run demo -- ${MODES[mode].flags.join(" ")}`,
  }));
  return { name, title, what, modes };
}

/** Version and mode in the demo's configuration. The default profile is February's. */
export function runningVersion(config: { profile?: Version["name"] | undefined; mode?: string | undefined }) {
  const { name, title, modes } = VERSIONS.find(({ name }) => name === (config.profile ?? "february-2026"))!;
  return { name, title, mode: modes.find((mode) => mode.name === config.mode) };
}
