import type { z } from "zod";

/** A setting of a service: its sources, its schema, and its description for `--help`. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** Environment variable. Omit it for a setting that exists only on the command line. */
  readonly env?: string;
  /**
   * Long flag without the dashes: `port` for `--port 8000`. A boolean setting becomes a switch
   * (`--x`, `--no-x`).
   */
  readonly flag?: string;
  /** One letter: `f` for `-f FILE`. */
  readonly shortFlag?: string;
  /**
   * Receives the raw string, or undefined when nothing is set; its default is the setting's
   * default.
   */
  readonly schema: Schema;
  /** A sentence with the unit, for `--help` and for errors. */
  readonly description: string;
  /** The value is never printed, neither by `--help` nor in a message. Default false. */
  readonly secret?: boolean;
}

/** All settings of a service by the name its code uses. */
export type Settings = Readonly<Record<string, Setting>>;

/** The parsed values of `Settings`. Frozen. */
export type Config<S extends Settings> = { readonly [Name in keyof S]: z.output<S[Name]["schema"]> };

/**
 * Declares a setting and its type. {@link loadConfig} reads it.
 *
 * @example
 * const settings = {
 *   port: setting({ env: "PORT", flag: "port", schema: portSetting(8000), description: "TCP port to listen on" }),
 * };
 */
export function setting<Schema extends z.ZodType>(declaration: Setting<Schema>): Setting<Schema> {
  return declaration;
}
