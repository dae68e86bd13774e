import rateLimit from "@fastify/rate-limit";
import { type Level, ownerOfCaller, type ProvenCaller, type ResourceProfile } from "aauth";
import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * Maximum requests of one caller to a route in a window, by level (SPEC 4.5). The profile defines
 * how the requests of a level are counted: by key, by owner (`ownerOf`), or by owner and user. A
 * level without a number has no limit. Routes with the same object share their counts.
 *
 * `…Together` is the limit for all callers known only by a key: new keys are free, so limits by key
 * are not enough. For a level counted by user, it is the limit for all users of an owner; default:
 * ten times as much.
 */
export interface LevelLimits extends Partial<Readonly<Record<Level | `${Level}Together`, number>>> {
  /**
   * Scopes of the token that raises a caller to the highest level. Default: none; no caller reaches
   * it.
   */
  readonly scopes?: readonly string[];
  /** Default 60. */
  readonly windowSeconds?: number;
}

/** A caller that must wait. */
export interface LimitReached {
  /** Level by which the caller was counted. */
  readonly level: string;
  /** Seconds until a request may pass. */
  readonly retryAfterSeconds: number;
  /** Scopes of a token that would raise the limit, if any. */
  readonly raisedBy?: readonly string[];
}

type LimitedLevel = ResourceProfile["resource"]["limited"][string];

/** Counts one request of a verified caller; undefined if it is allowed. */
export type CountRequest = (
  request: FastifyRequest,
  agent: ProvenCaller,
) => Promise<LimitReached | undefined>;

const EVERYBODY = "everybody";
/** Default number of users of one owner who may use their full limits at the same time. */
const USERS_AT_ONCE = 10;
/** Maximum keys of a level, beyond which the least recently used one is dropped. */
const MAX_KEYS = 5_000;

/**
 * Registers `@fastify/rate-limit`, which limits nothing by itself, unless the app already has it.
 */
export async function registerLimiter(app: FastifyInstance): Promise<void> {
  if (!app.hasDecorator("createRateLimit")) await app.register(rateLimit, { global: false });
}

/**
 * Creates a limiter that counts by proven facts: thumbprint, the agent's owner, or owner and user.
 * A delegate is counted as its agent, which could create any number of delegates. Unverified data
 * never becomes a key.
 *
 * @throws TypeError for an unknown member, a limit that is not a positive whole number, or one that
 *   exceeds the remembered keys
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
    // The common limit comes first. Requests that it refuses are not remembered, so that a flood of
    // new keys or users cannot evict others.
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
  // hole X5: JSON.stringify([caller.agent, subject])
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
    // A misspelled limit would have no effect.
    if (!names.has(name)) throw new TypeError(`aauthLimits has no ${name}`);
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new TypeError(`${name} must be a positive whole number`);
    }
    const ofKeys = levels[name.replace(/Together$/, "")]?.countedBy === "key" && name.endsWith("Together");
    if (ofKeys && (value ?? 0) > MAX_KEYS) {
      throw new TypeError(`${name} must be at most ${MAX_KEYS}, the number of remembered keys`);
    }
  }
}
