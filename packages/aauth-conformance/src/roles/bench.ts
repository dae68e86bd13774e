/**
 * Requests, signatures and metadata for any server under test.
 *
 * @module
 */

import { type Jwt, jwtHolds } from "../judge/jws.ts";
import type { Jwk } from "../judge/keys.ts";
import { Token } from "../judge/structured-fields.ts";
import { compose, type Plan, planOf, type TokenPlan } from "../messages/plan.ts";
import {
  ACCESS_DOCUMENT,
  AGENT_DOCUMENT,
  type Party,
  PERSON_DOCUMENT,
  RESOURCE_DOCUMENT,
  type World,
} from "../peers/world.ts";
import type { Bench } from "../suite/run.ts";
import type { Subject } from "../suite/subject.ts";
import { type Answer, itemMember, jsonOf, type Target, TargetError } from "../suite/target.ts";

export interface PartyOptions {
  readonly target: Target;
  readonly world: World;
  /** Its identifier. */
  readonly id: string;
}

/** A party that publishes a document. */
export interface PartyBench extends PartyOptions, Bench {
  readonly target: Target;
  readonly host: string;
  /** Empty without a document. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export async function createPartyBench(
  { target, world, id }: PartyOptions,
  document: string,
  has: readonly string[] = [],
): Promise<PartyBench> {
  const metadata = await readMetadata(target, `${id}/.well-known/${document}`);
  const claims = new Set([...has, ...Object.keys(metadata ?? {})]);
  if (metadata !== undefined) claims.add("metadata");
  return { target, world, id, host: new URL(id).host, metadata: metadata ?? {}, claims };
}

async function readMetadata(target: Target, url: string) {
  try {
    const answer = await target.get(url);
    return answer.status === 200 ? jsonOf(answer) : undefined;
  } catch (error) {
    if (error instanceof TargetError) return undefined;
    throw error;
  }
}

/** Path of an endpoint. @throws TargetError for metadata that name none */
export function pathOf({ metadata }: Pick<PartyBench, "metadata">, endpoint: string): string {
  const url = URL.parse(String(metadata[endpoint]));
  if (url === null) throw new TargetError(`${endpoint} is no URL`);
  return url.pathname;
}

/** A request of the suite's agent, which covers what the target's metadata demand. */
export function planFor(
  { world, host: authority, metadata }: Pick<PartyBench, "world" | "host" | "metadata">,
  method: string,
  target: string,
  token: TokenPlan | undefined,
  content?: object,
): Plan {
  const body = content === undefined ? undefined : JSON.stringify(content);
  const { key } = world.agent;
  const plan = planOf({ method, authority, target, token, body, key, created: world.now() });
  const more = metadata.additional_signature_components;
  const isPresent = (name: string) =>
    name === "@query" ? target.includes("?") : name.startsWith("@") || body !== undefined;
  const additional = (Array.isArray(more) ? more : []).map(String).filter(isPresent);
  plan.components = [...new Set([...plan.components, ...additional])];
  return plan;
}

const DOCUMENTS: readonly (readonly [string, string])[] = [
  ["ap", AGENT_DOCUMENT],
  ["ps", PERSON_DOCUMENT],
  ["as", ACCESS_DOCUMENT],
  ["resource", RESOURCE_DOCUMENT],
];

/** Signs a plan as a played server. */
export function signAs(plan: Plan, { name, id, key }: Party): void {
  const document = DOCUMENTS.find(([start]) => name.startsWith(start))?.[1] ?? RESOURCE_DOCUMENT;
  plan.key = key;
  plan.token = undefined;
  plan.signatureKey = `jwks_uri;id="${id}";dwk="${document}";kid="${key.kid}"`;
}

/** A subject whose requests are signed messages. */
export const messageSubject = <B extends PartyBench>(
  plan: Subject<B, Plan>["plan"],
  status: Subject<B, Plan>["status"] = 401,
): Subject<B, Plan> => ({ plan, status, send: ({ target }, own) => target.send(compose(own)) });

/** `AAuth-Requirement` of an answer. */
export function requirementOf({
  fields,
}: Answer): { value: string; params: Readonly<Record<string, unknown>> } | undefined {
  const item = itemMember(fields["aauth-requirement"], "requirement");
  if (!(item?.value instanceof Token)) return undefined;
  return { value: item.value.value, params: Object.fromEntries(item.params) };
}

/** Keys that the target publishes. */
export async function publishedKeys({ target, metadata }: PartyBench): Promise<readonly Jwk[]> {
  const keys = jsonOf(await target.get(String(metadata.jwks_uri)))?.keys;
  return Array.isArray(keys) ? keys.filter((key) => typeof key === "object" && key !== null) : [];
}

/** Problem of a token that no published key has signed. */
export async function unsignedProblem(bench: PartyBench, jwt: Jwt): Promise<string | false> {
  try {
    return !jwtHolds(jwt, await publishedKeys(bench)) && "no published key has signed it";
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}
