import type { WaitingCall } from "aauth";
import type { Failure } from "backend-api";

/** The part of a run or an order that another process needs to resume it. Plain data. */
export interface Resumable {
  /** Set while its call waits: state from which any process can resume it. Contains tokens. */
  readonly waiting?: WaitingCall | undefined;
  /** The process ended during the call, which was then repeated. */
  readonly isRepeated?: true;
}

/** Records that the call waits. Polls alone do not change the record. */
export function noteWaiting<Work extends Resumable>(work: Work, waiting: WaitingCall): Work {
  const { waiting: known } = work;
  const isSame =
    known?.location === waiting.location &&
    known.requirement === waiting.requirement &&
    known.interaction?.code === waiting.interaction?.code;
  return isSame ? work : { ...work, waiting };
}

/** Records that the call has its answer, which is given only once. */
export function noteAnswered<Work extends Resumable>(work: Work): Work {
  return work.waiting === undefined ? work : { ...work, waiting: undefined };
}

/**
 * Failure after a second lost call. A call is repeated once, so that one that crashes its process
 * does not loop.
 */
export const OUTCOME_UNKNOWN = {
  hop: "backend",
  check: "internal",
  code: "outcome_unknown",
  message: "The backend stopped twice during the call. Its outcome is unknown.",
} as const satisfies Failure;
