/** What every step of the preparation works with. */
export interface Preparation {
  readonly env: NodeJS.ProcessEnv;
  /** Receives a line for each step that takes a while. */
  readonly log: (line: string) => void;
  /** Aborting ends the running program. */
  readonly signal: AbortSignal;
}
