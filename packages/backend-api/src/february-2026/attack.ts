import type { Attack } from "../attacks.ts";

/** A message of this dialect, at a resource of draft -11. */
export const februaryMessage = {
  hole: "S20",
  title: "Use the profile of February 2026",
  what: "A correct message of the earlier profile, with a valid signature.",
  headline: "another profile",
  lesson:
    "The route accepts draft -11 only. A receiver that fell back to another profile would let the sender choose the rules.",
  draft11: {
    from: "agent-identity",
    codes: ["profile_not_accepted"],
    check: "profile",
    section: "draft -11, section 11.3.4 step 1",
  },
} as const satisfies Attack;
