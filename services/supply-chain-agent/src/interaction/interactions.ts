import { createHash, hash, randomBytes, timingSafeEqual } from "node:crypto";
import { ownerOf, QuotaStore } from "aauth";
import type { Order } from "../domain/order.ts";
import type { HeldOrder } from "../orders/held-order.ts";

/** A person, as the auth server names them. */
export interface Person {
  readonly subject: string;
  readonly name?: string;
  readonly email?: string;
}

/** The caller and its request: only the same pair gets the decision. */
export interface Asker {
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly thumbprint: string;
  readonly method: string;
  readonly url: string;
  readonly body: Uint8Array;
}

/** Who has ordered: in February an agent that asks again, in draft -11 a request that is held. */
export type OrderedBy = { readonly agent: string } | { readonly held: HeldOrder };

/** An interaction that a caller was challenged for (profile 3.5), or whose code a browser has brought (draft -11, section 7.3). */
export interface Interaction {
  readonly id: string;
  /** Whose quota it counts against. */
  readonly owner: string;
  readonly by: OrderedBy;
  readonly order: Order;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** The decision; absent while it is open. */
  readonly decision?: Decision;
  readonly person?: Person;
  /** Where the user returns to: set and verified by the first request. */
  readonly returnUrl?: string | undefined;
  /** SHA-256 of the cookie of the browser that came first. No other may go on. */
  readonly browser?: Buffer;
  /** Ties the page's form to the page. */
  readonly formToken?: string;
}

export type Decision = "approved" | "declined";

/** Changes to an open interaction. */
type Progress = Partial<Pick<Interaction, "decision" | "person" | "returnUrl" | "browser" | "formToken">>;

/** What is kept of an interaction that is over. */
export interface WayBack {
  readonly id: string;
  readonly browser?: Buffer | undefined;
  readonly returnUrl: string;
}

export interface Interactions {
  /** A new one. @throws StoreFullError */
  begin(interaction: Pick<Interaction, "owner" | "by" | "order" | "expiresAt">): Interaction;
  /** The one that waits for this request, or a new one. @throws StoreFullError */
  open(asker: Asker, order: Order): Interaction;
  find(id: string): Interaction | undefined;
  /** Records a change and returns the updated interaction; undefined when it is over or decided. Does not extend its lifetime. @throws StoreFullError */
  note(id: string, progress: Progress): Interaction | undefined;
  /** The verified return URL of an interaction, also when it is over. */
  wayBack(id: string): WayBack | undefined;
  /** The decision on this request; single use. */
  takeDecision(asker: Asker): Interaction | undefined;
}

/** How long an interaction may take. */
export const INTERACTION_SECONDS = 600;
/** For each owner of agents a tenth: all that `/orders` takes from it in ten minutes. */
const MAX_INTERACTIONS = 10_000;
/** How long the return URL is kept: users return to pages that they have left open. */
const WAY_BACK_SECONDS = 3600;

export function createInteractions(now: () => number): Interactions {
  const byId = new QuotaStore<Interaction>({ maxEntries: MAX_INTERACTIONS, now });
  const byRequest = new QuotaStore<string>({ maxEntries: MAX_INTERACTIONS, now });
  const ways = new QuotaStore<WayBack>({ maxEntries: MAX_INTERACTIONS, now });
  const waiting = (asker: Asker) => {
    const id = byRequest.get(requestKey(asker));
    return id === undefined ? undefined : byId.get(id);
  };
  const begin: Interactions["begin"] = (begun) => {
    const interaction: Interaction = { ...begun, id: newSecret() };
    byId.put(interaction.owner, interaction.id, interaction, interaction.expiresAt - now());
    return interaction;
  };
  return {
    begin,
    find: (id) => byId.get(id),
    wayBack: (id) => ways.get(id),
    open(asker, order) {
      const known = waiting(asker);
      if (known !== undefined) return known;
      const { agent } = asker;
      const expiresAt = now() + INTERACTION_SECONDS;
      const interaction = begin({ owner: ownerOf(agent), by: { agent }, order, expiresAt });
      byRequest.put(interaction.owner, requestKey(asker), interaction.id, INTERACTION_SECONDS);
      return interaction;
    },
    note(id, progress) {
      // The current state, not one read before an await.
      const current = byId.get(id);
      if (current === undefined || current.decision !== undefined) return undefined;
      const changed = { ...current, ...progress };
      const { owner } = current;
      const { returnUrl } = progress;
      if (returnUrl !== undefined)
        ways.put(owner, id, { id, browser: changed.browser, returnUrl }, WAY_BACK_SECONDS);
      byId.put(owner, id, changed, current.expiresAt - now());
      return changed;
    },
    takeDecision(asker) {
      const interaction = waiting(asker);
      if (interaction?.decision === undefined) return undefined;
      byRequest.delete(requestKey(asker));
      return byId.take(interaction.id);
    },
  };
}

export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function digestOf(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

/** Compares in constant time. */
export function isSame(secret: string | undefined, digest: Buffer | undefined): boolean {
  return digest !== undefined && timingSafeEqual(digestOf(secret ?? ""), digest);
}

/** JSON keeps the parts apart whatever is in them. */
function requestKey(asker: Asker): string {
  const { agent, agentDelegate, thumbprint, method, url, body } = asker;
  const bodyHash = createHash("sha256").update(body).digest("base64url");
  return hash(
    "sha256",
    JSON.stringify([agent, agentDelegate ?? null, thumbprint, method, url, bodyHash]),
    "base64url",
  );
}
