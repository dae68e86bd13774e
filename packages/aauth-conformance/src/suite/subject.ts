import type { Wire } from "../messages/plan.ts";
import { compose, type Plan } from "../messages/plan.ts";
import {
  describe,
  type Finding,
  failed,
  inconclusive,
  passed,
  refusalProblem,
  verdictOf,
  warning,
} from "./check.ts";
import type { Answer } from "./target.ts";

/** Whatever verifies messages: a route of a server, or a program over stdin and stdout. */
export interface Subject {
  /** A new message that must be accepted. */
  plan(): Promise<Plan> | Plan;
  /** @throws TargetError */
  send(wire: Wire): Promise<Answer>;
}

/** What a refusal must look like. */
export interface Refusal {
  /** Codes of `Signature-Error`; another code is a warning. Empty: none is needed. */
  readonly codes: readonly string[];
  /** A further condition on the refusal: its problem, if any. */
  readonly also?: ((answer: Answer) => string | undefined) | undefined;
}

export const isServed = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** The valid message must be served. */
export async function expectServed(
  subject: Subject,
  change: (plan: Plan) => void = () => {},
): Promise<Finding> {
  const plan = await subject.plan();
  change(plan);
  return verdictOf(refusalProblem(await subject.send(compose(plan))));
}

/** Sends the valid twin, then the message with the flaw, which must be refused. */
export async function expectRefused(
  subject: Subject,
  change: (plan: Plan) => void,
  refusal: Refusal,
): Promise<Finding> {
  const twin = await subject.send(compose(await subject.plan()));
  if (!isServed(twin)) return inconclusive(`its valid twin was answered ${describe(twin)}`);
  const plan = await subject.plan();
  change(plan);
  const answer = await subject.send(compose(plan));
  return judgeRefusal(answer, twin, refusal, plan.body);
}

/** @param canary body that was sent: an answer that has it, or the twin's body, was served */
export function judgeRefusal(
  answer: Answer,
  twin: Answer,
  { codes, also }: Refusal,
  canary: string | undefined,
): Finding {
  if (isServed(answer)) return failed(`it was accepted: ${describe(answer)}`);
  const isTwin = twin.body.length > 0 && answer.body === twin.body;
  const hasCanary = canary !== undefined && canary.length > 0 && answer.body.includes(canary);
  if (isTwin || hasCanary) return failed(`it was served, although the status is ${answer.status}`);
  if (answer.status !== 401) return failed(`it was answered ${describe(answer)}, not 401`);
  const problem = also?.(answer);
  if (codes.length === 0) return problem === undefined ? passed : failed(problem);
  if (answer.code === undefined) return failed("the answer has no Signature-Error with a code");
  if (!codes.includes(answer.code)) {
    return warning(`the code is ${answer.code}, not ${codes.join(" or ")}`);
  }
  return problem === undefined ? passed : failed(problem);
}
