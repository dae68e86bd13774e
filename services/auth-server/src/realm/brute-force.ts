import { z } from "zod";

/** What the wait after a failure grows with. */
const STRATEGIES = ["MULTIPLE", "LINEAR"] as const;

/**
 * How a realm limits the guessing of passwords: Keycloak's fields, types, and numbers where the file has none. Whether there is a limit
 * at all has another default: Keycloak has none unless it is told so.
 */
export const bruteForceFields = {
  bruteForceProtected: z.boolean().default(true),
  /** The account stays locked until an administrator unlocks it. */
  permanentLockout: z.boolean().default(false),
  /** Waits after which a lock is permanent, where `permanentLockout` is set; 0: the first. */
  maxTemporaryLockouts: z.int().nonnegative().default(0),
  bruteForceStrategy: z.enum(STRATEGIES).default("MULTIPLE"),
  /** Failures before the first wait. */
  failureFactor: z.int().positive().default(30),
  waitIncrementSeconds: z.int().positive().default(60),
  maxFailureWaitSeconds: z.int().positive().default(900),
  minimumQuickLoginWaitSeconds: z.int().positive().default(60),
  /** Two failures closer than this are a wait of their own; 0: none are. */
  quickLoginCheckMilliSeconds: z.int().nonnegative().default(1000),
  /** Failures are forgotten when there was none for so long. */
  maxDeltaTimeSeconds: z.int().positive().default(43_200),
};

export type BruteForceSettings = z.output<z.ZodObject<typeof bruteForceFields>>;
