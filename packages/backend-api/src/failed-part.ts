import { z } from "zod";

const text = z.string().max(10_000);

/** A member of an answer's data that describes a failed call of the answering agent. */
export const failedPartSchema = z.object({
  status: z.literal("failed"),
  reason: text,
  /** The connection, `from -> to`. */
  hop: text,
  code: text,
  section: text.optional(),
  message: text,
});

/** The first such member. Undefined if there is none, as for agents that answer in text only. */
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
