import { Token } from "../judge/structured-fields.ts";
import { BASE_COMPONENTS, compose, type Plan, type TokenPlan } from "../messages/plan.ts";
import type { Listener } from "../peers/listener.ts";
import type { World } from "../peers/world.ts";
import type { Bench } from "../suite/run.ts";
import type { Subject } from "../suite/subject.ts";
import { type Answer, itemMember, jsonOf, type Target, TargetError } from "../suite/target.ts";

/** Requirement of a route of the resource. */
export const LEVELS = ["agent-token", "person-token", "auth-token"] as const;
export type RouteLevel = (typeof LEVELS)[number];

/** A resource under test. */
export interface ResourceBench extends Bench {
  readonly target: Target;
  readonly world: World;
  readonly listener: Listener;
  /** Its identifier. */
  readonly id: string;
  readonly host: string;
  readonly routes: Partial<Record<RouteLevel, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Scope that its auth token route needs. */
  readonly scope: string;
}

export interface ResourceBenchOptions {
  readonly target: Target;
  readonly world: World;
  readonly listener: Listener;
  readonly id: string;
  /** Paths by level; default: `/`, which requires what `access_mode` says. */
  readonly routes?: Partial<Record<RouteLevel, string>> | undefined;
  /** Default: the first of `scope_descriptions`. */
  readonly scope?: string | undefined;
}

export const RESOURCE_ADDRESS = "/.well-known/aauth-resource.json";

export async function createResourceBench(options: ResourceBenchOptions): Promise<ResourceBench> {
  const { target, world, listener, id } = options;
  const metadata = await readMetadata(target, `${id}${RESOURCE_ADDRESS}`);
  const mode = LEVELS.find((level) => level === (metadata?.access_mode ?? "agent-token"));
  const routes = options.routes ?? (mode === undefined ? {} : { [mode]: "/" });
  const scopes = Object.keys((metadata?.scope_descriptions as object | undefined) ?? {});
  const claims = new Set<string>(Object.keys(routes).map((level) => `a route for ${level}`));
  if (metadata !== undefined) claims.add("metadata");
  for (const name of ["jwks_uri", "authorization_endpoint", "revocation_endpoint", "scope_descriptions"]) {
    if (metadata?.[name] !== undefined) claims.add(name);
  }
  return {
    target,
    world,
    listener,
    id,
    host: new URL(id).host,
    routes,
    metadata: metadata ?? {},
    scope: options.scope ?? scopes[0] ?? "data.read",
    claims,
  };
}

/** Metadata of the target; undefined without a document. */
export async function readMetadata(
  target: Target,
  url: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const answer = await target.get(url);
    return answer.status === 200 ? jsonOf(answer) : undefined;
  } catch (error) {
    if (error instanceof TargetError) return undefined;
    throw error;
  }
}

/** Path of an endpoint. @throws TargetError for metadata that name none */
export function pathOf({ metadata }: Pick<ResourceBench, "metadata">, endpoint: string): string {
  const url = URL.parse(String(metadata[endpoint]));
  if (url === null) throw new TargetError(`${endpoint} is no URL`);
  return url.pathname;
}

/** A valid request to a route, with a token of its level. */
export function routePlan(bench: ResourceBench, level: RouteLevel, token = routeToken(bench, level)): Plan {
  return planFor(bench, "GET", bench.routes[level] ?? "/", token);
}

/** A valid token for a route. */
export function routeToken({ world, id, scope }: ResourceBench, level: RouteLevel): TokenPlan {
  if (level === "agent-token") return world.agentToken();
  return level === "person-token" ? world.personToken(id) : world.authToken(id, { claims: { scope } });
}

export function planFor(
  { world, host, metadata }: Pick<ResourceBench, "world" | "host" | "metadata">,
  method: string,
  target: string,
  token: TokenPlan | undefined,
  body?: object,
): Plan {
  const more = metadata.additional_signature_components;
  const additional = (Array.isArray(more) ? more : []).filter(
    (name): name is string => typeof name === "string" && isPresent(name, target, body),
  );
  return {
    method,
    authority: host,
    target,
    fields: [],
    body: body === undefined ? undefined : JSON.stringify(body),
    label: "sig",
    key: world.agent.key,
    otherKeys: "",
    token,
    signatureKey: undefined,
    components: [...new Set([...BASE_COMPONENTS, ...additional])],
    params: [["created", world.now()]],
    tampers: [],
  };
}

function isPresent(name: string, target: string, body: object | undefined): boolean {
  if (name === "@query") return target.includes("?");
  return name.startsWith("@") || body !== undefined;
}

export const routeSubject = (bench: ResourceBench, level: RouteLevel): Subject => ({
  plan: () => routePlan(bench, level),
  send: (wire) => bench.target.send(wire),
});

/** Sends a request with this token to a route. */
export const call = (
  bench: ResourceBench,
  level: RouteLevel,
  token: TokenPlan | undefined,
): Promise<Answer> => bench.target.send(compose(routePlan(bench, level, token)));

/** A request without a signature. */
export const callUnsigned = ({ target, host, routes }: ResourceBench, level: RouteLevel): Promise<Answer> =>
  target.send({ method: "GET", authority: host, target: routes[level] ?? "/", fields: [], body: undefined });

/** `AAuth-Requirement` of an answer. */
export function requirementOf({
  fields,
}: Answer): { value: string; params: Readonly<Record<string, unknown>> } | undefined {
  const item = itemMember(fields["aauth-requirement"], "requirement");
  if (!(item?.value instanceof Token)) return undefined;
  return { value: item.value.value, params: Object.fromEntries(item.params) };
}

/** Problem of an answer that must be a challenge; undefined if it is. */
export function challengeProblem(answer: Answer, requirement: string): string | undefined {
  if (answer.status !== 401) return `the status is ${answer.status}, not 401`;
  const found = requirementOf(answer);
  if (found === undefined) return "there is no AAuth-Requirement that can be read";
  return found.value === requirement ? undefined : `the requirement is ${found.value}, not ${requirement}`;
}
