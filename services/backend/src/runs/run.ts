import { randomUUID } from "node:crypto";
import type { TracePlace } from "agent-kit/service";
import type {
  Activity,
  ActivityAction,
  Delegation,
  Failure,
  GrantedConsent,
  Progress,
  RunStatus,
} from "backend-api";
import { ActivityList } from "./activity-list.ts";
import { type Consent, grantedConsent } from "./consent.ts";
import { HeldToken } from "./held-token.ts";
import { isoTime } from "./iso-time.ts";

export type { Consent } from "./consent.ts";

/** From each status to those that may follow. `completed` and `failed` are final. */
const TRANSITIONS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  pending: ["running", "failed"],
  running: ["awaiting_consent", "completed", "failed"],
  awaiting_consent: ["running", "failed"],
  completed: [],
  failed: [],
};

const MAX_PLACES = 8;
const TASK_AGENT = "a2a-supply-chain-agent";

/** A status change that the state machine does not allow: a fault of the caller. */
export class IllegalTransitionError extends Error {
  override readonly name = "IllegalTransitionError";
}

export interface RunOptions {
  /** `sub` of the user who started it, and its only owner. */
  readonly userId: string;
  /** The text sent to the agent. */
  readonly prompt: string;
  /** The same as it is shown. Default: `prompt`. */
  readonly shownPrompt?: string;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * One task given to the supply-chain agent: its state machine, its activity feed and those who watch it.
 *
 * Everything the outside sees is a copy ({@link progress}); every change is announced to watchers.
 */
export class Run {
  readonly id: string = randomUUID();
  readonly userId: string;
  readonly prompt: string;
  readonly #shownPrompt: string;
  readonly #now: () => number;
  readonly #abort = new AbortController();
  readonly #watchers = new Set<() => void>();
  readonly #activities = new ActivityList(this.id);
  #status: RunStatus = "pending";
  #step = "Initializing optimization";
  #percentage = 0;
  #delegation: Delegation;
  readonly #token = new HeldToken();
  #consent: { url: string; expiresAt: number } | undefined;
  #granted: GrantedConsent | undefined;
  #failure: Failure | undefined;
  #report: string | undefined;
  #reportData: unknown;
  readonly #startedAt: string;
  #endedAt: string | undefined;
  #changedAt: number;
  readonly #places: TracePlace[] = [];

  constructor({ userId, prompt, shownPrompt = prompt, now }: RunOptions) {
    this.userId = userId;
    this.prompt = prompt;
    this.#shownPrompt = shownPrompt;
    this.#now = now;
    this.#changedAt = now();
    this.#startedAt = isoTime(this.#changedAt);
    this.#delegation = { sub: userId, aud: "a2a-agent", scope: "supply-chain:optimize", act: null };
  }

  /** Traces that tell of the run, in the order they began; none where tracing is off. */
  get traceIds(): readonly string[] {
    return [...new Set(this.#places.map(({ traceId }) => traceId))];
  }
  /** Spans that the backend made for the run, in the order they began. */
  get spanIds(): readonly string[] {
    return this.#places.map(({ spanId }) => spanId);
  }

  /** Aborted when the run is discarded: whatever works for it should stop. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  get status(): RunStatus {
    return this.#status;
  }
  get isFinal(): boolean {
    return TRANSITIONS[this.#status].length === 0;
  }
  get consentUrl(): string | undefined {
    return this.#consent?.url;
  }
  /** The agent's Markdown; undefined until completed. */
  get report(): string | undefined {
    return this.#report;
  }
  /** The data part of the agent's answer, as it came. */
  get reportData(): unknown {
    return this.#reportData;
  }
  get failure(): Failure | undefined {
    return this.#failure;
  }
  /** Unix seconds of the last change. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** Remembers a span that the backend makes for the run. At most eight: a run has two attempts, of two spans each. */
  notePlace(place: TracePlace | undefined): void {
    if (place !== undefined && this.#places.length < MAX_PLACES) this.#places.push(place);
  }

  begin(): void {
    this.#enter("running");
    this.#addActivity("supply_chain_optimization", "running", this.prompt, { agent: TASK_AGENT });
    this.#advance("Connecting to A2A supply-chain agent", 10);
    this.#announce();
  }

  awaitConsent(url: string, lifetimeSeconds: number): void {
    this.#enter("awaiting_consent");
    this.#consent = { url, expiresAt: this.#now() + lifetimeSeconds };
    this.#advance("Waiting for your consent", 40);
    this.#announce();
  }

  resume(consent: Consent): void {
    this.#enter("running");
    this.#consent = undefined;
    this.#granted = grantedConsent(consent, this.#now());
    this.#token.actFor(this.userId, this.#granted);
    this.#showToken();
    this.#addActivity(
      "consent_received",
      "completed",
      "The user consented; the run goes on with an auth token.",
    );
    this.#advance("Connecting to A2A supply-chain agent", 60);
    this.#announce();
  }

  /**
   * The run goes by a consent: its own, or one that was given earlier and holds for this run, too.
   *
   * @param expiresAt Unix seconds: end of an auth token that has just been renewed
   */
  goByConsent(standing: { consent: Consent; grantedAt: number } | undefined, expiresAt?: number): void {
    const granted = this.#granted ?? (standing && grantedConsent(standing.consent, standing.grantedAt));
    if (granted === undefined || this.isFinal) return;
    this.#token.actFor(this.userId, granted);
    this.#showToken();
    this.#granted = { ...granted, ...(expiresAt !== undefined && { expires_at: isoTime(expiresAt) }) };
    this.#announce();
  }

  /** The user has taken the consent back. A run that is under way goes on: it holds a token that is good until it expires. */
  noteRevocation(): void {
    if (this.#granted === undefined || this.#granted.revoked_at !== undefined) return;
    this.#granted = { ...this.#granted, revoked_at: this.#timestamp() };
    this.#announce();
  }

  complete(report: string, data?: unknown): void {
    this.#enter("completed");
    this.#report = report;
    this.#reportData = data;
    this.#endTask("completed", report);
    this.#advance("Optimization completed", 100);
    this.#announce();
  }

  /** What is over stays as it is: a late failure (an abort, an expiry) changes nothing. */
  fail(failure: Failure): void {
    if (this.isFinal) return;
    this.#enter("failed");
    this.#failure = failure;
    this.#consent = undefined;
    this.#endTask("failed", failure.message);
    this.#step = `Error: ${failure.message}`;
    this.#announce();
  }

  /** Fails a run whose user never came back. Cheap; called whenever somebody looks. */
  expireConsent(failure: Failure): void {
    if (this.#status === "awaiting_consent" && this.#now() >= this.#consent!.expiresAt) this.fail(failure);
  }

  /**
   * Adds a protocol step to the feed; `delegation` as the auth token states it, from then on: a received token without one was at hand.
   * Ignored after the end.
   */
  note(
    action: ActivityAction,
    details: string,
    more: { step?: string; percentage?: number; failed?: boolean; delegation?: Partial<Delegation> } = {},
  ): void {
    if (this.isFinal) return;
    const { delegation } = more;
    const isAtHand = action === "token_received" && delegation === undefined;
    if (delegation) {
      // Whose run it is does not change with whoever has consented.
      this.#delegation = { ...this.#delegation, ...delegation, sub: this.userId };
      this.#activities.changeTask({ delegation: this.#delegation });
      if (this.#status === "awaiting_consent") this.#token.receiveUnproven(delegation);
      else this.#token.receive(delegation);
    } else if (isAtHand) this.#token.takeAtHand();
    this.#addActivity(action, more.failed ? "failed" : "completed", details, {
      ...(isAtHand && { at_hand: true }),
    });
    this.#showToken();
    this.#advance(more.step ?? this.#step, more.percentage ?? 0);
    this.#announce();
  }

  progress(): Progress {
    return {
      request_id: this.id,
      prompt: this.#shownPrompt,
      status: this.#status,
      progress_percentage: this.#percentage,
      current_step: this.#step,
      estimated_completion: null,
      activities: this.#activities.all(),
      started_at: this.#startedAt,
      ...(this.#endedAt !== undefined && { ended_at: this.#endedAt }),
      ...(this.#consent && { consent_url: this.#consent.url }),
      ...(this.#granted && { consent: this.#granted }),
      ...(this.#failure && { failure: this.#failure }),
    };
  }

  /** What the activity feed shows of this run: everything since the feed was cleared. */
  feed(): readonly Activity[] {
    return this.#activities.feed();
  }

  clearFeed(): number {
    return this.#activities.clearFeed();
  }

  /** Calls `watcher` after every change, the discarding included. Returns the way to stop. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** The run leaves the store: stop its work, tell its watchers. */
  discard(): void {
    this.#abort.abort();
    this.#announce();
    this.#watchers.clear();
  }

  #enter(next: RunStatus): void {
    if (!TRANSITIONS[this.#status].includes(next)) {
      throw new IllegalTransitionError(`run ${this.id} cannot go from ${this.#status} to ${next}`);
    }
    this.#status = next;
  }

  #advance(step: string, percentage: number): void {
    this.#step = step;
    this.#percentage = Math.max(this.#percentage, percentage);
  }

  #addActivity(
    action: ActivityAction,
    status: Activity["status"],
    details: string,
    more: Pick<Activity, "at_hand"> & { agent?: string } = {},
  ): void {
    this.#activities.add({
      timestamp: this.#timestamp(),
      agent: "backend",
      ...more,
      action,
      delegation: this.#delegation,
      ...(this.#token.says && { auth_token: this.#token.says }),
      status,
      details,
    });
  }

  /** The task, and the step that has just brought a token, say what is known of it by now. */
  #showToken(): void {
    const { says } = this.#token;
    if (says === undefined) return;
    this.#activities.changeTask({ auth_token: says });
    this.#activities.changeLast("token_received", { auth_token: says });
  }

  #endTask(status: Activity["status"], details: string): void {
    this.#endedAt = this.#timestamp();
    this.#activities.changeTask({ status, details });
  }

  #timestamp(): string {
    return isoTime(this.#now());
  }

  #announce(): void {
    this.#changedAt = this.#now();
    for (const watcher of [...this.#watchers]) watcher();
  }
}
