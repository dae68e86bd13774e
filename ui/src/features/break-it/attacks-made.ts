import type { BearerExchange, BreakItResult } from "backend-api";
import type { Attempts } from "./use-attempts.ts";
import { partyLabel, SENDERS, TWINS, twinWordingOf, type Wording, wordingOf } from "./variant-wording.ts";

/** An attack with an outcome, in words and as data. */
interface AttackMade {
  title: string;
  /** Description of the change to the request. */
  what: string;
  result: BreakItResult;
  /** The refusal, or the lack of an effect, in a sentence; absent for a hole. */
  refusal?: string;
  bearer?: { outcome: string; exchanges: readonly (BearerExchange & { senderName: string })[] };
}

/** The attempts with an outcome. The bearer twin's come first, as on the page. */
export function attacksMade(attempts: Attempts, profile: string | undefined): AttackMade[] {
  const results = Object.values(attempts).flatMap((attempt) => ("result" in attempt ? [attempt.result] : []));
  const inTwin = TWINS.flatMap((twin) => results.filter(({ variant }) => variant === twin));
  const others = results.filter((result) => !inTwin.includes(result));
  return [...inTwin, ...others].map((result) => {
    const wording = wordingOf(result.variant, profile);
    const { title, what } = wording;
    const twin = twinWordingOf(result.variant);
    const { bearer } = result;
    const refusal = refusalOf(result, wording);
    const made = { title, what, result, ...(refusal !== undefined && { refusal }) };
    if (bearer === undefined || twin === undefined) return made;
    const exchanges = bearer.exchanges.map((one) => ({ ...one, senderName: SENDERS[one.sender] }));
    const outcome = bearer.succeeded ? twin.lost : "refused";
    return { ...made, bearer: { outcome, exchanges } };
  });
}

function refusalOf(result: BreakItResult, { headline, unchanged }: Wording): string | undefined {
  const { outcome, as_meant, refused_by, after_status: after } = result;
  if (outcome === "accepted") return undefined;
  const party = partyLabel(refused_by ?? "the receiver");
  const why = as_meant === true ? `${headline}; ` : "";
  if (outcome === "refused") return `${why}refused by ${party}`;
  const proof = after === undefined ? "" : unchanged && `${unchanged} ${after}.`;
  return `${why}without effect at ${party}${proof ? `. ${proof.replace(/\.$/, "")}` : ""}`;
}
