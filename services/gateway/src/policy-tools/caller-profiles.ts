import { OPEN_METHODS, OPEN_PATHS } from "gateway-check/open-paths";
import type { CelContext } from "../cel/expression.ts";
import type { Policies } from "../configuration/configuration.ts";
import type { Scalar } from "./conditions.ts";

/** What is known of a value before any request is seen. */
export interface Shape {
  readonly presence: "always" | "maybe" | "never";
  /** The only values it can have. */
  readonly values?: readonly Scalar[];
  /** The values it has for any caller of the route, for messages. */
  readonly among?: readonly Scalar[];
  /** Why a value cannot be, or undefined. */
  readonly refuses?: (value: Scalar) => string | undefined;
  /** How every value begins. */
  readonly begins?: string;
  readonly members?: Readonly<Record<string, Shape>>;
  /** Members that are not listed: never there, unless told otherwise. */
  readonly others?: "maybe";
}

/** One kind of caller that can reach the rules of a route, and what the rules then see. */
export interface CallerProfile {
  readonly name: string;
  readonly standing: "open-path" | "unsigned" | "pseudonymous" | "identified";
  readonly roots: Readonly<Record<string, Shape>>;
}

/** Values of `extauthz.aauth.scheme`. */
export const SCHEMES = ["Hwk", "Jwks", "Jwt"] as const;
/** Members of `extauthz.aauth`: a closed set. */
export const CALLER_MEMBERS = ["scheme", "agent", "agent_delegate", "jwt_claims"] as const;
/** Claims of auth tokens by the profile. An issuer may add others. */
export const TOKEN_CLAIMS =
  "iss aud exp iat nbf jti sub agent agent_delegate cnf scope act name preferred_username email".split(" ");
/** Members of `act`: a closed set. */
export const ACT_MEMBERS = ["agent", "agent_delegate", "sub", "act"] as const;

/** What a route's `extAuthz` asks of gateway-authz, as far as it is written in literals. */
export interface AAuthCheck {
  /** `aauth` in `extauthz.aauth`. */
  readonly root: string;
  readonly mode: "strict" | "optional" | "permissive";
  readonly requiredScheme: "hwk" | "jwks" | "jwt";
  readonly authority: string | undefined;
  readonly passesWithoutAnswer: boolean;
}

/**
 * The AAuth check of a route, or undefined when it makes none.
 *
 * @param context of one request, where what is asked for may depend on it; without one, only literals count
 */
export function aauthCheckOf({ extAuthz }: Policies, context: CelContext = UNSET): AAuthCheck | undefined {
  const entry = extAuthz?.metadata.find(({ expression }) => expression.source.includes("x-aauth-claims"));
  if (extAuthz === undefined || entry === undefined) return undefined;
  const literal = (name: string) => {
    const added = extAuthz.addRequestHeaders.find((header) => header.name === name);
    const value = added?.expression.valueOrUndefined(context);
    return typeof value === "string" ? value : undefined;
  };
  return {
    root: entry.name,
    mode: (literal("x-aauth-mode") ?? "strict") as AAuthCheck["mode"],
    requiredScheme: (literal("x-aauth-required-scheme") ?? "hwk") as AAuthCheck["requiredScheme"],
    authority: literal("x-aauth-authority"),
    passesWithoutAnswer: "mode" in extAuthz.failureMode && extAuthz.failureMode.mode === "allow",
  };
}

const UNSET = { request: null, response: null, source: null, extauthz: null, jwt: null };

const always = (more: Omit<Shape, "presence"> = {}): Shape => ({ presence: "always", ...more });
const maybe = (more: Omit<Shape, "presence"> = {}): Shape => ({ presence: "maybe", ...more });
const anything: Shape = maybe({ others: "maybe" });

/** Every kind of caller that the check lets reach the rules, from the least to the most that is known of it. */
export function callerProfiles(policies: Policies): CallerProfile[] {
  const check = aauthCheckOf(policies);
  const otherMetadata = Object.fromEntries(
    (policies.extAuthz?.metadata ?? [])
      .filter(({ name }) => name !== check?.root)
      .map(({ name }) => [name, anything]),
  );
  const profile = (
    name: string,
    standing: CallerProfile["standing"],
    claims?: Record<string, Shape>,
  ): CallerProfile => ({
    name,
    standing,
    roots: {
      ...REQUEST_ROOTS,
      extauthz:
        claims === undefined || check === undefined
          ? always({ members: check === undefined ? otherMetadata : {} })
          : always({ members: { ...otherMetadata, [check.root]: always({ members: claims }) } }),
    },
  });
  if (check === undefined) return [profile("any caller", "unsigned")];

  const { mode, requiredScheme } = check;
  const among = requiredScheme === "hwk" ? SCHEMES : requiredScheme === "jwks" ? SCHEMES.slice(1) : ["Jwt"];
  const scheme = (value: (typeof SCHEMES)[number]) => always({ values: [value], among });
  return [
    ...(check.passesWithoutAnswer
      ? [profile("any caller while gateway-authz does not answer", "unsigned")]
      : []),
    // What is open carries no identity, whatever the mode, not even of a caller that signed.
    withOpenPaths(profile("a reader of an open path", "open-path", {})),
    ...(mode === "strict" ? [] : [profile("an unsigned caller", "unsigned", {})]),
    ...(requiredScheme === "hwk"
      ? [profile("a caller with scheme hwk", "pseudonymous", { scheme: scheme("Hwk") })]
      : []),
    ...(requiredScheme === "jwt"
      ? []
      : [
          profile("a caller with scheme jwks", "identified", { scheme: scheme("Jwks"), agent: always() }),
          profile("a caller with an agent token", "identified", {
            scheme: scheme("Jwt"),
            agent: always(),
            agent_delegate: always(),
            jwt_claims: agentTokenClaims(check.authority),
          }),
        ]),
    profile("a caller with an auth token", "identified", {
      scheme: scheme("Jwt"),
      agent: always(),
      agent_delegate: maybe(),
      jwt_claims: authTokenClaims(check.authority),
    }),
  ];
}

/** An agent token is the agent's own word: gateway-authz passes on only what says who it is. */
function agentTokenClaims(authority: string | undefined): Shape {
  return always({
    members: {
      iss: always(),
      sub: always(),
      exp: always(),
      iat: maybe(),
      cnf: always({ others: "maybe" }),
      aud: maybe(audience(authority)),
    },
  });
}

function authTokenClaims(authority: string | undefined): Shape {
  const act: Shape = maybe({
    members: {
      agent: always(),
      agent_delegate: maybe(),
      sub: maybe(),
      // Deeper than this the shape repeats; nothing is claimed about it.
      act: maybe({ members: { agent: always(), agent_delegate: maybe(), sub: maybe(), act: anything } }),
    },
  });
  return always({
    others: "maybe",
    members: {
      iss: always(),
      exp: always(),
      cnf: always({ others: "maybe" }),
      act,
      aud: always(audience(authority)),
    },
  });
}

function audience(authority: string | undefined): Pick<Shape, "refuses"> {
  return {
    refuses: (value) =>
      authority === undefined || authorityOf(value) === authority
        ? undefined
        : `gateway-authz lets through only tokens for this route, ${authority}`,
  };
}

function authorityOf(value: Scalar): string | undefined {
  return typeof value === "string" && URL.canParse(value) ? new URL(value).host : undefined;
}

const REQUEST_MEMBERS = {
  method: always({
    refuses: (value) =>
      typeof value === "string" && value !== value.toUpperCase() ? "methods are in upper case" : undefined,
  }),
  uri: always(),
  host: always(),
  scheme: always({ values: ["http"] }),
  path: always({
    begins: "/",
    refuses: (value) =>
      typeof value === "string" && value.includes("?") ? "the query is not part of it" : undefined,
  }),
  pathAndQuery: always({ begins: "/" }),
  version: always(),
  headers: always({ others: "maybe" }),
};

const REQUEST_ROOTS: Readonly<Record<string, Shape>> = {
  request: always({ members: REQUEST_MEMBERS }),
  source: always({ members: { address: always(), port: always() } }),
  // Null while the rules are evaluated: there is no response yet, and no jwtAuth policy here.
  response: always({ members: {} }),
  jwt: always({ members: {} }),
};

function withOpenPaths(profile: CallerProfile): CallerProfile {
  const members = {
    ...REQUEST_MEMBERS,
    method: always({ values: OPEN_METHODS }),
    path: always({ values: OPEN_PATHS }),
  };
  return { ...profile, roots: { ...profile.roots, request: always({ members }) } };
}
