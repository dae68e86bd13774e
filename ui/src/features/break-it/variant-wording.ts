import { ofDialect } from "aauth-explain/run";
import { type AnyBreakItVariant, ATTACKS, type Attack, attacksWith, type BearerExchange } from "backend-api";
import { AGENT_NAMES } from "topology";

/** What the page says about an attack in one dialect. */
export type Wording = Pick<Attack, "title" | "what" | "headline" | "lesson" | "unchanged">;
/** Wording of the outcome of an attack on the bearer twin. */
export type TwinWording = NonNullable<Attack["bearer"]>;

/** Attacks of the bearer twin, the plainest first. */
export const TWINS: readonly AnyBreakItVariant[] = attacksWith("bearer").reverse();

/** Parties that send to the bearer twin. */
export const SENDERS: Record<BearerExchange["sender"], string> = {
  agent: "The agent",
  thief: "The thief, with the agent’s token",
  network: "An intruder in transit",
};

/** Undefined for a variant without a twin. */
export const twinWordingOf = (variant: AnyBreakItVariant): TwinWording | undefined =>
  (ATTACKS[variant] as Attack).bearer;

/** Wording of a variant for a run of the given profile. */
export function wordingOf(variant: AnyBreakItVariant, profile: string | undefined): Wording {
  const attack: Attack = ATTACKS[variant];
  const own = ofDialect({ "february-2026": attack.february, "draft-11": attack.draft11 }, profile);
  return { ...attack, what: own?.what ?? attack.what, lesson: own?.lesson ?? attack.lesson };
}

const parties: Record<string, string> = {
  gateway: "the gateway",
  ...Object.fromEntries(AGENT_NAMES.map((name) => [name, `the ${name.replace(/-agent$/, " agent")}`])),
  "auth-server": "the auth server",
  "person-server": "the person server",
  "access-server": "the access server",
};

export function partyLabel(party: string): string {
  return parties[party] ?? party;
}
