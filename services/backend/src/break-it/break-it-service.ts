import { type Attempts, type AttemptsDeps, createAttempts } from "./attempts.ts";
import { type FebruaryOptions, februaryDialect } from "./february-variants.ts";

export type BreakItDeps = AttemptsDeps & FebruaryOptions;
export type BreakItService = Attempts;

/** "Try to break it" in February 2026. Belongs into a demo, and nowhere else. */
export const createBreakItService = (deps: BreakItDeps): BreakItService =>
  createAttempts(februaryDialect(deps), deps);
