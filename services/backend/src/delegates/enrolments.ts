import { readFile } from "node:fs/promises";
import type { FastifyBaseLogger } from "fastify";
import { z } from "zod";

/** Valid in a log line, a path and a claim. */
const DELEGATE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const enrolmentSchema = z.strictObject({
  /** `sub` of its agent tokens. */
  sub: z.string().regex(DELEGATE_NAME),
  /** Display name. Default: `sub`. */
  name: z.string().min(1).max(80).optional(),
  /** Public key that verifies its client assertions. The file contains no secrets. */
  jwk: z.strictObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string().length(43) }),
  /** URL at which the backend calls it. Default: it is not called. */
  url: z.url({ protocol: /^https?$/ }).optional(),
});

const fileSchema = z.strictObject({
  delegates: z
    .array(enrolmentSchema)
    .max(100)
    .refine((list) => new Set(list.map(({ sub }) => sub)).size === list.length, "duplicate sub"),
});

/** A delegate that the operator has enrolled. */
export type Enrolment = z.infer<typeof enrolmentSchema>;

/** The delegates that may act as this agent. The operator writes the file. */
export interface Enrolments {
  find(sub: string): Promise<Enrolment | undefined>;
  list(): Promise<readonly Enrolment[]>;
}

/**
 * Reads the file each time, so that delegates can be added or removed without a restart. If the
 * file is missing or malformed, no delegate is enrolled.
 *
 * @param file undefined: no delegate is enrolled
 */
export function createEnrolments(file: string | undefined, logger: FastifyBaseLogger): Enrolments {
  async function list(): Promise<readonly Enrolment[]> {
    if (file === undefined) return [];
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        logger.error({ err: error }, "the file of delegates cannot be read");
      return [];
    }
    try {
      return fileSchema.parse(JSON.parse(text)).delegates;
    } catch (error) {
      logger.error({ err: error }, "the file of delegates is malformed: no delegate is enrolled");
      return [];
    }
  }
  return { list, find: async (sub) => (await list()).find((enrolment) => enrolment.sub === sub) };
}
