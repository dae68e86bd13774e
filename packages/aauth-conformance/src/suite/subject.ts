import {
  describe,
  type Finding,
  failed,
  inconclusive,
  passed,
  type Row,
  refusalProblem,
  verdictOf,
  warning,
} from "./check.ts";
import { pairOf, type Spec } from "./rows.ts";
import { type Answer, jsonOf } from "./target.ts";

/** A route, an endpoint or a program whose requests rows change. */
export interface Subject<Bench, Plan> {
  /** A new request that must be accepted. @throws TargetError */
  plan(bench: Bench): Promise<Plan> | Plan;
  /** @throws TargetError */
  send(bench: Bench, plan: Plan): Promise<Answer>;
  /** Status of refusals. The code is in `Signature-Error` with 401, otherwise in the body. */
  readonly status: 400 | 401;
}

/** A changed request. */
export type Case<Bench, Plan> = readonly [
  number: string,
  clause: Spec<Bench>["clause"],
  title: string,
  change: (plan: Plan, bench: Bench) => unknown,
  /**
   * Codes with which it is refused, separated by spaces; another is a warning. Empty: any status of
   * 4xx. Undefined: it must be accepted.
   */
  codes?: string | undefined,
  level?: Row["level"] | undefined,
  /** A condition on the refusal: its problem, if any. */
  also?: Refusal["also"],
];

/** What a refusal must look like. */
export interface Refusal {
  readonly status: 400 | 401;
  readonly codes: string;
  readonly also?: ((answer: Answer) => string | undefined) | undefined;
  /** Part of the request: an answer that has it was served. */
  readonly canary?: string | undefined;
}

export const isServed = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** Rows of requests that a subject must accept or refuse. */
export const caseRows = <Bench, Plan>(
  subject: Subject<Bench, Plan>,
  cases: readonly Case<Bench, Plan>[],
  needs: readonly string[] = [],
): readonly Spec<Bench>[] =>
  cases.map((own) => {
    const [number, clause, title, change, codes, level, also] = own;
    const { accepts, refuses } = pairOf<Bench>(needs, level);
    if (codes === undefined) {
      return accepts(number, clause, title, async (bench) => {
        const plan = await subject.plan(bench);
        await change(plan, bench);
        return refusalProblem(await subject.send(bench, plan));
      });
    }
    return refuses(number, clause, title, (bench) => expectRefused(subject, bench, change, codes, also));
  });

/** Sends the valid twin, then the request with the flaw, which must be refused. */
export async function expectRefused<Bench, Plan>(
  subject: Subject<Bench, Plan>,
  bench: Bench,
  change: (plan: Plan, bench: Bench) => unknown,
  codes: string,
  also?: Refusal["also"],
): Promise<Finding> {
  const twin = await subject.send(bench, await subject.plan(bench));
  if (!isServed(twin)) return inconclusive(`its valid twin was answered ${describe(twin)}`);
  const plan = await subject.plan(bench);
  await change(plan, bench);
  const { body } = plan as { body?: unknown };
  const canary = subject.status === 401 && typeof body === "string" ? body : undefined;
  const answer = await subject.send(bench, plan);
  return judgeRefusal(answer, twin, { status: subject.status, codes, also, canary });
}

export function judgeRefusal(
  answer: Answer,
  twin: Answer,
  { status, codes, also, canary = "" }: Refusal,
): Finding {
  const isTwin = twin.body.length > 0 && answer.body === twin.body;
  const hasCanary = canary.length > 0 && answer.body.includes(canary);
  if (!isServed(answer) && (isTwin || hasCanary)) {
    return failed(`it was served, although the status is ${answer.status}`);
  }
  if (codes === "" && answer.status >= 400 && answer.status < 500) return passed;
  const finding = problemFinding(answer, status, ...codes.split(" "));
  return finding === passed ? verdictOf(also?.(answer)) : finding;
}

/** Finding on an answer that must be a refusal with this status and one of the codes. */
export function problemFinding(answer: Answer, status: number, ...codes: readonly string[]): Finding {
  if (answer.status < 300) return failed(`it was accepted: ${describe(answer)}`);
  if (answer.status !== status) return failed(`it was answered ${describe(answer)}, not ${status}`);
  const code = status === 401 ? answer.code : jsonOf(answer)?.error;
  if (status === 401 && code === undefined) return failed("the answer has no Signature-Error with a code");
  return codes.includes(String(code))
    ? passed
    : warning(`the code is ${JSON.stringify(code)}, not ${codes.join(" or ")}`);
}
