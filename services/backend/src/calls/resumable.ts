import type { WaitingCall } from "aauth";
import type { Failure } from "backend-api";

/** The part of a run or an order with which another process resumes it. Plain data. */
export interface Resumable {
  /** Set while its call waits: any process resumes it with this. Contains tokens. */
  readonly waiting?: WaitingCall | undefined;
  /** Its call had no outcome when its process ended, and was made again. */
  readonly isRepeated?: true;
}

/** The call waits. Polling for its answer alone changes nothing. */
export function noteWaiting<Work extends Resumable>(work: Work, waiting: WaitingCall): Work {
  const { waiting: known } = work;
  const isSame =
    known?.location === waiting.location &&
    known.requirement === waiting.requirement &&
    known.interaction?.code === waiting.interaction?.code;
  return isSame ? work : { ...work, waiting };
}

/** The call has what it waited for: that answer is not given twice. */
export function noteAnswered<Work extends Resumable>(work: Work): Work {
  return work.waiting === undefined ? work : { ...work, waiting: undefined };
}

/** A call is made again once: one that ends its process each time is not repeated forever. */
export const OUTCOME_UNKNOWN = {
  hop: "backend",
  check: "internal",
  code: "outcome_unknown",
  message: "The backend has ended twice during the call, whose outcome is not known.",
} as const satisfies Failure;
