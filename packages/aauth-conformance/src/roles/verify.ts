/**
 * Checks of a verifier in any language, over stdin and stdout: draft -11, and RFC 9421 alone.
 *
 * @module
 */

import { SIGNATURE_CASES, type Trait } from "../messages/cases.ts";
import { BASE_COMPONENTS, BODY_COMPONENTS, type Plan, type Wire } from "../messages/plan.ts";
import {
  AGENT_TOKEN_CASES,
  AUTH_TOKEN_CASES,
  COMMON_TOKEN_CASES,
  PERSON_TOKEN_CASES,
} from "../messages/token-cases.ts";
import type { World } from "../peers/world.ts";
import type { Check } from "../suite/check.ts";
import { messageChecks } from "../suite/message-checks.ts";
import type { Line, Program } from "../suite/program.ts";
import type { Bench } from "../suite/run.ts";
import type { Subject } from "../suite/subject.ts";
import { type Answer, TargetError } from "../suite/target.ts";

/** A verifier under test. */
export interface VerifyBench extends Bench {
  readonly target: Program;
  readonly world: World;
}

/** Identifier under which the verifier verifies. */
export const VERIFIER_ID = "https://verifier.example";
const AUTHORITY = "verifier.example";
/** Scope that an auth token must have. */
const SCOPE = "data.read";

type Requires = "agent-token" | "person-token" | "auth-token" | "server";
type Endpoint = "resource" | "person-server" | "access-server";

/** A subject whose messages say what the endpoint requires. The body is a canary. */
function subjectOf({ world, target }: VerifyBench, endpoint: Endpoint, requires: Requires): Subject {
  const documents = documentsOf(world);
  return {
    plan() {
      const hasBody = endpoint !== "resource";
      const plan: Plan = {
        method: hasBody ? "POST" : "GET",
        authority: AUTHORITY,
        target: hasBody ? "/token" : "/api/data",
        fields: [],
        body: hasBody ? JSON.stringify({ canary: crypto.randomUUID() }) : undefined,
        label: "sig",
        key: world.agent.key,
        otherKeys: "",
        token: tokenOf(world, requires),
        signatureKey: undefined,
        components: [...BASE_COMPONENTS, ...(hasBody ? BODY_COMPONENTS : [])],
        params: [["created", world.now()]],
        tampers: [],
      };
      if (requires === "server") {
        const { ps } = world.parties;
        plan.key = ps.key;
        plan.signatureKey = `jwks_uri;id="${ps.id}";dwk="aauth-person.json";kid="${ps.key.kid}"`;
      }
      return plan;
    },
    send: (wire) =>
      verify(target, wire, {
        profile: "draft-11",
        verifier: VERIFIER_ID,
        endpoint,
        requires,
        scope: SCOPE,
        now: world.now(),
        documents,
        trusted: [world.parties.ps.id, world.parties.as.id],
      }),
  };
}

function tokenOf(world: World, requires: Requires): Plan["token"] {
  if (requires === "server") return undefined;
  if (requires === "agent-token") return world.agentToken();
  return requires === "person-token"
    ? world.personToken(VERIFIER_ID)
    : world.authToken(VERIFIER_ID, { claims: { scope: SCOPE } });
}

function documentsOf({ parties }: World): Record<string, unknown> {
  return Object.fromEntries(
    Object.values(parties).flatMap(({ id, documents }) =>
      [...documents].map(([path, document]) => [`${id}${path}`, document]),
    ),
  );
}

/** Asks the program for its verdict. @throws TargetError */
export function verify(program: Program, wire: Wire, context: object): Promise<Answer> {
  const { method, authority, target, fields: headers, body = null } = wire;
  return program.ask(wire, { method, authority, target, headers, body, ...context }, answerOf);
}

/** A verdict as the answer that a server would give. `body` is what the application would get. */
function answerOf({ accept, error, body }: Line): Answer {
  if (typeof accept !== "boolean") throw new TargetError("the verdict has no boolean accept");
  const text = typeof body === "string" ? body : "";
  if (accept) return { status: 200, fields: {}, body: text };
  const code = typeof error === "string" ? error : undefined;
  // The programs name codes, not fields: what a field would add is not judged.
  const fields = { "accept-signature-scheme": "jwt", "signature-error": "required_input=(" };
  return { status: 401, fields, body: text, code };
}

const traitCases = (trait: Trait) => SIGNATURE_CASES.filter(({ traits }) => traits.includes(trait));

/** Properties that the answer of a program cannot show. */
const OF_SERVERS = ["11.9.1-01"];

const endpointChecks = (
  cases: Parameters<typeof messageChecks>[2],
  endpoint: Endpoint,
  requires: Requires,
  traits: readonly Trait[],
): readonly Check<VerifyBench>[] =>
  messageChecks<VerifyBench>(
    "verify",
    "VF",
    cases.filter(({ number }) => !OF_SERVERS.includes(number)),
    { traits, needs: [], subject: (bench) => subjectOf(bench, endpoint, requires) },
  );

/** Checks of a verifier of draft -11. */
export const VERIFY_CHECKS: readonly Check<VerifyBench>[] = [
  ...endpointChecks(SIGNATURE_CASES, "resource", "agent-token", ["jwt", "bodiless"]),
  ...endpointChecks(traitCases("body"), "person-server", "agent-token", ["body"]),
  ...endpointChecks(traitCases("server"), "access-server", "server", ["server"]),
  ...endpointChecks([...COMMON_TOKEN_CASES, ...AGENT_TOKEN_CASES], "resource", "agent-token", ["jwt"]),
  ...endpointChecks(PERSON_TOKEN_CASES, "resource", "person-token", ["jwt"]),
  ...endpointChecks(AUTH_TOKEN_CASES, "resource", "auth-token", ["jwt"]),
];
