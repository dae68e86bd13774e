import type { Activity } from "backend-api";

const MAX_ACTIVITIES = 100;

/** The activities of one run: the task first, then one for each protocol step, at most 100. Those given out are never changed, but replaced. */
export class ActivityList {
  readonly #runId: string;
  readonly #activities: Activity[] = [];
  #feedStart = 0;

  constructor(runId: string) {
    this.#runId = runId;
  }

  add(activity: Omit<Activity, "id" | "request_id">): void {
    if (this.#activities.length >= MAX_ACTIVITIES) return;
    this.#activities.push({ id: this.#activities.length + 1, request_id: this.#runId, ...activity });
  }

  changeTask(change: Partial<Activity>): void {
    this.#change(0, change);
  }

  /** Changes the last one if it is of this kind. */
  changeLast(action: Activity["action"], change: Partial<Activity>): void {
    if (this.#activities.at(-1)?.action === action) this.#change(this.#activities.length - 1, change);
  }

  all(): Activity[] {
    return [...this.#activities];
  }

  /** Everything since the feed was cleared. */
  feed(): readonly Activity[] {
    return this.#activities.slice(this.#feedStart);
  }

  /** Says how many were cleared. */
  clearFeed(): number {
    const cleared = this.#activities.length - this.#feedStart;
    this.#feedStart = this.#activities.length;
    return cleared;
  }

  #change(index: number, change: Partial<Activity>): void {
    const activity = this.#activities[index];
    if (activity) this.#activities[index] = { ...activity, ...change };
  }
}
