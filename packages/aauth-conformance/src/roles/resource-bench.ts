import { compose, type Plan, type TokenPlan } from "../messages/plan.ts";
import { RESOURCE_DOCUMENT } from "../peers/world.ts";
import type { Answer } from "../suite/target.ts";
import {
  createPartyBench,
  messageSubject,
  type PartyBench,
  type PartyOptions,
  planFor,
  requirementOf,
} from "./bench.ts";

/** Requirement of a route of the resource. */
export const LEVELS = ["agent-token", "person-token", "auth-token"] as const;
export type RouteLevel = (typeof LEVELS)[number];
type Routes = Partial<Record<RouteLevel, string>>;

/** A resource under test. */
export interface ResourceBench extends PartyBench {
  readonly routes: Routes;
  /** Scope that its auth token route needs. */
  readonly scope: string;
}

export interface ResourceBenchOptions extends PartyOptions {
  /** Paths by level; default: `/`, which requires what `access_mode` says. */
  readonly routes?: Routes | undefined;
  /** Default: the first of `scope_descriptions`. */
  readonly scope?: string | undefined;
}

export async function createResourceBench(options: ResourceBenchOptions): Promise<ResourceBench> {
  const party = await createPartyBench(options, RESOURCE_DOCUMENT);
  const { access_mode = "agent-token", scope_descriptions = {} } = party.metadata;
  const mode = LEVELS.find((level) => level === access_mode);
  const routes = options.routes ?? (mode === undefined ? {} : { [mode]: "/" });
  const [first = "data.read"] = Object.keys(scope_descriptions as object);
  const claims = new Set([...party.claims, ...Object.keys(routes).map((level) => `a route for ${level}`)]);
  return { ...party, routes, scope: options.scope ?? first, claims };
}

/** A valid request to a route, with a token of its level. */
const routePlan = (bench: ResourceBench, level: RouteLevel, token = routeToken(bench, level)): Plan =>
  planFor(bench, "GET", bench.routes[level] ?? "/", token);

/** A valid token for a route. */
export function routeToken({ world, id, scope }: ResourceBench, level: RouteLevel): TokenPlan {
  if (level === "agent-token") return world.agentToken();
  return level === "person-token" ? world.personToken(id) : world.authToken(id, { claims: { scope } });
}

export const routeSubject = (level: RouteLevel) =>
  messageSubject<ResourceBench>((bench) => routePlan(bench, level));

/** Sends a request with this token to a route. */
export const call = (
  bench: ResourceBench,
  level: RouteLevel,
  token: TokenPlan | undefined,
): Promise<Answer> => bench.target.send(compose(routePlan(bench, level, token)));

/** A request without a signature. */
export const callUnsigned = ({ target, host, routes }: ResourceBench, level: RouteLevel): Promise<Answer> =>
  target.send({ method: "GET", authority: host, target: routes[level] ?? "/", fields: [], body: undefined });

/** Problem of an answer that must be a challenge; undefined if it is. */
export function challengeProblem(answer: Answer, requirement: string): string | undefined {
  if (answer.status !== 401) return `the status is ${answer.status}, not 401`;
  const found = requirementOf(answer);
  if (found === undefined) return "there is no AAuth-Requirement that can be read";
  return found.value === requirement ? undefined : `the requirement is ${found.value}, not ${requirement}`;
}
