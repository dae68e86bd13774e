import { createHash, hash, randomBytes, timingSafeEqual } from "node:crypto";
import { ownerOf, QuotaStore } from "aauth";
import type { Order } from "../domain/order.ts";

/** A person, as the auth server names them. */
export interface Person {
  readonly subject: string;
  readonly name?: string;
  readonly email?: string;
}

/** Who asks, and by which request: only the same one gets what a person has decided. */
export interface Asker {
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly thumbprint: string;
  readonly method: string;
  readonly url: string;
  readonly body: Uint8Array;
}

/** A visit that a caller has been asked to send its user on (profile 3.5). */
export interface Interaction {
  readonly id: string;
  readonly agent: string;
  readonly order: Order;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** What came of it; absent while it is open. */
  readonly decision?: "approved" | "declined";
  readonly person?: Person;
  /** Where the user goes back to: fixed by the first visit, verified then. */
  readonly returnUrl?: string;
  /** SHA-256 of the cookie of the browser that came first. No other may go on. */
  readonly browser?: Buffer;
  /** Ties the page's form to the page. */
  readonly formToken?: string;
}

/** What happens to a visit on its way. */
type Progress = Partial<Pick<Interaction, "decision" | "person" | "returnUrl" | "browser" | "formToken">>;

/** What is left of a visit that is over. */
export interface WayBack {
  readonly id: string;
  readonly browser?: Buffer | undefined;
  readonly returnUrl: string;
}

export interface Interactions {
  /** The one that waits for this request, or a new one. @throws StoreFullError */
  open(asker: Asker, order: Order): Interaction;
  find(id: string): Interaction | undefined;
  /** Notes what has happened, and gives the visit as it is then; undefined when it is over or decided. Its time goes on. @throws StoreFullError */
  note(id: string, progress: Progress): Interaction | undefined;
  /** Where a visit leads back to, also when it is over: the address that was verified when it was begun. */
  wayBack(id: string): WayBack | undefined;
  /** What was decided on this very request; used up by being asked for. */
  takeDecision(asker: Asker): Interaction | undefined;
}

/** How long a visit may take. */
export const INTERACTION_SECONDS = 600;
/** For each owner of agents a tenth: all that `/orders` takes from it in ten minutes. */
const MAX_INTERACTIONS = 10_000;
/** How long the way back is known: people come back to pages that they have left open. */
const WAY_BACK_SECONDS = 3600;

export function createInteractions(now: () => number): Interactions {
  const byId = new QuotaStore<Interaction>({ maxEntries: MAX_INTERACTIONS, now });
  const byRequest = new QuotaStore<string>({ maxEntries: MAX_INTERACTIONS, now });
  const ways = new QuotaStore<WayBack>({ maxEntries: MAX_INTERACTIONS, now });
  const waiting = (asker: Asker) => {
    const id = byRequest.get(requestKey(asker));
    return id === undefined ? undefined : byId.get(id);
  };
  return {
    find: (id) => byId.get(id),
    wayBack: (id) => ways.get(id),
    open(asker, order) {
      const known = waiting(asker);
      if (known !== undefined) return known;
      const expiresAt = now() + INTERACTION_SECONDS;
      const interaction: Interaction = { id: newSecret(), agent: asker.agent, order, expiresAt };
      const owner = ownerOf(asker.agent);
      byId.put(owner, interaction.id, interaction, INTERACTION_SECONDS);
      byRequest.put(owner, requestKey(asker), interaction.id, INTERACTION_SECONDS);
      return interaction;
    },
    note(id, progress) {
      // As it is now, not as somebody has seen it before waiting for something.
      const current = byId.get(id);
      if (current === undefined || current.decision !== undefined) return undefined;
      const changed = { ...current, ...progress };
      const owner = ownerOf(current.agent);
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

/** Compares in a time that tells nothing. */
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
