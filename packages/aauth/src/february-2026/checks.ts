import type { CheckRule } from "../profile/verification.ts";

/**
 * The checks of a verifier in order, each with the section of docs/february-2026/profile.md that
 * requires it.
 */
export const CHECKS: readonly CheckRule[] = [
  { name: "headers", section: "profile 1", steps: ["fields"] },
  { name: "signature-key", section: "profile 1.5", steps: ["key-claim", "scheme"] },
  { name: "signature-input", section: "profile 2.1", steps: ["signature-input", "signature-value"] },
  { name: "labels", section: "profile 1.5", steps: ["labels"] },
  { name: "coverage", section: "profile 2.5", steps: ["coverage"] },
  { name: "created", section: "profile 2.4", steps: ["freshness"] },
  { name: "token", section: "profile 4", steps: ["caller"] },
  { name: "key", section: "profile 1.3", steps: [] },
  { name: "signature", section: "profile 2.3", steps: ["signature"] },
  { name: "replay", section: "profile 2.7", steps: ["replay"] },
  { name: "content-digest", section: "profile 2.6", steps: ["body", "expiry"] },
  { name: "requirement", section: "profile 3.1", steps: ["requirement"] },
];
