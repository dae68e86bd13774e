import { createHash, timingSafeEqual } from "node:crypto";
import { ownerOf, type Stores } from "aauth";
import { digestOf, newSecret } from "agent-kit/service";
import type { Order } from "../domain/order.ts";
import type { HeldOrder } from "../orders/held-order.ts";

/** A person as named by the auth server. */
export interface Person {
  readonly subject: string;
  readonly name?: string;
  readonly email?: string;
}

/** The caller and its request. Only the same pair receives the decision. */
export interface Asker {
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly thumbprint: string;
  readonly method: string;
  readonly url: string;
  readonly body: Uint8Array;
}

/**
 * Origin of an order: in February an agent that repeats its request, in draft -11 a held request.
 */
export type OrderedBy = { readonly agent: string } | { readonly held: HeldOrder };

/**
 * An interaction that a caller was challenged for (profile 3.5), or whose code a browser has sent
 * (draft -11, section 7.3).
 */
export interface Interaction {
  readonly id: string;
  /** Owner whose quota it counts against. */
  readonly owner: string;
  readonly by: OrderedBy;
  readonly order: Order;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** The decision; absent while it is open. */
  readonly decision?: Decision;
  readonly person?: Person;
  /** URL that the user returns to, set and verified by the first request. */
  readonly returnUrl?: string | undefined;
  /**
   * SHA-256, in base64url, of the cookie of the browser that came first. No other browser may
   * continue.
   */
  readonly browser?: string;
  /** Binds the form to the page. */
  readonly formToken?: string;
  /** Sign-in URL, valid until that Unix second or until the response arrives. */
  readonly signIn?: { readonly url: string; readonly until: number } | undefined;
}

export type Decision = "approved" | "declined";

/** Changes to an open interaction. */
type Progress = Partial<
  Pick<Interaction, "decision" | "person" | "returnUrl" | "browser" | "formToken" | "signIn">
>;

/**
 * Interactions and their decisions, the same for all replicas. All methods reject with
 * StoreUnavailableError.
 */
export interface Interactions {
  /** Begins an interaction. @throws StoreFullError */
  begin(interaction: Pick<Interaction, "owner" | "by" | "order" | "expiresAt">): Promise<Interaction>;
  /** Returns the pending interaction of this request, or a new one. @throws StoreFullError */
  open(asker: Asker, order: Order): Promise<Interaction>;
  find(id: string): Promise<Interaction | undefined>;
  /**
   * Records a change and returns the updated interaction. Undefined if it is over or decided, or if
   * another browser came first. The first of two decisions is recorded. Does not extend the
   * lifetime.
   *
   * @throws StoreFullError
   */
  note(id: string, progress: Progress): Promise<Interaction | undefined>;
  /** Finds an interaction, even after its end, as long as its return URL is kept. */
  findOver(id: string): Promise<Interaction | undefined>;
  /** The interaction of this request, once it is decided. */
  decided(asker: Asker): Promise<Interaction | undefined>;
  /**
   * Uses up a decision. Only one caller receives true, and the same request then begins a new
   * interaction.
   */
  close(asker: Asker): Promise<boolean>;
}

/** Seconds an interaction may take. */
export const INTERACTION_SECONDS = 600;
/** Leaves room for everything that `/orders` accepts from one owner in an hour. */
const MAX_INTERACTIONS = 20_000;
/** Seconds the return URL is kept, because users return to pages that they have left open. */
const WAY_BACK_SECONDS = 3600;

/** @param now Unix seconds */
export function createInteractions(stores: Stores, now: () => number): Interactions {
  const byId = stores.records<Interaction>("interactions", { maxEntries: MAX_INTERACTIONS });
  /** Ids by request. A closed interaction has none. */
  const byRequest = stores.records<string>("interactions by request", { maxEntries: MAX_INTERACTIONS });
  const find: Interactions["find"] = async (id) => {
    const known = await byId.get(keyOf(id));
    return known !== undefined && now() < known.expiresAt ? known : undefined;
  };
  const begin: Interactions["begin"] = async (begun) => {
    const interaction: Interaction = { ...begun, id: newSecret() };
    const { owner, expiresAt } = interaction;
    await byId.put(keyOf(interaction.id), interaction, { owner, ttlSeconds: expiresAt - now() });
    return interaction;
  };
  const open: Interactions["open"] = async (asker, order) => {
    const key = requestKey(asker);
    const last = await byRequest.get(key);
    const known = last && (await find(last));
    if (known) return known;
    const { agent } = asker;
    const terms = { owner: ownerOf(agent), ttlSeconds: INTERACTION_SECONDS };
    const expiresAt = now() + INTERACTION_SECONDS;
    const begun = await begin({ owner: terms.owner, by: { agent }, order, expiresAt });
    const stored = await byRequest.update(key, (id) =>
      id === undefined || id === last ? { value: begun.id, ...terms } : undefined,
    );
    if (stored === begun.id) return begun;
    // Another replica handled the same request first.
    await byId.delete(keyOf(begun.id));
    return open(asker, order);
  };
  return {
    begin,
    open,
    find,
    findOver: async (id) => byId.get(keyOf(id)),
    async note(id, progress) {
      let changed: Interaction | undefined;
      await byId.update(keyOf(id), (current) => {
        changed = undefined;
        if (current === undefined || current.decision !== undefined) return undefined; // hole V50
        if (progress.browser !== undefined && current.browser !== undefined) return undefined; // hole V50a
        const leftSeconds = current.expiresAt - now();
        if (leftSeconds <= 0) return undefined;
        changed = { ...current, ...progress };
        const ttlSeconds = changed.returnUrl === undefined ? leftSeconds : WAY_BACK_SECONDS;
        return { value: changed, owner: current.owner, ttlSeconds };
      });
      return changed;
    },
    async decided(asker) {
      const id = await byRequest.get(requestKey(asker));
      const interaction = id && (await find(id));
      return interaction && interaction.decision !== undefined ? interaction : undefined;
    },
    close: async (asker) => (await byRequest.take(requestKey(asker))) !== undefined,
  };
}

/** Hashes an id for the store, because the id gives access to the page. */
const keyOf = (id: string) => digestOf(id);

/** Compares in constant time. */
export function isSame(secret: string | undefined, digest: string | undefined): boolean {
  return digest !== undefined && timingSafeEqual(Buffer.from(digestOf(secret ?? "")), Buffer.from(digest));
}

/** JSON separates the parts unambiguously. */
function requestKey(asker: Asker): string {
  const { agent, agentDelegate, thumbprint, method, url, body } = asker;
  const bodyHash = createHash("sha256").update(body).digest("base64url");
  return digestOf(JSON.stringify([agent, agentDelegate ?? null, thumbprint, method, url, bodyHash]));
}
