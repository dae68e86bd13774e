import rateLimit from "@fastify/rate-limit";
import { type Level, ownerOfCaller, type ProvenCaller, type ResourceProfile } from "aauth";
import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * How many requests a route takes from one caller in a window, by level: what the caller has proven
 * (SPEC 4.5). The profile says what the callers of a level are counted by: their key, their owner
 * (`ownerOf`), their owner for one user. A level without a number has no limit. Routes that are
 * given the same object share their counts.
 *
 * `…Together` is the limit for all callers that are known by a key alone: a new key costs nothing,
 * so a limit for each is none for all. Where each user of an owner has a limit, it is that for all
 * users of the owner; default ten times as much.
 */
export interface LevelLimits extends Partial<Readonly<Record<Level | `${Level}Together`, number>>> {
  /**
   * Scopes of the token that raises a caller to the highest level. Default none: no caller counts
   * as that.
   */
  readonly scopes?: readonly string[];
  /** Default 60. */
  readonly windowSeconds?: number;
}

/** A caller that has to wait. */
export interface LimitReached {
  /** What the caller counted as. */
  readonly level: string;
  /** Seconds until a request may pass. */
  readonly retryAfterSeconds: number;
  /** Scopes of a token that would raise the limit. Undefined where none would. */
  readonly raisedBy?: readonly string[];
}

type LimitedLevel = ResourceProfile["resource"]["limited"][string];

/** Counts one request of a proven caller; undefined when it may pass. */
export type CountRequest = (
  request: FastifyRequest,
  agent: ProvenCaller,
) => Promise<LimitReached | undefined>;

const EVERYBODY = "everybody";
/**
 * Users of one owner's agents that may use up their limits at the same time, where nothing else is
 * said.
 */
const USERS_AT_ONCE = 10;
/** What the limiter keeps for a level before it forgets the key used least lately. */
const MAX_KEYS = 5_000;

/**
 * Makes the limiter of a set of limits. The app gets `@fastify/rate-limit`, which limits nothing by
 * itself, unless it has it already.
 */
export async function registerLimiter(app: FastifyInstance): Promise<void> {
  if (!app.hasDecorator("createRateLimit")) await app.register(rateLimit, { global: false });
}

/**
 * Counts by what was proven: thumbprint, the agent's owner, that with the user. A delegate counts
 * as its agent, which issues its token and could name any number of them. Nothing an unverified
 * message says ever becomes a key.
 *
 * @throws TypeError for a member that does not exist, a limit that is not a positive whole number,
 * and more keys than are remembered.
 */
export function createLevelLimiter(
  app: FastifyInstance,
  limits: LevelLimits,
  profiles: readonly ResourceProfile[],
): CountRequest {
  const { scopes = [], windowSeconds = 60 } = limits;
  const numbers: Readonly<Record<string, unknown>> = { ...limits };
  const levels: Readonly<Record<string, LimitedLevel>> = Object.assign(
    {},
    ...profiles.map(({ resource }) => resource.limited),
  );
  checkLimits(limits, levels);
  const keys = new WeakMap<FastifyRequest, string>();
  const limiter = (max: unknown) =>
    typeof max === "number"
      ? app.createRateLimit({
          max,
          timeWindow: windowSeconds * 1000,
          skipOnError: false,
          keyGenerator: (request) => keys.get(request) as string,
        })
      : undefined;
  const counters = new Map(
    Object.entries(levels).map(([level, { countedBy }]) => {
      const own = numbers[level];
      const byDefault =
        countedBy === "owner-and-user" && typeof own === "number" ? own * USERS_AT_ONCE : undefined;
      const together = limiter(numbers[`${level}Together`] ?? byDefault);
      return [level, { countedBy, together, own: limiter(own) }] as const;
    }),
  );

  async function isBeyond(limit: ReturnType<typeof limiter>, request: FastifyRequest, key: string) {
    if (limit === undefined) return undefined;
    keys.set(request, key);
    const state = await limit(request);
    return !state.isAllowed && state.isExceeded ? Math.max(1, state.ttlInSeconds) : undefined;
  }

  return async (request, caller) => {
    const { resource } = profiles.find(({ name }) => name === caller.profile) ?? profiles[0]!;
    const granted = caller.grant?.scopes ?? [];
    const isRaised = scopes.length > 0 && scopes.every((scope) => granted.includes(scope));
    const level = resource.limitedAs(caller, isRaised);
    const counter = counters.get(level);
    if (counter === undefined) return undefined;
    const { countedBy, together, own } = counter;
    // First the common one: what it refuses is not remembered, so that a flood of new keys or users
    // cannot push others out.
    const common = countedBy === "key" ? EVERYBODY : ownerOfCaller(caller);
    const retryAfterSeconds =
      (await isBeyond(together, request, common)) ?? (await isBeyond(own, request, keyOf(caller, countedBy)));
    if (retryAfterSeconds === undefined) return undefined;
    const { raisedByScopes } = levels[level]!;
    return { level, retryAfterSeconds, ...(raisedByScopes && limits.scopes && { raisedBy: limits.scopes }) };
  };
}

function keyOf(caller: ProvenCaller, countedBy: LimitedLevel["countedBy"]): string {
  if (countedBy === "key") return caller.thumbprint;
  const subject = countedBy === "owner-and-user" ? (caller.person?.sub ?? null) : null;
  return JSON.stringify([ownerOfCaller(caller), subject]);
}

function checkLimits(
  { scopes: _, ...numbers }: LevelLimits,
  levels: Readonly<Record<string, LimitedLevel>>,
): void {
  const names = new Set(["windowSeconds", ...Object.keys(levels)]);
  for (const [level, { countedBy }] of Object.entries(levels)) {
    if (countedBy !== "owner") names.add(`${level}Together`);
  }
  for (const [name, value] of Object.entries(numbers)) {
    // A misspelled limit would be none.
    if (!names.has(name)) throw new TypeError(`aauthLimits has no ${name}`);
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new TypeError(`${name} must be a positive whole number`);
    }
    const ofKeys = levels[name.replace(/Together$/, "")]?.countedBy === "key" && name.endsWith("Together");
    if (ofKeys && (value ?? 0) > MAX_KEYS) {
      throw new TypeError(`${name} must be at most ${MAX_KEYS}: so many keys are remembered`);
    }
  }
}
