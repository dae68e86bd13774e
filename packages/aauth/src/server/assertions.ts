/**
 * Assertions of agents and of resources about a request, apart from each other (draft -11,
 * section 7.4).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { documents } from "../draft-11/documents.ts";
import { invalidRequest } from "./answers.ts";
import type { AgentAssertions, ResourceAssertions } from "./types.ts";

type Members = Readonly<Record<string, unknown>>;

const MAX_TEXT_CHARACTERS = 4_000;
const MAX_DEVICE_CHARACTERS = 64;
const MAX_LISTED = 20;
const PLATFORMS: readonly unknown[] = ["web", "mobile", "desktop", "workload", "self-hosted"];

/** A string of a length that a person reads. */
export const isText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= MAX_TEXT_CHARACTERS;

/** @throws Problem `invalid_request` */
export function listOf(members: Members, name: string): readonly string[] {
  const value = members[name] ?? [];
  const isList = Array.isArray(value) && value.length <= MAX_LISTED && value.every(isText);
  if (!isList) throw invalidRequest(`${name} must be a list of texts`);
  return value;
}

/** Assertions of the agent. Unknown platforms are ignored. @throws Problem `invalid_request` */
export function assertionsOf(members: Members): AgentAssertions {
  const text = (name: string): string | undefined => {
    const value = members[name];
    if (value === undefined || isText(value)) return value;
    throw invalidRequest(`${name} must be a text of ${MAX_TEXT_CHARACTERS} characters at most`);
  };
  const device = text("device");
  if (device !== undefined && ([...device].length > MAX_DEVICE_CHARACTERS || /\p{C}/u.test(device))) {
    throw invalidRequest(`device must have ${MAX_DEVICE_CHARACTERS} printable characters at most`);
  }
  const platform = text("platform");
  return {
    justification: text("justification"),
    description: text("description"),
    platform: PLATFORMS.includes(platform) ? platform : undefined,
    device,
    loginHint: text("login_hint"),
    tenant: text("tenant"),
    domainHint: text("domain_hint"),
    prompt: text("prompt"),
    answers: [],
  };
}

/** Published by a resource about itself and its scopes, if it publishes anything. */
export async function assertionsOfResource(
  discovery: Discovery,
  resource: string,
  scopes: readonly string[],
): Promise<ResourceAssertions> {
  const found = await discovery.metadata(documents.kinds.resource, resource).catch(() => undefined);
  if (found === undefined) return {};
  const { name, description, logo_uri: logoUri, access_mode: accessMode } = found;
  const { scope_descriptions: known = {} } = found;
  const described = scopes.filter((scope) => Object.hasOwn(known, scope));
  const scopeDescriptions = Object.fromEntries(described.map((scope) => [scope, known[scope]!]));
  return {
    ...{ name, description, logoUri, accessMode },
    scopeDescriptions: described.length > 0 ? scopeDescriptions : undefined,
  };
}
