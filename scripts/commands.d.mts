/** Commands by name; `usage` is undefined where the script declares its flags itself. */
export const COMMANDS: Readonly<Record<string, { readonly script: string; readonly usage?: object }>>;
/** Old names, with what has taken their place. */
export const MOVED: Readonly<Record<string, string>>;
