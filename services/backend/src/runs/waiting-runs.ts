import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { WaitingCall } from "aauth";
import type { FastifyBaseLogger } from "fastify";
import { z } from "zod";
import type { Run } from "./run.ts";

const OWNER_ONLY = 0o600;
/** As many as the runs in memory. */
const MAX_RUNS = 1_000;

const entrySchema = z.strictObject({
  run: z
    .looseObject({
      id: z.uuid(),
      userId: z.string().min(1),
      status: z.enum(["running", "awaiting_consent"]),
      activities: z.array(z.unknown()).min(1),
      places: z.array(z.unknown()),
    })
    .transform((run) => run as unknown as Run),
  waiting: z
    .looseObject({ keyThumbprint: z.string(), location: z.string() })
    .transform((waiting) => waiting as unknown as WaitingCall),
});
const fileSchema = z.strictObject({ runs: z.array(entrySchema).max(MAX_RUNS) });

/** A run whose call waits, and what it takes to resume it. Plain data. */
export type WaitingRun = z.infer<typeof entrySchema>;

/** Runs that wait, kept beyond the process. */
export interface WaitingRuns {
  /** The run waits, and goes on from there. */
  keep(run: Run, waiting: WaitingCall): void;
  /** The run waits no more. */
  drop(id: string): void;
  /** Resolves once what has been kept so far is written. */
  written(): Promise<void>;
}

/**
 * Keeps waiting runs in a file that its owner alone can read, and that is gone while no run waits. One that cannot be written is logged, and the runs end with
 * the process.
 *
 * @param options.file undefined: nothing is kept
 * @param options.restored those of the process before, which are in the file
 */
export function createWaitingRuns(options: {
  readonly file: string | undefined;
  readonly restored: readonly WaitingRun[];
  readonly logger: Pick<FastifyBaseLogger, "error">;
}): WaitingRuns {
  const { file, restored, logger } = options;
  const entries = new Map(restored.map((entry) => [entry.run.id, entry]));
  let written: Promise<void> = Promise.resolve();

  function save(): void {
    if (file === undefined) return;
    written = written
      .then(() => write(file, [...entries.values()]))
      .catch((error: unknown) => logger.error({ err: error }, "waiting runs could not be kept"));
  }

  return {
    keep(run, waiting) {
      if (isSame(entries.get(run.id)?.waiting, waiting)) return;
      entries.set(run.id, { run, waiting });
      save();
    },
    drop(id) {
      if (entries.delete(id)) save();
    },
    written: () => written,
  };
}

/** The answer is looked at every second: that alone is nothing to write down. */
function isSame(one: WaitingCall | undefined, other: WaitingCall): boolean {
  return (
    one !== undefined &&
    one.location === other.location &&
    one.requirement === other.requirement &&
    one.interaction?.code === other.interaction?.code
  );
}

/** Runs that waited in the process before. A file that others can read, or that is malformed, is not used. */
export async function readWaitingRuns(
  file: string | undefined,
  logger: Pick<FastifyBaseLogger, "error">,
): Promise<WaitingRun[]> {
  if (file === undefined) return [];
  try {
    const handle = await open(file, "r");
    try {
      if (((await handle.stat()).mode & 0o077) !== 0) {
        logger.error({ file }, "waiting runs are not taken from a file that others can read");
        return [];
      }
    } finally {
      await handle.close();
    }
    // No cause is logged: a parser quotes what it could not read, and that has tokens.
    const parsed = fileSchema.safeParse(parse(await readFile(file, "utf8")));
    if (parsed.success) return parsed.data.runs;
    logger.error({ file }, "the file of waiting runs is malformed: none is resumed");
    return [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      logger.error({ err: error }, "waiting runs could not be read");
    return [];
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A process that dies in between leaves the file of before. */
async function write(file: string, runs: readonly WaitingRun[]): Promise<void> {
  if (runs.length === 0) return rm(file, { force: true });
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.new`;
  const handle = await open(beside, "w", OWNER_ONLY);
  try {
    await handle.writeFile(JSON.stringify({ runs }));
  } finally {
    await handle.close();
  }
  // It may have been there before, with another mode.
  await chmod(beside, OWNER_ONLY);
  await rename(beside, file);
}
