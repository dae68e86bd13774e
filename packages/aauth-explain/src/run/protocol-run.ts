/**
 * A run of the protocol as shown in its trace: the parties, what was signed, and each verifier's
 * verdict.
 *
 * @module
 */

import type { TracedChallenge, TracedCheck, TracedToken } from "./attribute-names.ts";
import type { TraceSpan } from "./trace-span.ts";

/** One column of the diagram. */
export interface Party {
  /** `service.name`, or the host of a party without spans. */
  readonly id: string;
  readonly name: string;
}

/** Headers and body as recorded on spans: bounded, with truncated tokens and signatures. */
export interface HttpMessage {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** The sender's side of a signature. */
export interface SignerSide {
  readonly party: string;
  /** Name of the wire profile. */
  readonly profile?: string | undefined;
  readonly scheme?: string | undefined;
  readonly label?: string | undefined;
  readonly components: readonly string[];
  readonly base?: string | undefined;
  /** Unix seconds. */
  readonly created?: number | undefined;
  readonly thumbprint?: string | undefined;
  readonly kid?: string | undefined;
  readonly token?: TracedToken | undefined;
  /** The tokens in the body of a token request of draft -11, by member. */
  readonly bodyTokens?: Readonly<Record<string, TracedToken>> | undefined;
}

/** Verdict of a verifier; `undecided` where a reader lacks a key. */
export type Verdict = "passed" | "challenged" | "refused" | "undecided";

/** Findings and verdict of one verifier on the way. */
export interface VerifierSide {
  readonly party: string;
  /** Replica of the party, if it has several. */
  readonly replica?: string | undefined;
  readonly spanId: string;
  readonly verdict: Verdict;
  readonly checks: readonly TracedCheck[];
  readonly scheme?: string | undefined;
  readonly label?: string | undefined;
  readonly components: readonly string[];
  readonly base?: string | undefined;
  /** Unix seconds. */
  readonly created?: number | undefined;
  /** Name of the wire profile. */
  readonly profile?: string | undefined;
  /** False if there is a body that the signature does not cover. */
  readonly bodyBound?: boolean | undefined;
  readonly keySource?: string | undefined;
  readonly thumbprint?: string | undefined;
  readonly requiredLevel?: string | undefined;
  readonly requiredScope?: string | undefined;
  readonly agentLevel?: string | undefined;
  readonly agentId?: string | undefined;
  readonly agentDelegate?: string | undefined;
  readonly userSub?: string | undefined;
  readonly token?: TracedToken | undefined;
  readonly upstreamToken?: TracedToken | undefined;
  readonly issuedToken?: TracedToken | undefined;
  readonly challenge?: TracedChallenge | undefined;
  readonly errorCode?: string | undefined;
  readonly requestType?: string | undefined;
}

/** An event recorded by the sender between this message and the next. */
export interface RunEvent {
  readonly name: string;
  readonly timeMicros: number;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly token?: TracedToken | undefined;
}

/**
 * Outcome of a message. `accepted`: a status below 400. `challenged`: more is required. `refused`:
 * by a verifier or a policy behind it. `failed`: no answer, or a server error. `pending`: no answer
 * yet. In draft -11 also `waiting`: the answer is deferred (202); and `handed-back`: the person
 * server cannot reach the person and the agent shows the page itself (424).
 */
export type Outcome = (typeof OUTCOMES)[number];

/** Every {@link Outcome}. */
export const OUTCOMES = [
  "accepted",
  "challenged",
  "waiting",
  "handed-back",
  "refused",
  "failed",
  "pending",
] as const;

/**
 * A user's visit to a page, which no agent signs: the auth server's consent page, a resource's own
 * page (profile 3.5), or a page named in an answer of draft -11 (section 7.3), whose return is not
 * traced. `there` has no span; it is derived from the message that sent the browser.
 */
export interface Interaction {
  readonly page: "consent" | "interaction" | "person";
  readonly leg: "there" | "back";
}

/** Five questions about a message, answered from what its sender and the verifiers recorded. */
export interface MessageAnswers {
  /** Who signed this? */
  readonly signedBy: string;
  /** With which key? */
  readonly key: string;
  /** For whom? */
  readonly onBehalfOf: string;
  /** Allowed by what? */
  readonly allowedBy: string;
  /** What was the outcome, and why? */
  readonly verdict: string;
}

/** Returns a user's name by `sub`; undefined for an unknown user. */
export type UserNames = (sub: string) => string | undefined;

/** One request with its response. */
export interface Message {
  /** Span id of its sender, or derived from one. Identifies the message in URLs. */
  readonly id: string;
  readonly traceId: string;
  /** From 1, in the order sent. */
  readonly number: number;
  readonly from: string;
  readonly to: string;
  /** Replica of `to` that served it, if there are several. */
  readonly replica?: string | undefined;
  /** The gateway, if the message went through it. */
  readonly via?: string | undefined;
  /** The party that stopped it, if it did not reach `to`. */
  readonly stoppedAt?: string | undefined;
  /** Unix microseconds. */
  readonly startMicros: number;
  readonly endMicros: number;
  readonly method: string;
  readonly url: string;
  /**
   * Short description of the request: the A2A method, the type of a token request, or method and
   * path.
   */
  readonly what: string;
  readonly status?: number | undefined;
  readonly outcome: Outcome;
  /** `token` for a request to an auth server's token endpoint. */
  readonly purpose: "resource" | "token" | "user";
  readonly requestType?: string | undefined;
  /** Only for a browser that is sent to a page or returns from one. */
  readonly interaction?: Interaction | undefined;
  /** Whether the span of the answering party, which has its checks, has been received. */
  readonly isReceived: boolean;
  /** Error of a returning browser. Those of verifiers are in {@link verifiers}. */
  readonly errorCode?: string | undefined;
  readonly attempt?: number | undefined;
  readonly retryReason?: string | undefined;
  /** Whether this is an attack's tampered request, as opposed to the honest ones around it. */
  readonly isTampered?: boolean | undefined;
  readonly request: HttpMessage;
  readonly response: HttpMessage;
  /** Absent for a message that no agent signed, such as the user's browser with an access token. */
  readonly signer?: SignerSide | undefined;
  readonly verifiers: readonly VerifierSide[];
  readonly events: readonly RunEvent[];
}

/** A message before it is numbered. */
export type Draft = Omit<Message, "number">;

/** One bar of the waterfall. */
export interface WaterfallRow extends TraceSpan {
  readonly depth: number;
  /** The message of whose sender, gateway or verifier this is the span. */
  readonly messageId?: string | undefined;
  readonly status?: number | undefined;
  readonly verdict?: string | undefined;
}

/** A run: its parties, its messages in the order sent, and all spans as bars. */
export interface ProtocolRun {
  readonly traceIds: readonly string[];
  readonly parties: readonly Party[];
  readonly messages: readonly Message[];
  readonly waterfall: readonly WaterfallRow[];
  /** Unix microseconds; 0 without spans. */
  readonly startMicros: number;
  readonly endMicros: number;
}
