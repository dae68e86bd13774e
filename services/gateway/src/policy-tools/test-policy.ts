import type { CelContext } from "../cel/expression.ts";
import type { AuthorizationRule, GatewayConfiguration, Policies } from "../configuration/document-schema.ts";
import { evaluateMetadata } from "../policies/ext-authz.ts";
import { celContext } from "../proxy/cel-context.ts";
import type { RequestHead } from "../proxy/request-head.ts";
import { selectListener } from "../routing/select-listener.ts";
import { aauthCheckOf } from "./aauth-check.ts";
import { rulePath } from "./check-policy.ts";
import { predictCheck } from "./predict-check.ts";
import type { RecordedRequest } from "./requests-file.ts";

/** Evaluation of a rule for one request. */
export interface RuleResult {
  /** From 1, in the file's order. */
  readonly rule: number;
  readonly effect: AuthorizationRule["effect"];
  readonly line?: number;
  readonly isTrue: boolean;
  /**
   * Reason why it could not be evaluated, for example a missing key. Such a rule counts as false.
   */
  readonly failure?: string;
}

/** Decision on one recorded request. */
export interface RequestResult {
  readonly request: RecordedRequest;
  readonly route?: string;
  readonly decision: "allowed" | "refused";
  /** Status of a refusal. */
  readonly status?: number;
  /**
   * Origin of the decision: the routing, gateway-authz before the rules, a rule, or no true rule.
   */
  readonly decidedBy: "routing" | "gateway-authz" | "rule" | "no rule" | "no rules";
  readonly reason: string;
  readonly rules: readonly RuleResult[];
  readonly isAsExpected: boolean;
}

/**
 * Evaluates recorded requests as the gateway would, without a gateway: routing, what gateway-authz
 * makes of the caller, and the rules. CORS, rate limits and the agent behind are not part of it,
 * and signatures are taken for good.
 *
 * @param profile of a route that names none, as `AAUTH_PROFILE` of gateway-authz
 */
export function testPolicy(
  configuration: GatewayConfiguration,
  requests: readonly RecordedRequest[],
  profile = "february-2026",
): RequestResult[] {
  return requests.map((request) => {
    const result = decide(configuration, request, profile);
    const isAsExpected = request.expect === undefined || request.expect === result.decision;
    return { ...result, request, isAsExpected };
  });
}

type Decision = Omit<RequestResult, "request" | "isAsExpected">;

function decide({ bind, lineOf }: GatewayConfiguration, request: RecordedRequest, profile: string): Decision {
  const head = headOf(request);
  const listener = selectListener(bind.listeners, head.hostname);
  if (listener === undefined) {
    const reason = `listener not found: nothing serves ${head.hostname}`;
    return { decision: "refused", status: 404, decidedBy: "routing", reason, rules: [] };
  }
  const { policies, name: route } = listener.route;
  const context = celContext(head);
  const check = aauthCheckOf(policies, profile, context);
  let note = "";
  if (check !== undefined) {
    const answer = predictCheck(check, head, request.aauth);
    if (!answer.passes) {
      const { status, reason } = answer;
      return { route, decision: "refused", status, decidedBy: "gateway-authz", reason, rules: [] };
    }
    Object.assign(context, { extauthz: metadataOf(policies, context, answer.claims) });
    if (answer.note !== undefined) note = ` (${answer.note})`;
  }
  const { authorization } = policies;
  if (authorization === undefined) {
    const reason = `the route has no rules${note}`;
    return { route, decision: "allowed", decidedBy: "no rules", reason, rules: [] };
  }
  const index = bind.listeners.indexOf(listener);
  const rules = authorization.map((rule, number) =>
    ruleResult(rule, number + 1, lineOf(rulePath(index, number)), context),
  );
  return { route, ...verdict(rules, note), rules };
}

/** As the gateway's own authorization policy: deny, require, then allow. */
function verdict(
  rules: readonly RuleResult[],
  note: string,
): Pick<Decision, "decision" | "status" | "decidedBy" | "reason"> {
  for (const { effect, isTrue, rule } of rules) {
    if (effect !== "allow" && isTrue === (effect === "deny")) {
      const reason = effect === "deny" ? `rule ${rule} denies it` : `rule ${rule} requires what it lacks`;
      return { decision: "refused", status: 403, decidedBy: "rule", reason };
    }
  }
  const allows = rules.filter(({ effect }) => effect === "allow");
  const allowing = allows.find(({ isTrue }) => isTrue);
  if (allowing !== undefined)
    return { decision: "allowed", decidedBy: "rule", reason: `rule ${allowing.rule}${note}` };
  if (allows.length === 0)
    return { decision: "allowed", decidedBy: "no rule", reason: `no rule refuses it${note}` };
  return { decision: "refused", status: 403, decidedBy: "no rule", reason: "no rule allows it" };
}

function ruleResult(
  { effect, expression }: AuthorizationRule,
  number: number,
  line: number | undefined,
  context: CelContext,
): RuleResult {
  const outcome = expression.evaluate(context);
  return {
    rule: number,
    effect,
    ...(line !== undefined && { line }),
    isTrue: "value" in outcome && outcome.value === true,
    ...("failure" in outcome && { failure: outcome.failure }),
  };
}

/** Values of the route's metadata expressions for gateway-authz's answer. */
function metadataOf(
  { extAuthz }: Policies,
  context: CelContext,
  claims: object,
): Readonly<Record<string, unknown>> {
  if (extAuthz === undefined) return {};
  const field = Buffer.from(JSON.stringify(claims)).toString("latin1");
  const answer = { status: 200, fields: ["x-aauth-claims", field] };
  return evaluateMetadata(extAuthz, context, answer).extauthz;
}

/** Path and query as written: a URL parser would resolve `/a/../b`, which no gateway does. */
function headOf({ method, url, headers }: RecordedRequest): RequestHead {
  const [, authority, target = "/"] = /^http:\/\/([^/?#]*)([^#]*)/.exec(url)!;
  const rooted = target.startsWith("/") ? target : `/${target}`;
  return {
    method,
    target: rooted,
    path: rooted.split("?")[0]!,
    authority: authority!,
    hostname: authority!.replace(/:\d+$/, ""),
    httpVersion: "1.1",
    fields: Object.entries(headers).flat(),
    sourceAddress: "127.0.0.1",
    sourcePort: 0,
    hasBody: false,
  };
}
