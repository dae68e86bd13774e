/**
 * A gateway that verifies agents before a resource, which the suite plays.
 *
 * @module
 */

import { fieldOf, type Message } from "../judge/message.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { AGENT_CASES, SIGNATURE_CASES } from "../messages/cases.ts";
import { compose, type Plan, type Wire } from "../messages/plan.ts";
import { AGENT_TOKEN_CASES, COMMON_TOKEN_CASES } from "../messages/token-cases.ts";
import type { Listener } from "../peers/listener.ts";
import { RESOURCE_DOCUMENT } from "../peers/world.ts";
import { type Check, describe, differs, type Row } from "../suite/check.ts";
import { checksOf, type Outcome, pairOf, type Spec } from "../suite/rows.ts";
import { caseRows, isServed, type Subject } from "../suite/subject.ts";
import { type Answer, TargetError } from "../suite/target.ts";
import { createPartyBench, type PartyBench, type PartyOptions, planFor } from "./bench.ts";
import { challengeProblem } from "./resource-bench.ts";

/** A gateway under test. */
export interface GatewayBench extends PartyBench {
  /** A path that needs an agent token. */
  readonly path: string;
  /** Fields in which the gateway tells the resource who calls. */
  readonly identity: readonly string[];
  /** Requests that have reached the resource. */
  readonly reached: Message[];
}

export interface GatewayBenchOptions extends PartyOptions {
  /** Listens where the gateway forwards to. */
  readonly upstream: Pick<Listener, "play">;
  readonly path?: string | undefined;
  readonly identity?: readonly string[] | undefined;
}

export async function createGatewayBench(options: GatewayBenchOptions): Promise<GatewayBench> {
  const { upstream, path = "/", identity = [] } = options;
  const has = identity.length > 0 ? ["identity fields"] : [];
  const party = await createPartyBench(options, RESOURCE_DOCUMENT, has);
  const reached: Message[] = [];
  upstream.play = (_, message) => {
    reached.push(message);
    party.target.received(message);
    return { status: 200, body: "served by the upstream" };
  };
  return { ...party, path, identity, reached };
}

const planOf = (bench: GatewayBench, content?: object): Plan => {
  const method = content === undefined ? "GET" : "POST";
  return planFor(bench, method, bench.path, bench.world.agentToken(), content);
};

interface Sent {
  readonly answer: Answer;
  readonly reached: readonly Message[];
}

async function sendWire(bench: GatewayBench, wire: Wire | Message): Promise<Sent> {
  bench.reached.length = 0;
  const answer = await bench.target.send(wire);
  return { answer, reached: [...bench.reached] };
}

/** A request that reaches the upstream counts as served, whatever status the caller receives. */
const SUBJECT: Subject<GatewayBench, Plan> = {
  status: 401,
  plan: (bench) => planOf(bench),
  async send(bench, plan) {
    const { answer, reached } = await sendWire(bench, compose(plan));
    if (isServed(answer) && reached.length === 0) throw new TargetError("it was served without the upstream");
    return reached.length > 0 ? { ...answer, status: 200 } : answer;
  },
};

const { accepts, refuses } = pairOf<GatewayBench>();

/** A row of a valid request, which must arrive; what arrives is judged. */
const arriving = (
  number: string,
  clause: ClauseName,
  title: string,
  change: (plan: Plan) => unknown,
  problem: (arrived: Message, plan: Plan, bench: GatewayBench) => Outcome,
  { needs = [], level, content }: { needs?: string[]; level?: Row["level"]; content?: object } = {},
): Spec<GatewayBench> =>
  pairOf<GatewayBench>(needs, level).accepts(number, clause, title, async (bench) => {
    const plan = planOf(bench, content);
    change(plan);
    const { answer, reached } = await sendWire(bench, compose(plan));
    const [arrived] = reached;
    return arrived === undefined ? `it was answered ${describe(answer)}` : problem(arrived, plan, bench);
  });

/** Sends the valid request, then another of which nothing may arrive. */
const stopping = (
  number: string,
  clause: ClauseName,
  title: string,
  make: (wire: Wire, bench: GatewayBench) => { readonly bytes: string } | Message,
  /** Statuses of the refusal; none: any. */
  statuses: readonly number[] = [],
  level?: Row["level"],
): Spec<GatewayBench> =>
  pairOf<GatewayBench>([], level).refuses(number, clause, title, async (bench) => {
    const twin = await sendWire(bench, compose(planOf(bench, {})));
    if (twin.reached.length === 0)
      throw new TargetError(`its valid twin was answered ${describe(twin.answer)}`);
    const wire = compose(planOf(bench, {}));
    const made = make(wire, bench);
    bench.reached.length = 0;
    const isText = "bytes" in made;
    const answer = await (isText ? bench.target.sendBytes(wire, made.bytes) : bench.target.send(made));
    if (bench.reached.length > 0) return `${bench.reached.length} reached the upstream`;
    if (statuses.length === 0 || statuses.includes(answer.status)) return undefined;
    return `it was answered ${answer.status}, not ${statuses.join(" or ")}`;
  });

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n";

/** A request as text. The length is that of the body, unless the lines say otherwise. */
function textOf(
  { method, target, authority, fields, body = "" }: Wire,
  more: readonly string[] = [`content-length: ${body.length}`],
  sent = body,
  start = `${method} ${target} HTTP/1.1`,
): { bytes: string } {
  const lines = [start, `Host: ${authority}`, ...fields.map(([name, value]) => `${name}: ${value}`), ...more];
  return { bytes: `${lines.join("\r\n")}\r\n\r\n${sent}` };
}

const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

/** Framing that a gateway and a resource could read differently. */
const FRAMINGS: readonly (readonly [
  number: string,
  ClauseName,
  string,
  (wire: Wire) => { bytes: string },
])[] = [
  [
    "9112.6.3-01",
    "HTTP6.3/length",
    "forwards nothing with two lengths",
    (wire) => textOf(wire, ["content-length: 2", "content-length: 60"], `{}${SMUGGLED}`),
  ],
  [
    "9112.6.3-02",
    "HTTP6.3/length",
    "forwards nothing with a signed length",
    (wire) => textOf(wire, ["content-length: +2"]),
  ],
  [
    "9112.6.3-03",
    "HTTP6.3/coding",
    "forwards nothing whose last coding is not chunked",
    (wire) => textOf(wire, ["transfer-encoding: chunked, identity"], chunked("{}")),
  ],
  [
    "9112.6.3-04",
    "HTTP6.3/coding",
    "forwards nothing with an unknown coding",
    (wire) => textOf(wire, ["transfer-encoding: xchunked"], chunked("{}")),
  ],
  [
    "9112.5.1-01",
    "HTTP5.1/colon",
    "forwards nothing with a blank before a colon",
    (wire) => textOf(wire, ["x-note : one", "content-length: 2"]),
  ],
  [
    "9112.3.2-01",
    "HTTP3.2/host",
    "forwards nothing with two hosts",
    (wire) => textOf(wire, ["Host: other.example", "content-length: 2"]),
  ],
];

const sameFields = (names: readonly string[]) => (arrived: Message, plan: Plan) => {
  const sent = compose(plan);
  return names.map((name) => differs(name, fieldOf(arrived, name), fieldOf(sent, name))).find(Boolean);
};
const OTHER = "other.example";
/** A request to another authority, which is signed for it. */
const signedForOther = (bench: GatewayBench, fields: readonly [string, string][] = []): Message => {
  const plan = planOf(bench);
  plan.authority = OTHER;
  plan.fields.push(...fields);
  return { ...compose(plan), address: bench.host };
};

const arrivals: readonly Spec<GatewayBench>[] = [
  accepts("11.3.4-41", "11.3.4/signature", "passes the signature's fields on unchanged", async (bench) => {
    const wire = compose(planOf(bench));
    const [arrived] = (await sendWire(bench, wire)).reached;
    if (arrived === undefined) return "it was not forwarded";
    const names = ["signature", "signature-input", "signature-key"];
    return names.map((name) => differs(name, fieldOf(arrived, name), fieldOf(wire, name))).find(Boolean);
  }),
  arriving(
    "9110.5.1-01",
    "HTTP5.1/forward",
    "passes a covered field on unchanged",
    ({ fields, components }) => {
      fields.push(["x-note", 'a  "b" , c;d=e']);
      components.push("x-note");
    },
    sameFields(["x-note"]),
  ),
  arriving(
    "9110.5.3-01",
    "HTTP5.3/order",
    "keeps the order of a field's lines",
    ({ fields }) => fields.push(["x-note", "one"], ["x-note", "two"]),
    (arrived) => differs("x-note", fieldOf(arrived, "x-note")?.replace(/\s/g, ""), "one,two"),
  ),
  arriving(
    "9110.7.7-01",
    "HTTP7.7/target",
    "keeps a path's percent-encoding",
    (plan) => Object.assign(plan, { target: `${plan.target}%7Ea%2fb` }),
    (arrived, { target }) => differs("the target", arrived.target, target),
  ),
  arriving(
    "9110.7.7-02",
    "HTTP7.7/target",
    "keeps a query as it was signed",
    (plan) => {
      plan.target += "?a=%20+%2F&&b=%c3%a9";
      plan.components.push("@query");
    },
    (arrived, { target }) => differs("the target", arrived.target, target),
  ),
  arriving(
    "11.3.3.1-41",
    "11.3.3.1/base",
    "passes the host on for which the agent has signed",
    () => {},
    ({ authority }, _, { host }) => differs("Host", authority, host),
    { level: "should" },
  ),
  arriving(
    "11.3.3.1-42",
    "11.3.3.1/body",
    "passes the body on unchanged",
    () => {},
    ({ body }, plan) => differs("the body", body, plan.body),
    { content: { text: "grüße\u0000" } },
  ),
  arriving(
    "9110.7.6.1-01",
    "HTTP7.6.1/connection",
    "removes the fields that Connection names",
    ({ fields }) => fields.push(["connection", "x-hop"], ["x-hop", "1"]),
    (arrived) => fieldOf(arrived, "x-hop") !== undefined && "x-hop arrived",
  ),
  ...["", "_"].map((joint, index) =>
    pairOf<GatewayBench>(["identity fields"]).accepts(
      `13.3-4${index + 1}`,
      "13.3/validate",
      `passes no caller's own identity on${joint && " that is spelled with underscores"}`,
      async (bench) => {
        const { identity } = bench;
        const plan = planOf(bench);
        const forged = identity.map((name) => (joint ? name.replaceAll("-", joint) : name));
        for (const name of forged) plan.fields.push([name, "forged"]);
        const { answer, reached } = await sendWire(bench, compose(plan));
        if (reached.length === 0) return answer.status >= 500 && `it was answered ${describe(answer)}`;
        return reached[0]!.fields.some(([, value]) => value.includes("forged")) && "it arrived";
      },
    ),
  ),
];

const refusals: readonly Spec<GatewayBench>[] = [
  refuses("6.1-01", "6.1/challenge", "asks an unsigned request for an agent token", async (bench) => {
    const { host: authority, path } = bench;
    const unsigned = { method: "GET", authority, target: path, fields: [], body: undefined };
    const { answer, reached } = await sendWire(bench, unsigned);
    if (reached.length > 0) return "it reached the upstream";
    return challengeProblem(answer, "agent-token");
  }),
  stopping("11.3.3.1-43", "11.3.3.1/base", "forwards nothing that is signed for another host", (_, bench) =>
    signedForOther(bench),
  ),
  stopping("11.3.3.1-44", "11.3.3.1/base", "believes no X-Forwarded-Host", (_, bench) => ({
    ...signedForOther(bench, [["x-forwarded-host", OTHER]]),
    authority: bench.host,
  })),
  stopping("11.3.3.1-45", "11.3.3.1/base", "believes no Forwarded", (_, bench) => ({
    ...signedForOther(bench, [["forwarded", `host=${OTHER};proto=https`]]),
    authority: bench.host,
  })),
  stopping(
    "11.3.4-42",
    "11.3.4/missing",
    "forwards nothing whose Connection names Signature",
    (wire) => {
      const fields = wire.fields.map(([name, value]): [string, string] => [name, value]);
      return { ...wire, fields: [...fields, ["connection", "signature, signature-input"]] };
    },
    [],
    "should",
  ),
  stopping("11.3.4-43", "RFC2.1/combine", "forwards nothing with two Signature-Key fields", (wire) => {
    const key = fieldOf(wire, "signature-key")!;
    return { ...wire, fields: [...wire.fields, ["signature-key", key]] };
  }),
  stopping(
    "11.3.4-44",
    "RFC2.1/combine",
    "forwards nothing whose covered field has another line",
    (_, bench) => {
      const plan = planOf(bench);
      plan.fields.push(["x-note", "one"]);
      plan.components.push("x-note");
      plan.tampers.push((draft) => draft.fields.push(["x-note", "two"]));
      return compose(plan);
    },
  ),
  stopping(
    "9112.3.2.2-01",
    "HTTP3.2.2/absolute",
    "forwards nothing whose target names another host",
    (wire) => textOf(wire, undefined, undefined, `${wire.method} http://${OTHER}${wire.target} HTTP/1.1`),
  ),
  ...FRAMINGS.map(([number, clause, title, make]) => stopping(number, clause, title, make, [400, 501])),
  refuses("9112.6.1-01", "HTTP6.1/both", "forwards no request that a length hides", async (bench) => {
    const wire = compose(planOf(bench, {}));
    bench.reached.length = 0;
    const lines = ["content-length: 4", "transfer-encoding: chunked"];
    await bench.target.sendBytes(wire, textOf(wire, lines, `${chunked("{}")}${SMUGGLED}`).bytes);
    return bench.reached.some(({ target }) => target === "/smuggled") && "the hidden request arrived";
  }),
];

/** All checks of a gateway, in the order in which they run. */
export const GATEWAY_CHECKS: readonly Check<GatewayBench>[] = checksOf("gateway", [
  ...refusals,
  ...caseRows(SUBJECT, [...SIGNATURE_CASES, ...AGENT_CASES, ...COMMON_TOKEN_CASES, ...AGENT_TOKEN_CASES]),
  ...arrivals,
]);
