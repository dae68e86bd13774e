import type { CheckRule } from "../profile/verification.ts";

/**
 * The checks of a verifier in the order in which they are made: that of section 11.3.4, where
 * coverage and time come before the scheme, so that nothing is fetched for a stale or
 * insufficiently covered message. The body comes last, because it arrives last.
 */
export const CHECKS: readonly CheckRule[] = [
  {
    name: "headers",
    section: "draft -11, section 11.3.4 step 1",
    steps: ["fields", "signature-input", "key-claim", "signature-value", "labels"],
  },
  { name: "coverage", section: "draft -11, section 11.3.4 step 2", steps: ["coverage"] },
  { name: "created", section: "draft -11, section 11.3.4 step 3", steps: ["freshness"] },
  // After the scheme has passed, the resolver enters `token` or `key`.
  {
    name: "scheme",
    section: "draft -11, section 11.3.4 step 4",
    steps: ["scheme", "caller"],
  },
  { name: "token", section: "draft -11, section 11.3.4 step 5", steps: [] },
  { name: "key", section: "draft -11, section 11.3.4 step 6", steps: [] },
  { name: "signature", section: "draft -11, section 11.3.4 step 7", steps: ["signature"] },
  { name: "replay", section: "draft -11, section 11.3.4.2", steps: ["replay"] },
  { name: "content-digest", section: "draft -11, section 11.3.4 step 2", steps: ["body"] },
  { name: "requirement", section: "draft -11, section 6", steps: ["requirement"] },
];
