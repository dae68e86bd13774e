import { z } from "zod";

const text = z.string().max(10_000);

/** A member of an answer's data that stands for a call of the answering agent which has failed. */
export const failedPartSchema = z.object({
  status: z.literal("failed"),
  reason: text,
  /** The connection, `from -> to`. */
  hop: text,
  code: text,
  section: text.optional(),
  message: text,
});

/**
 * The first such member. Undefined for an answer without one: agents that answer in text only do
 * not say.
 */
export function failedPartOf({
  data,
}: {
  readonly data?: unknown;
}): z.infer<typeof failedPartSchema> | undefined {
  const members = z.record(z.string(), z.unknown()).safeParse(data).data ?? {};
  for (const member of Object.values(members)) {
    const failed = failedPartSchema.safeParse(member);
    if (failed.success) return failed.data;
  }
  return undefined;
}
