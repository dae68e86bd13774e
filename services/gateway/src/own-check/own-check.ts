import type { IncomingHttpHeaders } from "node:http";
import {
  type CheckAnswer,
  type CheckMessage,
  type GatewayCheck,
  type GatewayCheckDeps,
  refusalOf,
} from "gateway-check";
import type { Dispatcher } from "undici";
import { type Cancellation, untilCancelled } from "../proxy/cancellation.ts";
import { type CollectedResponse, ResponseTimeout } from "../proxy/collect-response.ts";
import { inCheckSpan } from "./check-span.ts";

/**
 * A check service that this process plays itself: what a policy would send to its address is judged here. Nothing else about the
 * policy changes, neither what a check says nor what becomes of its answer.
 */
export interface OwnCheck {
  /** `host:port`, as a file's `extAuthz.host` names it. */
  readonly address: string;
  isMeantBy(policy: { readonly host: string; readonly port: number }): boolean;
  /**
   * The answer that the service would give.
   *
   * @throws ResponseTimeout, or the cancellation's reason
   */
  answer(
    request: Dispatcher.DispatchOptions,
    limits: { readonly timeoutMs?: number; readonly cancellation: Cancellation },
  ): Promise<CollectedResponse>;
}

type FailureLog = Pick<GatewayCheckDeps["logger"], "error">;

/** @param logger told of what nobody has thought of; the caller only learns that there is no answer */
export function createOwnCheck(address: string, check: GatewayCheck, logger: FailureLog): OwnCheck {
  // A refusal, as it would be by the service. `failureMode: allow` is for one that says nothing.
  const failed = (error: unknown): CheckAnswer => {
    logger.error({ err: error }, "a check could not be judged");
    return refusalOf(error);
  };
  const judge = (message: CheckMessage) => check.answer(message).catch(failed);
  return {
    address,
    isMeantBy: ({ host, port }) => `${host}:${port}` === address,
    async answer(request, { timeoutMs, cancellation }) {
      const message = checkMessage(request);
      const answering = inCheckSpan(message, () => judge(message)).catch(failed);
      return collected(await untilCancelled(answering, cancellation, timeoutMs, tookTooLong));
    },
  };
}

const tookTooLong = () => new ResponseTimeout("no response in time");

/** The check as it would arrive: one line a field, without the blanks around its value. */
function checkMessage({ method, path, headers }: Dispatcher.DispatchOptions): CheckMessage {
  const fields = headers as readonly string[];
  const received: IncomingHttpHeaders = Object.create(null);
  for (let index = 0; index < fields.length; index += 2) {
    received[fields[index]!] = withoutOuterBlanks(fields[index + 1]!);
  }
  return { method, url: path, headers: received };
}

/** By hand: `/[\t ]+$/` begins anew at each blank of a run in the middle. `trim` takes more away, of bytes above ASCII too. */
function withoutOuterBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (isBlank(value[start])) start++;
  while (end > start && isBlank(value[end - 1])) end--;
  return value.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

const NOTHING = Buffer.alloc(0);

function collected({ status, headers, body }: CheckAnswer): CollectedResponse {
  return {
    status,
    fields: Object.entries(headers).flat(),
    body: body === undefined ? NOTHING : Buffer.from(body),
  };
}
