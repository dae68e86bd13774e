/**
 * Checks of a verifier in any language, over stdin and stdout: draft -11, and RFC 9421 alone.
 *
 * @module
 */

import {
  AGENT_CASES,
  BODY_CASES,
  type MessageCase,
  SERVER_CASES,
  SIGNATURE_CASES,
} from "../messages/cases.ts";
import { compose, type Plan, planOf, type Wire } from "../messages/plan.ts";
import {
  AGENT_TOKEN_CASES,
  AUTH_TOKEN_CASES,
  COMMON_TOKEN_CASES,
  PERSON_TOKEN_CASES,
} from "../messages/token-cases.ts";
import type { World } from "../peers/world.ts";
import type { Check } from "../suite/check.ts";
import type { Line, Program } from "../suite/program.ts";
import { checksOf, type Spec } from "../suite/rows.ts";
import type { Bench } from "../suite/run.ts";
import { caseRows, type Subject } from "../suite/subject.ts";
import { type Answer, TargetError } from "../suite/target.ts";
import { signAs } from "./bench.ts";

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
const subjectOf = (endpoint: Endpoint, requires: Requires): Subject<VerifyBench, Plan> => ({
  status: 401,
  plan({ world }) {
    const isResource = endpoint === "resource";
    const plan = planOf({
      authority: AUTHORITY,
      target: isResource ? "/api/data" : "/token",
      key: world.agent.key,
      token: tokenOf(world, requires),
      created: world.now(),
      ...(!isResource && { method: "POST", body: JSON.stringify({ canary: crypto.randomUUID() }) }),
    });
    if (requires === "server") signAs(plan, world.parties.ps);
    return plan;
  },
  send: ({ target, world }, plan) =>
    verify(target, compose(plan), {
      profile: "draft-11",
      verifier: VERIFIER_ID,
      endpoint,
      requires,
      scope: SCOPE,
      now: world.now(),
      documents: documentsOf(world),
      trusted: [world.parties.ps.id, world.parties.as.id],
    }),
});

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

/** Properties that the answer of a program cannot show. */
const OF_SERVERS = ["11.9.1-01"];

const endpointRows = (
  endpoint: Endpoint,
  requires: Requires,
  ...cases: readonly (readonly MessageCase[])[]
): readonly Spec<VerifyBench>[] =>
  caseRows<VerifyBench, Plan>(
    subjectOf(endpoint, requires),
    cases.flat().filter(([number]) => !OF_SERVERS.includes(number)),
  );

/** Checks of a verifier of draft -11. */
export const VERIFY_CHECKS: readonly Check<VerifyBench>[] = checksOf("verify", [
  ...endpointRows("resource", "agent-token", SIGNATURE_CASES, AGENT_CASES),
  ...endpointRows("person-server", "agent-token", BODY_CASES),
  ...endpointRows("access-server", "server", SERVER_CASES),
  ...endpointRows("resource", "agent-token", COMMON_TOKEN_CASES, AGENT_TOKEN_CASES),
  ...endpointRows("resource", "person-token", PERSON_TOKEN_CASES),
  ...endpointRows("resource", "auth-token", AUTH_TOKEN_CASES),
]);
