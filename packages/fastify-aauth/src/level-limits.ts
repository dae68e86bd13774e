import rateLimit from "@fastify/rate-limit";
import { draft11, ownerOfCaller, type ProvenCaller } from "aauth";
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
  /**
   * From the agents of one owner (`ownerOf`), their delegates included: names below a domain cost nothing, and an agent makes its delegates, so a
   * limit for each would be none.
   */
  readonly identified?: number;
  /** From the agents of one owner, their delegates included, for one user, with an auth token that has `scopes`. */
  readonly authorized?: number;
  /** From the agents of one owner for all their users together, with such tokens. Default ten times `authorized`. */
  readonly authorizedTogether?: number;
  /** Draft -11: from the agents of one owner, and from the servers of one owner that sign for themselves. */
  readonly "agent-token"?: number;
  /** Draft -11: from the agents of one person, as its person server names them; which agent it is, they do not show. */
  readonly "person-token"?: number;
  /** Draft -11: from the agents of one person, with an auth token that has `scopes`. Without `scopes` none counts as that. */
  readonly "auth-token"?: number;
  /** Scopes of the auth token that raises an identified caller. Default none: no caller counts as authorized. */
  readonly scopes?: readonly string[];
  /** Default 60. */
  readonly windowSeconds?: number;
}

/** What limits are for: what a caller has proven, in the words of February 2026 or of draft -11. */
export type Level =
  | ("pseudonymous" | "identified" | "authorized")
  | ("agent-token" | "person-token" | "auth-token");

/** A caller that has to wait. */
export interface LimitReached {
  /** What the caller counted as. */
  readonly level: Level;
  /** Seconds until a request may pass. */
  readonly retryAfterSeconds: number;
}

/** Counts one request of a proven caller; undefined when it may pass. */
export type CountRequest = (
  request: FastifyRequest,
  agent: ProvenCaller,
) => Promise<LimitReached | undefined>;

const EVERYBODY = "everybody";
/** Users of one owner's agents that may use up their limits at the same time, where nothing else is said. */
const USERS_AT_ONCE = 10;
/** What the limiter keeps for a level before it forgets the key used least lately. */
const MAX_KEYS = 5_000;

/** Makes the limiter of a set of limits. The app gets `@fastify/rate-limit`, which limits nothing by itself, unless it has it already. */
export async function registerLimiter(app: FastifyInstance): Promise<void> {
  if (!app.hasDecorator("createRateLimit")) await app.register(rateLimit, { global: false });
}

/**
 * Counts by what was proven: thumbprint, the agent's owner, that with the user. A delegate counts as its agent, which issues its token and
 * could name any number of them. Nothing an unverified message says ever becomes a key.
 *
 * @throws TypeError for a member that does not exist, a limit that is not a positive whole number, and more keys than are remembered.
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
    "agent-token": limiter(limits["agent-token"]),
    "person-token": limiter(limits["person-token"]),
    "auth-token": limiter(limits["auth-token"]),
  };
  const { authorized, authorizedTogether = authorized && authorized * USERS_AT_ONCE } = limits;
  const together: Partial<typeof limiters> = {
    pseudonymous: limiter(limits.pseudonymousTogether),
    authorized: limiter(authorizedTogether),
  };

  async function count(
    limit: ReturnType<typeof limiter>,
    request: FastifyRequest,
    key: string,
    level: Level,
  ) {
    if (limit === undefined) return undefined;
    keys.set(request, key);
    const state = await limit(request);
    return !state.isAllowed && state.isExceeded
      ? { level, retryAfterSeconds: Math.max(1, state.ttlInSeconds) }
      : undefined;
  }

  return async (request, agent) => {
    const level = countedAs(agent, scopes);
    // First the common one: what it refuses is not remembered, so that a flood of new keys or users cannot push others out.
    const common = agent.agent === undefined ? EVERYBODY : ownerOfCaller(agent);
    const reached = await count(together[level], request, common, level);
    if (reached !== undefined) return reached;
    return count(limiters[level], request, keyOf(agent, level), level);
  };
}

/** A token without the scopes that the higher limit is for makes its bearer no more than identified. */
function countedAs(agent: ProvenCaller, scopes: readonly string[]): Level {
  const granted = agent.grant?.scopes ?? [];
  const isRaised = scopes.length > 0 && scopes.every((scope) => granted.includes(scope));
  if (agent.profile === draft11.name) {
    if (agent.person === undefined) return "agent-token";
    return isRaised ? "auth-token" : "person-token";
  }
  if (agent.agent === undefined) return "pseudonymous";
  return isRaised ? "authorized" : "identified";
}

function keyOf(agent: ProvenCaller, level: Level): string {
  if (agent.profile === draft11.name) return ownerOfCaller(agent);
  if (agent.agent === undefined) return agent.thumbprint;
  const subject = level === "authorized" ? (agent.person?.sub ?? null) : null;
  return JSON.stringify([ownerOfCaller(agent), subject]);
}

const NUMBERS: readonly string[] = [
  ...["pseudonymous", "pseudonymousTogether", "identified", "authorized", "authorizedTogether"],
  ...["agent-token", "person-token", "auth-token"],
  "windowSeconds",
];

function checkLimits({ scopes: _, ...numbers }: LevelLimits): void {
  for (const [name, value] of Object.entries(numbers)) {
    // A misspelled limit would be none.
    if (!NUMBERS.includes(name)) throw new TypeError(`aauthLimits has no ${name}`);
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new TypeError(`${name} must be a positive whole number`);
    }
  }
  if ((numbers.pseudonymousTogether ?? 0) > MAX_KEYS) {
    throw new TypeError(`pseudonymousTogether must be at most ${MAX_KEYS}: so many keys are remembered`);
  }
}
