/** Commands by name; `usage` is undefined where the script declares its flags itself. */
export const COMMANDS: Readonly<Record<string, Command>>;

interface Command {
  readonly script: string;
  readonly usage?: object;
  readonly programs?: Readonly<Record<string, string>>;
}

/** Old names, with what has taken their place. */
export const MOVED: Readonly<Record<string, string>>;
