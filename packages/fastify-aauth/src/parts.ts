import {
  type Challenger,
  createResource,
  documentEndpoints,
  type Resource,
  type WellKnownDocuments,
} from "aauth/resource";
import type { CommonOptions, ComposedOptions, FastifyAAuthOptions } from "./options.ts";

/** The parts that the plugin uses, from any form of its options. */
export interface Parts extends Pick<ComposedOptions, "verifier" | "authority">, Pick<Resource, "endpoints"> {
  readonly challenger: Challenger | undefined;
}

/** Members that the other form would ignore, such as a stricter verifier or `agentProviders`. */
const OF_PARTS = ["verifier", "challenger", "authority", "wellKnown"];
const OF_ALL = ["target", "maxBodyBytes", "observer"] satisfies (keyof CommonOptions)[] as string[];

/**
 * @throws TypeError for options that mix the forms, and for parts of different services
 * @throws TypeError and RangeError of `createResource`.
 */
export function partsOf(options: FastifyAAuthOptions): Parts {
  if (options.resource === undefined) {
    const { verifier, challenger, authority, wellKnown = {} } = options;
    refuseOthers(options, [...OF_PARTS, ...OF_ALL], "goes with resource: otherwise give it to the parts");
    requireOneParty(options);
    return { verifier, challenger, authority, endpoints: documentEndpoints(wellKnown) };
  }
  if (typeof options.resource !== "string") {
    refuseOthers(options, ["resource", ...OF_ALL], "goes to createResource()");
    return options.resource;
  }
  const ofIdentity = Object.keys(options).filter((name) => !OF_PARTS.includes(name));
  refuseOthers(options, ofIdentity, "is made from resource and key: give either it or them");
  // The plugin's own observer receives more, including Fastify's request.
  const { observer: _, ...identity } = options;
  return createResource(identity as Parameters<typeof createResource>[0]);
}

function refuseOthers(options: object, names: readonly string[], reason: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !names.includes(name)) throw new TypeError(`${name} ${reason}`);
  }
}

/** Syntax of a verifier's authority. */
const AUTHORITY = /^[^/?#@\sA-Z]+$/;

/**
 * Checks that verifier, challenger and documents belong to one service. Otherwise, requests to an
 * unserved authority, and tokens for another resource, would all be refused.
 */
function requireOneParty({ authority, verifier, challenger, wellKnown }: ComposedOptions): void {
  if (typeof authority === "string" && !AUTHORITY.test(authority)) {
    throw new TypeError("authority must be lower-case host[:port], or a function that selects one");
  }
  const { authorities, audience } = verifier;
  if (typeof authority === "string" && authorities !== undefined && !authorities.includes(authority)) {
    throw new TypeError(
      `authority must be one that the verifier serves (${authorities.join(", ")}), not ${authority}`,
    );
  }
  const resource = challenger?.resource;
  if (resource === undefined) return;
  if (audience !== undefined && resource !== audience) {
    throw new TypeError(
      `the challenger's resource must be the verifier's audience, ${audience}, not ${resource}`,
    );
  }
  requireDocumentOf(resource, verifier.profiles, wellKnown);
}

/** Checks the resource's document with the reader of one of the profiles. */
function requireDocumentOf(
  resource: string,
  profiles: ComposedOptions["verifier"]["profiles"],
  { documents = {} }: WellKnownDocuments = {},
): void {
  for (const { documents: rules } of profiles) {
    const rule = rules.kinds.resource?.document;
    const document = rule && documents[rule.name];
    if (document === undefined) continue;
    try {
      rule?.read(document, resource);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : "malformed";
      const about = `wellKnown.documents must be about the challenger's resource, ${resource}`;
      throw new TypeError(`${about}: ${reason}`, { cause });
    }
  }
}
