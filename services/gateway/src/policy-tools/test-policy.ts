import type { CelContext } from "../cel/expression.ts";
import type {
  AuthorizationRule,
  Bind,
  GatewayConfiguration,
  Policies,
} from "../configuration/document-schema.ts";
import { evaluateMetadata } from "../policies/ext-authz.ts";
import { celContext } from "../proxy/cel-context.ts";
import type { RequestHead } from "../proxy/request-head.ts";
import { selectListener } from "../routing/select-listener.ts";
import { selectRoute } from "../routing/select-route.ts";
import { aauthCheckOf } from "./aauth-check.ts";
import { type ExplainedPart, explainNotTrue } from "./explain-expression.ts";
import { predictCheck } from "./predict-check.ts";
import type { RecordedRequest } from "./requests-file.ts";

/** A rule as it came out for one request. */
export interface RuleResult {
  /** From 1, in the file's order. */
  readonly rule: number;
  readonly effect: AuthorizationRule["effect"];
  readonly line?: number;
  readonly isTrue: boolean;
  /** For a rule that is not true: which parts are not, and why. */
  readonly parts: readonly ExplainedPart[];
}

/** What becomes of one recorded request. */
export interface RequestResult {
  readonly request: RecordedRequest;
  readonly route?: string;
  readonly decision: "allowed" | "refused";
  /** Status of a refusal. */
  readonly status?: number;
  /** Who decided: the routing, gateway-authz before the rules, a rule, or that none was true. */
  readonly decidedBy: "routing" | "gateway-authz" | "rule" | "no rule" | "no rules";
  readonly reason: string;
  readonly rules: readonly RuleResult[];
  readonly isAsExpected: boolean;
}

/**
 * Evaluates recorded requests as the gateway would, without a gateway: routing, what gateway-authz makes of the caller, and the rules.
 * CORS, rate limits and the agent behind are not part of it, and signatures are taken for good.
 */
export function testPolicy(
  configuration: GatewayConfiguration,
  requests: readonly RecordedRequest[],
): RequestResult[] {
  return requests.map((request) => {
    const result = decide(configuration, request);
    const isAsExpected = request.expect === undefined || request.expect === result.decision;
    return { ...result, request, isAsExpected };
  });
}

type Decision = Omit<RequestResult, "request" | "isAsExpected">;

function decide(configuration: GatewayConfiguration, request: RecordedRequest): Decision {
  const head = headOf(request);
  const bind = bindFor(configuration, request.url);
  const listener = selectListener(bind, head.hostname);
  if (listener === undefined) return refusedByRouting(`listener not found: nothing serves ${head.hostname}`);
  const route = selectRoute(listener, head)?.route;
  if (route === undefined) return refusedByRouting("route not found");

  const { policies, name } = route;
  const context = celContext(head);
  const check = aauthCheckOf(policies, context);
  let note = "";
  if (check !== undefined) {
    const answer = predictCheck(check, head, request.aauth);
    if (!answer.passes) {
      const { status, reason } = answer;
      return {
        route: name,
        decision: "refused",
        status,
        decidedBy: "gateway-authz",
        reason,
        rules: [],
      };
    }
    Object.assign(context, { extauthz: metadataOf(policies, context, answer.claims) });
    if (answer.note !== undefined) note = ` (${answer.note})`;
  }
  const { authorization } = policies;
  if (authorization === undefined) {
    return {
      route: name,
      decision: "allowed",
      decidedBy: "no rules",
      reason: `the route has no rules${note}`,
      rules: [],
    };
  }
  const { binds, lineOf } = configuration;
  const at = ["binds", binds.indexOf(bind), "listeners", bind.listeners.indexOf(listener)];
  const rulesAt = [...at, "routes", listener.routes.indexOf(route), "policies", "authorization", "rules"];
  const rules = authorization.map((rule, index) =>
    ruleResult(rule, index + 1, lineOf([...rulesAt, index]), context),
  );
  return { route: name, ...verdict(rules, note), rules };
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
  const isTrue = expression.isTrue(context);
  return {
    rule: number,
    effect,
    ...(line !== undefined && { line }),
    isTrue,
    parts: isTrue ? [] : explainNotTrue(expression.source, context),
  };
}

function refusedByRouting(reason: string): Decision {
  return { decision: "refused", status: 404, decidedBy: "routing", reason, rules: [] };
}

/** The bind of the URL's port; a policy that is tested on other ports than it runs on has only one bind to mean. */
function bindFor({ binds }: GatewayConfiguration, url: string): Bind {
  const port = Number(new URL(url).port || 80);
  return binds.find((bind) => bind.port === port) ?? binds[0]!;
}

/** What the route's own metadata expressions make of the answer that gateway-authz would give. */
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
