import {
  type Challenger,
  createResource,
  documentEndpoints,
  type Resource,
  type WellKnownDocuments,
} from "aauth/resource";
import type { CommonOptions, ComposedOptions, FastifyAAuthOptions } from "./options.ts";

/** What the plugin works with, whichever form its options have. */
export interface Parts extends Pick<ComposedOptions, "verifier" | "authority">, Pick<Resource, "endpoints"> {
  readonly challenger: Challenger | undefined;
}

/** What one form has and the other would ignore: a stricter verifier, or `trustedAgents`. */
const OF_PARTS = ["verifier", "challenger", "authority", "wellKnown"];
const OF_ALL = ["target", "maxBodyBytes", "observer"] satisfies (keyof CommonOptions)[] as string[];

/**
 * @throws TypeError for options that mix the forms, and for parts that are about two services.
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
  // The plugin's own observer sees more, and the request of Fastify.
  const { observer: _, ...identity } = options;
  return createResource(identity as Parameters<typeof createResource>[0]);
}

function refuseOthers(options: object, names: readonly string[], reason: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !names.includes(name)) throw new TypeError(`${name} ${reason}`);
  }
}

/** As a verifier's. */
const AUTHORITY = /^[^/?#@\sA-Z]+$/;

/**
 * Verifier, challenger and documents are about one service, as far as they name it: with an
 * authority that is not served each request would be refused, and so would a token for another
 * resource than the audience.
 */
function requireOneParty({ authority, verifier, challenger, wellKnown }: ComposedOptions): void {
  if (typeof authority === "string" && !AUTHORITY.test(authority)) {
    throw new TypeError("authority must be lower-case host[:port], or a function that picks one");
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

/** The document of the resource, as a reader of one of the profiles reads it. */
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
