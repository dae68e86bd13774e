import { z } from "zod";

/** A signed request of a run as sent, with the published keys needed to verify it. */
export const savedEvidenceSchema = z.object({
  method: z.string(),
  /** Absolute. */
  url: z.string(),
  /** Kind of endpoint that it was sent to. */
  endpoint: z.enum(["resource", "token"]),
  /** Fields that are covered or belong to the signature. Lower-case names. */
  headers: z.record(z.string(), z.string()),
  /** Base64. */
  body: z.string(),
  /** Public keys by the identifier of the party that publishes them. */
  keys: z.array(z.object({ id: z.string(), jwk: z.record(z.string(), z.unknown()) })),
});

/** Response of `GET /optimization/{id}/evidence`. */
export const runEvidenceSchema = z.object({
  /** In the order sent. Empty if the backend no longer keeps any. */
  requests: z.array(savedEvidenceSchema),
});
export type RunEvidence = z.infer<typeof runEvidenceSchema>;
