import rateLimit from "@fastify/rate-limit";
import type { Level, VerifiedAgent } from "aauth";
import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * How many requests a route takes from one caller in a window, by what the caller has proven (SPEC 4.5). A level without a number has
 * no limit. Routes that are given the same object share their counts.
 */
export interface LevelLimits {
  /** From one key. */
  readonly pseudonymous?: number;
  /** From all callers together that are known by a key alone: a new key costs nothing, so a limit for each is none for all. */
  readonly pseudonymousTogether?: number;
  /** From one agent, or one delegate of it. */
  readonly identified?: number;
  /** From one agent for one user, with an auth token that has `scopes`. */
  readonly authorized?: number;
  /** Scopes of the auth token that raises an identified caller. Default none: nobody counts as authorized. */
  readonly scopes?: readonly string[];
  /** Default 60. */
  readonly windowSeconds?: number;
}

/** A caller that has to wait. */
export interface LimitReached {
  /** What the caller counted as. */
  readonly level: Level;
  readonly retryAfterSeconds: number;
}

/** Counts one request of a proven caller; undefined when it may pass. */
export type CountRequest = (
  request: FastifyRequest,
  agent: VerifiedAgent,
) => Promise<LimitReached | undefined>;

const EVERYBODY = "everybody";
/** What the limiter keeps for a level before it forgets the key used least lately. */
const MAX_KEYS = 5_000;

/** Makes the limiter of a set of limits. The app gets `@fastify/rate-limit`, which limits nothing by itself, unless it has it already. */
export async function registerLimiter(app: FastifyInstance): Promise<void> {
  if (!app.hasDecorator("createRateLimit")) await app.register(rateLimit, { global: false });
}

/**
 * Counts by what was proven: thumbprint, agent with delegate, agent with delegate and user. Nothing an unverified message says
 * ever becomes a key.
 *
 * @throws TypeError for a limit that is no positive whole number, or for more keys than are remembered.
 */
export function createLevelLimiter(app: FastifyInstance, limits: LevelLimits): CountRequest {
  const { scopes = [], windowSeconds = 60 } = limits;
  checkLimits(limits);
  const keys = new WeakMap<FastifyRequest, string>();
  const limiter = (max: number | undefined) =>
    max === undefined
      ? undefined
      : app.createRateLimit({
          max,
          timeWindow: windowSeconds * 1000,
          skipOnError: false,
          keyGenerator: (request) => keys.get(request) as string,
        });
  const limiters: Record<Level, ReturnType<typeof limiter>> = {
    pseudonymous: limiter(limits.pseudonymous),
    identified: limiter(limits.identified),
    authorized: limiter(limits.authorized),
  };
  const together = limiter(limits.pseudonymousTogether);

  async function count(limit: typeof together, request: FastifyRequest, key: string, level: Level) {
    if (limit === undefined) return undefined;
    keys.set(request, key);
    const state = await limit(request);
    return !state.isAllowed && state.isExceeded
      ? { level, retryAfterSeconds: Math.max(1, state.ttlInSeconds) }
      : undefined;
  }

  return async (request, agent) => {
    const level = countedAs(agent, scopes);
    if (level === "pseudonymous") {
      // First the common one: a key it refuses is not remembered, so that a flood of new keys cannot push others out.
      const reached = await count(together, request, EVERYBODY, level);
      if (reached !== undefined) return reached;
    }
    return count(limiters[level], request, keyOf(agent, level), level);
  };
}

/** A token without the scopes that the higher limit is for makes its bearer no more than identified. */
function countedAs(agent: VerifiedAgent, scopes: readonly string[]): Level {
  if (agent.level !== "authorized") return agent.level;
  return scopes.length > 0 && scopes.every((scope) => agent.scopes.includes(scope))
    ? "authorized"
    : "identified";
}

function keyOf(agent: VerifiedAgent, level: Level): string {
  if (agent.level === "pseudonymous") return agent.thumbprint;
  const { agent: id, agentDelegate = null } = agent;
  const subject = level === "authorized" && agent.level === "authorized" ? (agent.subject ?? null) : null;
  return JSON.stringify([id, agentDelegate, subject]);
}

function checkLimits({ scopes: _scopes, ...numbers }: LevelLimits): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new TypeError(`${name} must be a positive whole number`);
    }
  }
  if ((numbers.pseudonymousTogether ?? 0) > MAX_KEYS) {
    throw new TypeError(`pseudonymousTogether must be at most ${MAX_KEYS}: so many keys are remembered`);
  }
}
