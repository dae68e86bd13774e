import type { BearerExchange, BreakItResult } from "backend-api";
import type { Attempts } from "./use-attempts.ts";
import { partyLabel, SENDERS, twinWordingOf, wordingOf } from "./variant-wording.ts";

/** An attack that has an outcome, in words and as it was answered. */
interface AttackMade {
  title: string;
  /** How the request was changed. */
  what: string;
  result: BreakItResult;
  /** The refusal in a sentence; absent where the attack was not refused. */
  refusal?: string;
  bearer?: { outcome: string; exchanges: readonly (BearerExchange & { senderName: string })[] };
}

/** The attempts that have an outcome, in the order in which they were made. */
export function attacksMade(attempts: Attempts, profile: string | undefined): AttackMade[] {
  return Object.values(attempts).flatMap((attempt) => {
    if (!("result" in attempt)) return [];
    const { result } = attempt;
    const { title, what } = wordingOf(result.variant, profile);
    const twin = twinWordingOf(result.variant);
    const { bearer, refused, as_meant, refused_by } = result;
    const why = twin && as_meant === true ? `${twin.refusal}; ` : "";
    const refusal = refused ? `${why}refused by ${partyLabel(refused_by ?? "the receiver")}` : undefined;
    const made = { title, what, result, ...(refusal !== undefined && { refusal }) };
    if (bearer === undefined || twin === undefined) return [made];
    const exchanges = bearer.exchanges.map((one) => ({ ...one, senderName: SENDERS[one.sender] }));
    const outcome = bearer.succeeded ? twin.lost : "refused";
    return [{ ...made, bearer: { outcome, exchanges } }];
  });
}
