/**
 * A run of the protocol as its trace shows it: which parties spoke, what was signed, what each
 * verifier made of it.
 *
 * @module
 */

import type { TracedChallenge, TracedCheck, TracedToken } from "../attribute-names.ts";
import type { TraceSpan } from "./trace-span.ts";

/** One column of the picture. */
export interface Party {
  /** `service.name`; for the party behind an address that left no span, its host. */
  readonly id: string;
  readonly name: string;
}

/** Headers and body as the spans hold them: bounded, tokens and signatures cut. */
export interface HttpMessage {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** What the sender of a message put into its signature. */
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

export type Verdict = "passed" | "challenged" | "refused";

/** What one verifier on the way saw and decided. */
export interface VerifierSide {
  readonly party: string;
  /** Which replica of the party, where it has several. */
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
  /** False where the signature covers no body, and there is one. */
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

/** Something the sender noted between this message and the next. */
export interface RunEvent {
  readonly name: string;
  readonly timeMicros: number;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly token?: TracedToken | undefined;
}

/**
 * How a message ended. `accepted` with a status below 400; `challenged` when it was asked for more;
 * `refused` when a verifier, or a policy behind one, said no; `failed` when no answer came or a
 * server broke; `pending` while there is none yet. In draft -11 `waiting` when the answer comes
 * later (202), and `handed-back` when a person server cannot reach the person and the agent shows
 * the page itself (424).
 */
export type Outcome =
  | "accepted"
  | "challenged"
  | "waiting"
  | "handed-back"
  | "refused"
  | "failed"
  | "pending";

/**
 * A user's way to a page and back, which no agent signs: to the auth server's consent page, to a
 * resource's own page (profile 3.5), or to the page that an answer of draft -11 names (section
 * 7.3), from which nothing of the trace tells the way back. `there` has no span of its own: it is
 * known from what sent the browser there.
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
  /** Span id of its sender, or made of one: its address in the picture. */
  readonly id: string;
  readonly traceId: string;
  /** From 1, in the order they were sent. */
  readonly number: number;
  readonly from: string;
  readonly to: string;
  /** Which replica of `to` served it, where it has several. */
  readonly replica?: string | undefined;
  /** The gateway, where the message went through it. */
  readonly via?: string | undefined;
  /** Where it ended, when it did not get as far as `to`. */
  readonly stoppedAt?: string | undefined;
  /** Unix microseconds. */
  readonly startMicros: number;
  readonly endMicros: number;
  readonly method: string;
  readonly url: string;
  /** What is asked, in short: the A2A method, the type of a token request, or method and path. */
  readonly what: string;
  readonly status?: number | undefined;
  readonly outcome: Outcome;
  /** `token` for a request to an auth server's token endpoint. */
  readonly purpose: "resource" | "token" | "user";
  readonly requestType?: string | undefined;
  /** Only for a browser that is sent to a page, or comes back from one. */
  readonly interaction?: Interaction | undefined;
  /** The span of the party that answers is there; its checks come with it. */
  readonly isReceived: boolean;
  /** Why a browser that came back got nowhere. What verifiers say is in {@link verifiers}. */
  readonly errorCode?: string | undefined;
  readonly attempt?: number | undefined;
  readonly retryReason?: string | undefined;
  /** The tampered request of an attack, among the honest ones before and after it. */
  readonly isTampered?: boolean | undefined;
  readonly request: HttpMessage;
  readonly response: HttpMessage;
  /** Absent for a message that no agent signed: the user's browser shows its own access token. */
  readonly signer?: SignerSide | undefined;
  readonly verifiers: readonly VerifierSide[];
  readonly events: readonly RunEvent[];
}

/** A message before it is numbered. */
export type Draft = Omit<Message, "number">;

/** One bar of the waterfall. */
export interface WaterfallRow extends TraceSpan {
  readonly depth: number;
  /** The message whose sender, gateway or verifier this span is. */
  readonly messageId?: string | undefined;
  readonly status?: number | undefined;
  readonly verdict?: string | undefined;
}

export interface ProtocolRun {
  readonly traceIds: readonly string[];
  readonly parties: readonly Party[];
  readonly messages: readonly Message[];
  readonly waterfall: readonly WaterfallRow[];
  /** Unix microseconds; 0 when there are no spans. */
  readonly startMicros: number;
  readonly endMicros: number;
}
