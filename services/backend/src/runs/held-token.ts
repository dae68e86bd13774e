import type { ActivityToken, Delegation, GrantedConsent } from "backend-api";

/** What is known of the auth token that a run goes by. */
export class HeldToken {
  #says: ActivityToken | undefined;
  #unproven: ActivityToken | undefined;

  /** Undefined until there is one. */
  get says(): ActivityToken | undefined {
    return this.#says;
  }

  /** A token came, with these claims. */
  receive(claims: Partial<Delegation>): void {
    this.#says = tokenOf(claims);
  }

  /** The same of one that somebody's consent has brought: it counts once it is known that the right user gave it. */
  receiveUnproven(claims: Partial<Delegation>): void {
    this.#unproven = tokenOf(claims);
  }

  /** One was at hand; what it says may not be known. */
  takeAtHand(): void {
    this.#says ??= {};
  }

  /** The token has come of this user's consent. What it has said itself stays. */
  actFor(userId: string, { resource, scopes }: GrantedConsent): void {
    const says = this.#unproven ?? this.#says;
    this.#unproven = undefined;
    this.#says = { sub: userId, aud: resource, scope: scopes.join(" "), ...says };
  }
}

function tokenOf({ sub, aud, scope, act }: Partial<Delegation>): ActivityToken {
  return {
    ...(sub !== undefined && { sub }),
    ...(aud !== undefined && { aud }),
    ...(scope !== undefined && { scope }),
    ...(act !== undefined && act !== null && { act }),
  };
}
