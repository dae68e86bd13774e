/**
 * A person server as the client of an access server, which the suite plays.
 *
 * @module
 */

import { judgeMessage } from "../judge/judge-message.ts";
import type { Message } from "../judge/message.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { BASE_COMPONENTS, BODY_COMPONENTS, type TokenPlan, tokenOf } from "../messages/plan.ts";
import * as F from "../messages/token-flaws.ts";
import type { PlayedAnswer } from "../peers/listener.ts";
import { differs } from "../suite/check.ts";
import { pairOf, type Spec } from "../suite/rows.ts";
import { problemFinding } from "../suite/subject.ts";
import { jsonOf } from "../suite/target.ts";
import { publishedKeys } from "./bench.ts";
import {
  begin,
  having,
  planIn,
  pollLater,
  type ServerBench,
  send,
  type TokenRequest,
} from "./server-bench.ts";

const { accepts, refuses } = pairOf<ServerBench>(["federation"]);

/** The access server's answer with the auth token that was asked for, or with a flaw. */
function granted({ world }: ServerBench, request: TokenRequest, flaw: F.Flaw = () => {}): PlayedAnswer {
  const { iss, ps, sub, scope } = planIn(request, "resource").claims;
  const claims = { ps, sub, scope, exp: world.now() + 600 };
  const token = world.authToken(String(iss), { issuer: world.parties.as, claims });
  flaw(token, world);
  return { status: 200, body: { auth_token: tokenOf(token), expires_in: 600 } };
}

type Spoilt = readonly [number: string, clause: ClauseName, what: string, flaw: F.Flaw];
const SPOILT: readonly Spoilt[] = [
  ["01", "9.1.3/scope", "with more scope", F.claims({ scope: "data.read data.write" })],
  ["02", "9.1.3/aud", "for another resource", F.forAnother],
  ["03", "9.1.3/cnf", "for another key", F.anotherKey],
  ["04", "9.1.3/sub", "for another person", F.anotherPerson],
  ["05", "9.1.3/iss", "of another issuer", F.claims(({ parties }) => ({ iss: parties.ps.id }))],
  ["06", "9.1.3/exp", "that outlives the presented token", F.claims(({ now }) => ({ exp: now() + 3590 }))],
  ["07", "9.1.3/signature", "that is forged", F.forged],
];

/** @param make a request whose resource token is for the played access server */
export function federationRows(
  make: (bench: ServerBench) => Promise<TokenRequest>,
): readonly Spec<ServerBench>[] {
  /** Answers a request as the access server does, after a twin that it granted. */
  const answered = async (bench: ServerBench, answer: (request: TokenRequest) => PlayedAnswer) => {
    const twin = await make(bench);
    bench.accessServer = () => granted(bench, twin);
    having(200, await send(bench, twin), "its valid twin");
    const request = await make(bench);
    bench.accessServer = () => answer(request);
    return send(bench, request);
  };
  /** The message to the access server, and the request that caused it. */
  const seen = async (bench: ServerBench) => {
    const request = await make(bench);
    let message: Message | undefined;
    bench.accessServer = (own) => {
      message = own;
      return granted(bench, request);
    };
    const answer = await send(bench, request);
    return { request, answer, message };
  };
  return [
    accepts("9.1.1-01", "9.1.1/post", "signs its request to the access server as a server", async (bench) => {
      const { message } = await seen(bench);
      if (message === undefined) return "the access server was not asked";
      const keys = await publishedKeys(bench);
      const { problems, scheme, parameters, covered } = judgeMessage(message, ({ kid }) => {
        return keys.find((key) => key.kid === kid);
      });
      const open = [...BASE_COMPONENTS, ...BODY_COMPONENTS].find((name) => !covered.includes(name));
      if (open !== undefined) return `it does not cover ${open}`;
      return (
        problems[0] ??
        differs("the scheme", scheme, "jwks_uri") ??
        differs("id", parameters.id, bench.id) ??
        differs("dwk", parameters.dwk, "aauth-person.json")
      );
    }),
    accepts("9.1.1-02", "9.1.1/agent", "passes the tokens of the request on", async (bench) => {
      const { request, message } = await seen(bench);
      const sent = jsonOf({ body: message?.body ?? "" });
      const { token } = request.signer as { readonly token: TokenPlan };
      return (
        differs("presented_token", sent?.presented_token, request.body.presented_token) ??
        differs("agent_token", sent?.agent_token, tokenOf(token))
      );
    }),
    ...SPOILT.map(([number, clause, what, flaw]) =>
      refuses(`9.1.3-${number}`, clause, `delivers no auth token ${what}`, async (bench) =>
        problemFinding(await answered(bench, (own) => granted(bench, own, flaw)), 502, "as_unreachable"),
      ),
    ),
    refuses("9.1.3-08", "9.1.3/unreachable", "reports an answer that is malformed", async (bench) =>
      problemFinding(await answered(bench, () => ({ status: 200, body: "{}" })), 502, "as_unreachable"),
    ),
    refuses("9.1.3-09", "9.1.3/relay", "passes a refusal of the access server on", async (bench) => {
      const fields = { "content-type": "application/problem+json" };
      const answer = await answered(bench, () => ({ status: 403, fields, body: `{"error":"denied"}` }));
      return problemFinding(answer, 403, "denied");
    }),
    accepts("9.2-01", "9.2/sub", "sends no sub to an access server that asks for it", async (bench) => {
      const location = `${bench.world.parties.as.id}/pending`;
      const fields = { location, "retry-after": "0", "aauth-requirement": "requirement=claims" };
      const body = { status: "pending", required_claims: ["sub", "email"] };
      bench.accessServer = () => ({ status: 202, fields, body });
      const request = await make(bench);
      const answer = await begin(bench, request);
      if (answer.status === 202) await pollLater(bench, answer, request.signer);
      const sent = bench.received.find(({ message }) => message.target === "/pending");
      return jsonOf({ body: sent?.message.body ?? "" })?.sub !== undefined && "it did";
    }),
  ];
}
