import { AAuthVerificationError } from "../errors.ts";
import { requireBoundedHeader, trimField } from "../http-signatures/field.ts";
import {
  formatString,
  formatStringList,
  type Parameter,
  parseParameters,
  parseStringList,
  splitTopLevel,
  stringParameter,
} from "../http-signatures/structured-fields.ts";

/**
 * Parsed `Agent-Auth`, the challenge of a resource (profile 3.1). `level` is what the resource
 * requires: a signature, an identity or an authorization.
 */
export type AgentAuth = AuthorizationChallenge | OtherChallenge;

interface AnyChallenge {
  /** Signature algorithms that the resource accepts, for example `ed25519`. */
  readonly algs?: readonly string[];
  /** Page on which a person can act. */
  readonly userInteraction?: string;
}

export interface AuthorizationChallenge extends AnyChallenge {
  readonly level: "authorized";
  /** `resource+jwt`, never empty. */
  readonly resourceToken: string;
  /** Issuer of the auth token. Follow it only if it is trusted. */
  readonly authServer: string;
}

/** A challenge for a signature or an identity. */
interface OtherChallenge extends AnyChallenge {
  readonly level: "pseudonymous" | "identified";
  readonly resourceToken?: undefined;
  /** Ignored without a resource token. */
  readonly authServer?: string;
}

/**
 * A challenge for an auth token without a resource token, as published agents respond to an auth
 * token that they do not accept.
 */
export interface BareChallenge extends AnyChallenge {
  readonly level: "authorized";
  readonly resourceToken?: undefined;
  readonly authServer?: string;
}

const CODE = "malformed_challenge";
const INCOMPLETE = "an authorization challenge needs resource_token and auth_server";

/**
 * Parses `Agent-Auth` (profile 3.4): one item `httpsig` with parameters in any order; unknown
 * parameters are ignored, as RFC 8941 requires.
 *
 * @throws {AAuthError} `malformed_challenge`: another scheme, a second challenge, a duplicate
 *   parameter, an empty or wrongly typed value, `auth-token` without `resource_token` or
 *   `auth_server`; `header_too_large`
 *
 * Does NOT check the resource token or the auth server: the agent does, before it follows them.
 *
 * @example
 * if (parseAgentAuth(response.headers.get("agent-auth") ?? "").level === "authorized") { … }
 */
export function parseAgentAuth(value: string): AgentAuth {
  const challenge = readAgentAuth(value);
  if (isBare(challenge)) throw incomplete();
  return challenge;
}

export const isBare = (challenge: AgentAuth | BareChallenge): challenge is BareChallenge =>
  challenge.level === "authorized" && challenge.resourceToken === undefined;

export const incomplete = () => new AAuthVerificationError(CODE, INCOMPLETE);

/** Like {@link parseAgentAuth}, but accepts a {@link BareChallenge}. */
export function readAgentAuth(value: string): AgentAuth | BareChallenge {
  requireBoundedHeader("Agent-Auth", value);
  const [scheme, ...pieces] = splitTopLevel(trimField(value), ";");
  // hole P9
  if (scheme !== "httpsig") throw new AAuthVerificationError(CODE, "Agent-Auth is not a httpsig challenge");
  // `algs` is a list, which RFC 8941 does not allow in a parameter, so it is parsed separately.
  const isAlgs = (piece: string) => /^ *algs=/.test(piece);
  const algsPieces = pieces.filter(isAlgs);
  const parameters = parseParameters(
    pieces.filter((piece) => !isAlgs(piece)),
    CODE,
  );
  if (algsPieces.length > 1 || parameters.has("algs"))
    throw new AAuthVerificationError(CODE, "algs is not one list");
  const algs = algsPieces[0] === undefined ? undefined : parseStringList(afterEquals(algsPieces[0]), CODE);
  const text = (name: string) => stringParameter(parameters, name, CODE);
  const resourceToken = text("resource_token");
  const authServer = text("auth_server");
  const userInteraction = text("user_interaction");
  const authorized = flag(parameters, "auth-token") || resourceToken !== undefined;
  const identified = flag(parameters, "identity");
  const rest = {
    ...(algs === undefined ? {} : { algs }),
    ...(userInteraction === undefined ? {} : { userInteraction }),
  };
  if (authorized) {
    if (resourceToken === undefined && userInteraction === undefined)
      return { level: "authorized", ...(authServer === undefined ? {} : { authServer }), ...rest };
    if (resourceToken === undefined || authServer === undefined) throw incomplete();
    return { level: "authorized", resourceToken, authServer, ...rest };
  }
  const level = identified ? "identified" : "pseudonymous";
  return { level, ...(authServer === undefined ? {} : { authServer }), ...rest };
}

const afterEquals = (piece: string): string => piece.slice(piece.indexOf("=") + 1);

function flag(parameters: ReadonlyMap<string, Parameter>, name: string): boolean {
  const value = parameters.get(name)?.value ?? false;
  if (typeof value !== "boolean") throw new AAuthVerificationError(CODE, `${name} is not a boolean`);
  return value;
}

/**
 * Writes `Agent-Auth` in the forms of profile 3.1.
 *
 * @throws {AAuthError} `malformed_challenge` for an authorization challenge without resource token
 *   or auth server, or a value that cannot be written
 *
 * @example
 * formatAgentAuth({ level: "identified" }); // httpsig; identity=?1
 */
export function formatAgentAuth(challenge: AgentAuth): string {
  const { level, algs, resourceToken, authServer, userInteraction } = challenge;
  const parts = ["httpsig"];
  if (level === "identified") parts.push("identity=?1");
  if (level === "authorized") {
    if (!resourceToken || !authServer) throw incomplete();
    // With user_interaction the form has no auth-token: the interaction comes first.
    if (userInteraction === undefined) parts.push("auth-token");
  }
  if (userInteraction !== undefined) parts.push(`user_interaction=${formatString(userInteraction, CODE)}`);
  if (resourceToken !== undefined) parts.push(`resource_token=${formatString(resourceToken, CODE)}`);
  if (authServer !== undefined) parts.push(`auth_server=${formatString(authServer, CODE)}`);
  if (algs !== undefined) parts.push(`algs=${formatStringList(algs, CODE)}`);
  return parts.join("; ");
}
