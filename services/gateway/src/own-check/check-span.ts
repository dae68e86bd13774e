import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { CHECK_PATH, type CheckAnswer, type CheckMessage } from "gateway-check";
import { ATTRIBUTE, recordExchange } from "protocol-trace";
import { endWithAnswer } from "service-kit";

/**
 * Judges a check, by what does not throw, inside the span that `gateway-authz` would have made of it, a child of the gateway's own, so that whoever looks at a
 * trace finds the same in it. Without a tracer in this process there is none.
 */
export async function inCheckSpan(
  check: CheckMessage,
  judge: () => Promise<CheckAnswer>,
): Promise<CheckAnswer> {
  const parent = propagation.extract(ROOT_CONTEXT, check.headers);
  const name = `${check.method} ${CHECK_PATH}`;
  const span = trace.getTracer("gateway").startSpan(name, { kind: SpanKind.SERVER }, parent);
  if (!span.isRecording()) return judge();
  const answer = await context.with(trace.setSpan(parent, span), judge);
  const { status, headers, body } = answer;
  span.setAttributes({
    [ATTRIBUTE.method]: check.method,
    [ATTRIBUTE.path]: check.url.split("?", 1)[0]!,
    [ATTRIBUTE.route]: CHECK_PATH,
  });
  recordExchange(span, { headers: check.headers, body: undefined }, { headers, body });
  endWithAnswer(span, status);
  return answer;
}
