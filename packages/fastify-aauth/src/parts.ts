import { admitWith, createResource, type Resource } from "aauth/resource";
import type { CommonOptions, FastifyAAuthOptions } from "./options.ts";

/** The parts that the plugin uses, from any form of its options. */
export interface Parts extends Pick<Resource, "verifier" | "endpoints" | "admit" | "checkRequirement"> {
  /** Undefined for a verifier alone. */
  readonly resource: Resource | undefined;
  /** The authority that callers sign. */
  readonly authority: string;
}

/** Members that the other form would ignore, such as a stricter verifier or `agentProviders`. */
const OF_PARTS = ["verifier", "authority"];
const OF_ALL = ["target", "maxBodyBytes", "observer"] satisfies (keyof CommonOptions)[] as string[];

/**
 * @throws TypeError for options that mix the forms, and for an authority that the verifier does not
 *   serve
 * @throws TypeError and RangeError of `createResource`.
 */
export function partsOf(options: FastifyAAuthOptions): Parts {
  if (options.resource === undefined) {
    const { verifier, authority } = options;
    refuseOthers(options, [...OF_PARTS, ...OF_ALL], "goes with resource: otherwise give it to the verifier");
    const { authorities } = verifier;
    if (authorities !== undefined && !authorities.includes(authority)) {
      throw new TypeError(
        `authority must be one that the verifier serves (${authorities.join(", ")}), not ${authority}`,
      );
    }
    return {
      verifier,
      authority,
      endpoints: [],
      resource: undefined,
      admit: admitWith(verifier),
      checkRequirement: (requirement) => verifier.checkRequirement(requirement),
    };
  }
  if (typeof options.resource !== "string") {
    refuseOthers(options, ["resource", ...OF_ALL], "goes to createResource()");
    return { ...options.resource, resource: options.resource };
  }
  const ofIdentity = Object.keys(options).filter((name) => !OF_PARTS.includes(name));
  refuseOthers(options, ofIdentity, "is made from resource and key: give either it or them");
  // The plugin's own observer receives more, including Fastify's request.
  const { observer: _, target: __, maxBodyBytes: ___, ...identity } = options;
  const resource: Resource = createResource(identity as Parameters<typeof createResource>[0]);
  return { ...resource, resource };
}

function refuseOthers(options: object, names: readonly string[], reason: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !names.includes(name)) throw new TypeError(`${name} ${reason}`);
  }
}
