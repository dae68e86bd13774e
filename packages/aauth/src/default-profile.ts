import { draft11 } from "./draft-11/profile.ts";
import type { WireProfile } from "./profile/wire-profile.ts";

/** The dialect of agents, verifiers and challengers that are not given another: draft -11. */
export const defaultProfile: WireProfile = draft11;
